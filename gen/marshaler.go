package gen

import (
	"go/types"
)

// A type with marshalers of its own travels as they say. fxamacker/cbor looks
// for them in this order, and for bytes and text they must be a pair, or what is
// sent could not be read.
var marshalerPairs = []struct{ form, marshal, unmarshal string }{
	{"cbor", "MarshalCBOR", "UnmarshalCBOR"},
	{"bytes", "MarshalBinary", "UnmarshalBinary"},
	{"text", "MarshalText", "UnmarshalText"},
}

const cborPath = "github.com/fxamacker/cbor/v2"

// marshalers returns the shape of a type with marshalers; ok is false if it has
// none. The shape is nil if the marshalers are not of use, which is reported.
func (b *builder) marshalers(t types.Type, at where) (s *shape, ok bool) {
	if _, pointer := t.Underlying().(*types.Pointer); pointer {
		return nil, false // what it points to has them
	}
	for _, pair := range marshalerPairs {
		marshal, promoted := b.codecMethod(t, pair.marshal)
		unmarshal, _ := b.codecMethod(t, pair.unmarshal)
		switch {
		case !marshal && !unmarshal:
			continue
		case !unmarshal:
			return b.refuse(t, at, "has "+pair.marshal+" but no "+pair.unmarshal, "add "+pair.unmarshal+" with a pointer receiver"), true
		case !marshal:
			return b.refuse(t, at, "has "+pair.unmarshal+" but no "+pair.marshal, "add "+pair.marshal), true
		case promoted != "" && !soleField(t):
			return b.refuse(t, at, "inherits "+pair.marshal+" from the embedded "+promoted+", which leaves out its other fields",
				"give the embedded field a name, or the type a "+pair.marshal+" of its own"), true
		case !b.canSpell(t):
			return b.refuse(t, at, "is not exported by its package", "use a type that this package can name"), true
		}
		s := &shape{kind: kindOpaque, typ: t, form: pair.form}
		switch qualifiedName(types.Unalias(t)) {
		case cborPath + ".RawMessage", cborPath + ".ByteString":
			s.empty = true
		}
		return s, true
	}
	if qualifiedName(types.Unalias(t)) == cborPath+".Tag" {
		return b.refuse(t, at, "is a CBOR tag, and tags are refused by the receiver", "use a type for what is inside"), true
	}
	return nil, false
}

// codecMethod tells whether *t has a marshaler called name, and through which
// embedded field.
func (b *builder) codecMethod(t types.Type, name string) (found bool, promoted string) {
	obj, index, _ := types.LookupFieldOrMethod(t, true, nil, name)
	fn, ok := obj.(*types.Func)
	if !ok {
		return false, ""
	}
	sig := fn.Signature()
	want := marshalSignature
	if name[0] == 'U' {
		want = unmarshalSignature
	}
	if !types.Identical(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic()), want) {
		return false, ""
	}
	if st, ok := types.Unalias(t).Underlying().(*types.Struct); ok && len(index) > 1 {
		promoted = st.Field(index[0]).Name()
	}
	return true, promoted
}

var (
	byteSlice          = types.NewSlice(types.Typ[types.Uint8])
	errorType          = types.Universe.Lookup("error").Type()
	marshalSignature   = types.NewSignatureType(nil, nil, nil, nil, tuple(byteSlice, errorType), false)
	unmarshalSignature = types.NewSignatureType(nil, nil, nil, tuple(byteSlice), tuple(errorType), false)
)

func tuple(ts ...types.Type) *types.Tuple {
	var vars []*types.Var
	for _, t := range ts {
		vars = append(vars, types.NewParam(0, nil, "", t))
	}
	return types.NewTuple(vars...)
}

// soleField tells whether t is a struct around one field.
func soleField(t types.Type) bool {
	st, ok := types.Unalias(t).Underlying().(*types.Struct)
	return ok && st.NumFields() == 1
}
