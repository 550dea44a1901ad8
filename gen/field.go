package gen

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"go/types"
	"slices"
	"strconv"
)

// field is one field of a struct that travels, by the rules of fxamacker/cbor:
// those of encoding/json, with a cbor tag before a json tag.
type field struct {
	name      string // key, or number in decimal
	number    int64  // with keyasint
	isNumber  bool
	tagged    bool
	omitEmpty bool
	omitZero  bool
	path      []*types.Var // from the struct down through embedded ones
	index     []int        // the same as field indexes
	shape     *shape
}

func (f *field) last() *types.Var { return f.path[len(f.path)-1] }

// key is the encoded map key; structs are sorted by it.
func (f *field) key() []byte {
	if !f.isNumber {
		return append(head(0x60, uint64(len(f.name))), f.name...)
	}
	if f.number < 0 {
		return head(0x20, uint64(-1-f.number))
	}
	return head(0, uint64(f.number))
}

// head is the head of a CBOR item.
func head(major byte, n uint64) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 1<<8:
		return []byte{major | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{major | 26}, uint32(n))
	}
	return binary.BigEndian.AppendUint64([]byte{major | 27}, n)
}

// structShape collects the fields of a struct.
func (b *builder) structShape(t, plain types.Type, st *types.Struct, at where) *shape {
	s := &shape{kind: kindStruct, typ: t}
	if named, ok := plain.(*types.Named); ok {
		s.name = named.Obj()
	}
	fields, left := collectFields(plain)
	options := structOptions(st)
	switch {
	case hasOption(options, "toindefarray"):
		return b.refuse(t, at, "asks for an array of indefinite length, which receivers refuse", "use toarray")
	case len(fields) == 0 && left:
		remedy := "export them, or give the type MarshalBinary and UnmarshalBinary"
		if !b.run.ownsType(t) {
			remedy = "use a type of your own with exported fields"
		}
		return b.refuse(t, at, "has only unexported fields, which would be lost", remedy)
	case hasOption(options, "toarray"):
		s.kind = kindTuple
	default:
		slices.SortFunc(fields, func(x, y *field) int { return bytes.Compare(x.key(), y.key()) })
	}
	if !b.run.ownsType(t) {
		defer b.summarize(t, at)()
	}
	bad := false
	for _, f := range fields {
		bad = !b.fieldShape(f, plain, at) || bad
	}
	if bad {
		return nil
	}
	for _, f := range fields {
		s.refs = s.refs || f.shape.refs
		s.errs = s.errs || f.shape.errs
	}
	s.fields = fields
	return s
}

// fieldShape finds the shape of a field of t, or reports why it has none.
func (b *builder) fieldShape(f *field, t types.Type, at where) bool {
	at = at.in("." + f.last().Name())
	if b.run.ownSource(f.last()) != nil {
		at.pos = f.last().Pos()
	}
	if !b.selectable(f, t) {
		b.fs.add(at.pos, "embed an exported type, or leave the field out with a cbor:\"-\" tag", "%s: the field cannot be reached from package %s", at.path, b.target.name)
		return false
	}
	f.shape = b.shape(f.last().Type(), at)
	if _, err := strconv.Atoi(f.name); err != nil && f.isNumber {
		b.fs.add(at.pos, "write the number first: cbor:\"1,keyasint\"", "%s: keyasint needs a number, not %q", at.path, f.name)
		return false
	}
	return f.shape != nil
}

// summarize makes one finding of all that are made, up to the call of what it
// returns, inside t: a type that the user cannot edit, so that only another type
// helps.
func (b *builder) summarize(t types.Type, at where) func() {
	if b.foreign {
		return func() {} // part of a larger one
	}
	outer, inside := b.fs, &findings{fset: b.fs.fset}
	b.fs, b.foreign = inside, true
	return func() {
		b.fs, b.foreign = outer, false
		here := b.run.fset.Position(at.pos)
		var first string
		more := 0
		for _, f := range inside.all {
			switch {
			case f.Pos != here: // in a type argument of the user's
				b.fs.addAt(f.Pos, f.Remedy, "%s", f.Cause)
			case first == "":
				first = f.Cause
			default:
				more++
			}
		}
		if first == "" {
			return
		}
		if more > 0 {
			first += fmt.Sprintf(" (and %d more)", more)
		}
		b.fs.add(at.pos, "use a type of your own in place of "+b.text(t), "%s", first)
	}
}

func pathOf(obj types.Object) string {
	if obj.Pkg() == nil {
		return ""
	}
	return obj.Pkg().Path()
}

// selectable tells whether the generated file can name the field, by its whole
// path or promoted.
func (b *builder) selectable(f *field, t types.Type) bool {
	hidden := func(v *types.Var) bool { return !v.Exported() && pathOf(v) != b.target.path }
	if !slices.ContainsFunc(f.path, hidden) {
		return true
	}
	for _, v := range f.path[:len(f.path)-1] {
		if _, pointer := v.Type().Underlying().(*types.Pointer); pointer {
			return false // cannot be allocated from here
		}
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, b.target.types, f.last().Name())
	if obj != f.last() {
		return false
	}
	f.path = f.path[len(f.path)-1:]
	return true
}
