package gen

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
)

// basicMethod is the method of marshal.Encoder and Decoder for a kind.
func (s *shape) basicMethod() (method, goType string) {
	switch s.kind {
	case kindBool:
		return "Bool", "bool"
	case kindInt:
		return "Int", "int64"
	case kindUint:
		return "Uint", "uint64"
	case kindFloat32:
		return "Float32", "float32"
	case kindFloat64:
		return "Float64", "float64"
	case kindString:
		return "String", "string"
	case kindTime:
		return "Time", "time.Time"
	case kindAny:
		return "Any", "any"
	case kindError:
		return "Error", "error"
	case kindBytes:
		return "Bytes", "[]byte"
	}
	return "", ""
}

// encode writes the statements that encode x.
func (f *fn) encode(s *shape, x expr, e coder, depth int) {
	if method, goType := s.basicMethod(); method != "" {
		f.printf("%s.%s(%s)\n", e.call(), method, f.convert(s, x.value, goType))
		return
	}
	switch s.kind {
	case kindByteArray:
		f.printf("%s.Bytes(%s[:])\n", e.call(), x.operand())
	case kindBigInt:
		f.printf("%s.BigInt(%s)\n", e.call(), x.addr)
	case kindOpaque:
		f.printf("%s.Value(%s)\n", e.call(), x.addr)
	case kindRef:
		f.printf("%s.PutRef(%s, %s)\n", f.w.proxyPkg(), e, x.value)
	case kindHandle:
		f.printf("%s.PutHandle(%s, %s)\n", f.w.proxyPkg(), e, x.value)
	case kindStruct, kindTuple:
		if s.isEmpty() {
			f.printf("%s.%s(0)\n", e.call(), s.container())
			return
		}
		f.printf("%s(%s, %s)\n", f.w.codecs[s].encode, e, x.addr)
	case kindPointer:
		f.encodePointer(s, x, e, depth)
	case kindSlice:
		f.encodeSlice(s, x, e, depth)
	case kindArray:
		f.encodeList(s, x, e, depth)
	case kindMap:
		f.encodeMap(s, x, e, depth)
	}
}

// container is the method of Encoder that begins a struct.
func (s *shape) container() string {
	if s.kind == kindTuple {
		return "Array"
	}
	return "Map"
}

// convert is x as goType, without a conversion where none is needed.
func (f *fn) convert(s *shape, x, goType string) string {
	switch {
	case types.Unalias(s.typ).String() == goType, s.kind == kindAny, s.kind == kindError, s.kind == kindTime, s.kind == kindBytes:
		return x
	}
	return goType + "(" + x + ")"
}

func (f *fn) encodePointer(s *shape, x expr, e coder, depth int) {
	if s.elem.kind == kindBigInt {
		f.printf("%s.BigInt(%s)\n", e.call(), x.value)
		return
	}
	f.orNil(x, e, func() { f.encode(s.elem, pointed(x), e, depth) })
}

// orNil writes an if statement: null for nil, else what write writes.
func (f *fn) orNil(x expr, e coder, write func()) {
	f.printf("if %s == nil {\n%s.Nil()\n} else ", x.value, e.call())
	inner := strings.TrimSpace(f.capture(write))
	if strings.HasPrefix(inner, "if ") && isOneStatement(inner) {
		f.printf("%s\n", inner)
	} else {
		f.printf("{\n%s\n}\n", inner)
	}
}

// isOneStatement tells whether text is one statement in braces: no other follows
// its end.
func isOneStatement(text string) bool {
	depth := 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 && i < len(text)-1 && !strings.HasPrefix(text[i:], "} else") {
				return false
			}
		}
	}
	return true
}

func (f *fn) encodeSlice(s *shape, x expr, e coder, depth int) {
	if method := f.methodExpr(s.elem); method != "" {
		f.printf("%s.EncodeSlice(%s, %s, %s)\n", f.w.marshalPkg(), e, x.value, method)
		return
	}
	f.orNil(x, e, func() { f.encodeList(s, x, e, depth) })
}

// encodeThere is encode for a value that is known not to be nil.
func (f *fn) encodeThere(s *shape, x expr, e coder) {
	switch {
	case s.kind == kindSlice && f.methodExpr(s.elem) == "":
		f.encodeList(s, x, e, 0)
	case s.kind == kindPointer:
		f.encode(s.elem, pointed(x), e, 0)
	default:
		f.encode(s, x, e, 0)
	}
}

