package gen

import (
	"fmt"
	"go/types"
	"strings"
)

// Which fields of a struct are there at all: omitempty, omitzero, and what is
// promoted through a pointer.

// guard is the condition under which a promoted field exists: no embedded
// pointer on the way is nil.
func (f *fn) guard(fd *field, x expr) string {
	var conds []string
	way := ""
	for _, v := range fd.path[:len(fd.path)-1] {
		way += v.Name()
		if _, ok := v.Type().Underlying().(*types.Pointer); ok {
			conds = append(conds, x.field(way).value+" != nil")
		}
		way += "."
	}
	return strings.Join(conds, " && ")
}

// presence is the condition under which the field is part of the map: "" for
// always, "false" for never.
func (f *fn) presence(fd *field, x expr) string {
	conds := f.guard(fd, x)
	and := func(cond string) {
		if cond == "" || conds == "false" {
			return
		}
		if conds == "" || cond == "false" {
			conds = cond
		} else {
			conds += " && " + cond
		}
	}
	if fd.omitEmpty {
		and(f.notEmpty(fd.shape, x.field(fd.selector())))
	}
	if fd.omitZero {
		and(f.notZero(fd.shape, x.field(fd.selector())))
	}
	return conds
}

// notEmpty is the condition that x is not empty in fxamacker's sense.
func (f *fn) notEmpty(s *shape, x expr) string {
	switch s.kind {
	case kindBool:
		return x.value
	case kindInt, kindUint, kindFloat32, kindFloat64:
		return x.value + " != 0"
	case kindString:
		return x.value + ` != ""`
	case kindBytes, kindSlice, kindMap:
		return "len(" + x.value + ") > 0"
	case kindByteArray, kindArray:
		if s.len == 0 {
			return "false"
		}
		return ""
	case kindAny, kindError, kindRef, kindHandle, kindPointer:
		return x.value + " != nil"
	case kindTuple:
		if len(s.fields) == 0 {
			return "false"
		}
		return ""
	case kindStruct:
		return f.notEmptyStruct(s, x)
	case kindOpaque:
		return f.notEmptyOpaque(s, x)
	}
	return ""
}

// notEmptyStruct: a struct is empty when each of its fields may be left out and
// is empty.
func (f *fn) notEmptyStruct(s *shape, x expr) string {
	var conds []string
	for _, fd := range s.fields {
		if !fd.omitEmpty {
			return ""
		}
		cond := f.notEmpty(fd.shape, x.field(fd.selector()))
		guard := f.guard(fd, x)
		switch {
		case cond == "" && guard == "":
			return ""
		case cond == "false":
		case cond == "":
			conds = append(conds, guard)
		case guard == "":
			conds = append(conds, cond)
		default:
			conds = append(conds, guard+" && "+cond)
		}
	}
	switch len(conds) {
	case 0:
		return "false"
	case 1:
		return conds[0]
	}
	return "(" + strings.Join(conds, " || ") + ")"
}

func (f *fn) notEmptyOpaque(s *shape, x expr) string {
	switch {
	case s.empty:
		return "len(" + x.value + ") > 0"
	case s.form == "cbor":
		return ""
	}
	return fmt.Sprintf("func() bool { b, err := %s.%s(); return err != nil || len(b) > 0 }()", x.operand(), marshalMethod[s.form])
}

var marshalMethod = map[string]string{"bytes": "MarshalBinary", "text": "MarshalText"}

// notZero is the condition that x is not zero in fxamacker's sense: its own
// IsZero method, or else the type's zero value.
func (f *fn) notZero(s *shape, x expr) string {
	if hasIsZero(s.typ) && s.kind != kindTuple {
		if s.kind == kindPointer {
			return fmt.Sprintf("%s != nil && !%s.IsZero()", x.value, x.value)
		}
		return "!" + x.operand() + ".IsZero()"
	}
	switch s.kind {
	case kindBool:
		return x.value
	case kindInt, kindUint, kindFloat32, kindFloat64:
		return x.value + " != 0"
	case kindString:
		return x.value + ` != ""`
	case kindBytes, kindSlice, kindMap, kindAny, kindError, kindRef, kindHandle, kindPointer:
		return x.value + " != nil"
	case kindTuple:
		if len(s.fields) == 0 {
			return "false"
		}
		return ""
	}
	if types.Comparable(s.typ) {
		return fmt.Sprintf("%s != (%s{})", x.value, f.w.typ(s.typ))
	}
	return fmt.Sprintf("!%s.ValueOf(%s).Elem().IsZero()", f.w.pkg("reflect", "reflect"), x.addr)
}

// hasIsZero tells whether t or *t has a method IsZero() bool.
func hasIsZero(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, "IsZero")
	fn, ok := obj.(*types.Func)
	if !ok {
		return false
	}
	sig := fn.Signature()
	return sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.Identical(sig.Results().At(0).Type(), types.Typ[types.Bool])
}