func (f *fn) encodeList(s *shape, x expr, e coder, depth int) {
	i := f.loop(depth)
	f.printf("%s.Array(len(%s))\n", e.call(), x.value)
	f.forRange(i, x, f.capture(func() { f.encode(s.elem, x.index(i), e, depth+1) }))
}

// forRange writes a loop over the elements of x. Some bodies need no index: what is
// empty is neither looked at nor stored.
func (f *fn) forRange(i string, x expr, body string) {
	if strings.Contains(body, i) {
		f.printf("for %s := range %s {\n%s}\n", i, x.value, body)
	} else {
		f.printf("for range %s {\n%s}\n", x.value, body)
	}
}

func (f *fn) encodeMap(s *shape, x expr, e coder, depth int) {
	f.printf("%s.EncodeMap(%s, %s, ", f.w.marshalPkg(), e, x.value)
	f.encodeFunc(s.key, depth)
	f.printf(", ")
	f.encodeFunc(s.elem, depth)
	f.printf(")\n")
}

// methodExpr is the method of Encoder that encodes exactly the type of s, as a
// function; "" if there is none.
func (f *fn) methodExpr(s *shape) string {
	method, goType := s.basicMethod()
	if method == "" || types.Unalias(s.typ).String() != goType {
		return ""
	}
	return fmt.Sprintf("(*%s.Encoder).%s", f.w.marshalPkg(), method)
}

// encodeFunc writes a function that encodes one value.
func (f *fn) encodeFunc(s *shape, depth int) {
	if method := f.methodExpr(s); method != "" {
		f.printf("%s", method)
		return
	}
	encoderType := "*" + f.w.marshalPkg() + ".Encoder"
	suffix := ""
	if depth > 0 {
		suffix = strconv.Itoa(depth + 1)
	}
	e, v := f.local("e"+suffix), f.local("x"+suffix)
	f.printf("func(%s %s, %s %s) {\n", e, encoderType, v, f.w.typ(s.typ))
	f.encode(s, plainExpr(v), coder(e), depth+1)
	f.printf("}")
}

// encodeStruct writes the body of a struct's encoding function.
func (f *fn) encodeStruct(s *shape, x expr, e coder) {
	if s.kind == kindTuple {
		f.printf("%s.Array(%d)\n", e.call(), len(s.fields))
		for _, fd := range s.fields {
			guard := f.guard(fd, x)
			if guard != "" {
				f.printf("if %s {\n", guard)
			}
			f.encode(fd.shape, x.field(fd.selector()), e, 0)
			if guard != "" {
				f.printf("} else {\n%s.Nil()\n}\n", e.call())
			}
		}
		return
	}
	conditions := make([]string, len(s.fields))
	fixed := 0
	for i, fd := range s.fields {
		conditions[i] = f.presence(fd, x)
		if conditions[i] == "" {
			fixed++
		}
	}
	if fixed == len(s.fields) {
		f.printf("%s.Map(%d)\n", e.call(), fixed)
	} else {
		n := f.local("n")
		f.printf("%s := %d\n", n, fixed)
		for _, cond := range conditions {
			if cond != "" && cond != "false" {
				f.printf("if %s {\n%s++\n}\n", cond, n)
			}
		}
		f.printf("%s.Map(%s)\n", e.call(), n)
	}
	for i, fd := range s.fields {
		cond := conditions[i]
		if cond == "false" {
			continue
		}
		if cond != "" {
			f.printf("if %s {\n", cond)
		}
		if fd.isNumber {
			f.printf("%s.IntKey(%d)\n", e.call(), fd.number)
		} else {
			f.printf("%s.Key(%q)\n", e.call(), fd.name)
		}
		if fd.omitEmpty || fd.omitZero && !hasIsZero(fd.shape.typ) {
			f.encodeThere(fd.shape, x.field(fd.selector()), e)
		} else {
			f.encode(fd.shape, x.field(fd.selector()), e, 0)
		}
		if cond != "" {
			f.printf("}\n")
		}
	}
}

// selector is the way to the field in Go.
func (f *field) selector() string {
	var names []string
	for _, v := range f.path {
		names = append(names, v.Name())
	}
	return strings.Join(names, ".")
}

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
