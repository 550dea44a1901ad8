package gen

import (
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// Import paths of the runtime, all that gen knows about it.
const (
	runtimePath = "github.com/netobj/netobj"
	proxyPath   = runtimePath + "/proxy"
	marshalPath = runtimePath + "/marshal"
)

// kind is how values of a type travel.
type kind int

const (
	kindBool kind = iota
	kindInt
	kindUint
	kindFloat32
	kindFloat64
	kindString
	kindBytes     // slice of bytes
	kindLent      // the same, decoded as part of the message
	kindByteArray // array of bytes
	kindTime
	kindBigInt // big.Int; *big.Int is a pointer to it
	kindAny
	kindError
	kindRef    // value of an exported interface
	kindHandle // *proxy.Ref
	kindSlice
	kindArray
	kindMap
	kindPointer
	kindStruct // a map of fields
	kindTuple  // a struct with the toarray option
	kindOpaque // has marshalers of its own
)

// shape is the codec's view of a type. Shapes are shared: one for each type.
type shape struct {
	kind   kind
	typ    types.Type // as the user wrote it, for spelling it
	bits   int        // integers: 8 to 64, or 0 for int and uint
	elem   *shape     // slice, array, map, pointer
	key    *shape     // map
	len    int64      // array
	fields []*field   // struct, tuple
	form   string     // opaque: "cbor", "bytes" or "text"
	empty  bool       // opaque: can be empty in the sense of omitempty
	name   *types.TypeName
	refs   bool // references or handles inside
	errs   bool // errors inside
}

// isEmpty tells whether s is a struct of which nothing travels. Its encoding is so
// short that it needs no function.
func (s *shape) isEmpty() bool {
	return (s.kind == kindStruct || s.kind == kindTuple) && len(s.fields) == 0
}

// where says what is being looked at, for findings.
type where struct {
	pos  token.Pos
	path string // "Account.Deposit: opts.Meta"
}

func (w where) in(suffix string) where { return where{w.pos, w.path + suffix} }

// shape returns the shape of t, or nil after reporting why it has none.
func (b *builder) shape(t types.Type, at where) *shape {
	if done, ok := b.shapes.At(t).(*shape); ok {
		return done
	}
	if cycle := b.cycle(t); cycle != "" {
		b.fs.add(at.pos, "make it an exported interface, send a list with indexes, or give the type MarshalCBOR and UnmarshalCBOR",
			"%s: %s contains itself (%s)", at.path, b.text(t), cycle)
		return nil
	}
	if b.expands(t, at) {
		return nil
	}
	b.open = append(b.open, t)
	s := b.newShape(t, at)
	b.open = b.open[:len(b.open)-1]
	if _, isStruct := t.Underlying().(*types.Struct); s != nil || isStruct && b.run.ownsType(t) {
		b.shapes.Set(t, s) // what is wrong inside a struct of the user is reported once
	}
	return s
}

func (b *builder) newShape(t types.Type, at where) *shape {
	plain := types.Unalias(t)
	if s := b.special(t, plain); s != nil {
		return s
	}
	if _, ok := plain.(*types.TypeParam); ok {
		return b.refuse(t, at, "is a type parameter", "use a concrete type")
	}
	if !types.IsInterface(plain) {
		if s, ok := b.marshalers(t, at); ok {
			return s
		}
		if !b.canSpell(t) {
			return b.refuse(t, at, "is not exported by its package", "use a type that this package can name")
		}
	}
	switch u := plain.Underlying().(type) {
	case *types.Basic:
		return b.basic(t, u, at)
	case *types.Interface:
		return b.iface(t, plain, u, at)
	case *types.Pointer:
		return b.wrap(kindPointer, t, u.Elem(), at)
	case *types.Slice:
		if isByte(u.Elem()) {
			return bytesShape(kindBytes, t, u.Elem())
		}
		return b.wrap(kindSlice, t, u.Elem(), at.in("[]"))
	case *types.Array:
		s := bytesShape(kindByteArray, t, u.Elem())
		if !isByte(u.Elem()) {
			s = b.wrap(kindArray, t, u.Elem(), at.in("[]"))
		}
		if s != nil {
			s.len = u.Len()
		}
		return s
	case *types.Map:
		return b.mapShape(t, u, at)
	case *types.Struct:
		return b.structShape(t, plain, u, at)
	case *types.Chan:
		return b.refuse(t, at, "is a channel, and channels cannot travel", "pass an exported interface with a method for what would be sent")
	case *types.Signature:
		return b.refuse(t, at, "is a function, and functions cannot travel", "pass an exported interface with one method")
	}
	return b.refuse(t, at, "cannot travel", "use another type")
}

// special knows the types that have an encoding of their own.
func (b *builder) special(t, plain types.Type) *shape {
	switch qualifiedName(plain) {
	case "error":
		return &shape{kind: kindError, typ: t, errs: true}
	case "time.Time":
		return &shape{kind: kindTime, typ: t}
	case "math/big.Int":
		return &shape{kind: kindBigInt, typ: t}
	}
	if p, ok := plain.(*types.Pointer); ok && qualifiedName(types.Unalias(p.Elem())) == proxyPath+".Ref" {
		return &shape{kind: kindHandle, typ: t, refs: true}
	}
	return nil
}

// qualifiedName is the import path and name of a named type, "" for others.
func qualifiedName(t types.Type) string {
	named, ok := t.(*types.Named)
	if !ok {
		return ""
	}
	obj := named.Obj()
	if obj.Pkg() == nil {
		return obj.Name()
	}
	return obj.Pkg().Path() + "." + obj.Name()
}

func (b *builder) basic(t types.Type, u *types.Basic, at where) *shape {
	s := &shape{typ: t}
	switch u.Kind() {
	case types.Bool:
		s.kind = kindBool
	case types.Int, types.Int8, types.Int16, types.Int32, types.Int64:
		s.kind, s.bits = kindInt, bits[u.Kind()]
	case types.Uint, types.Uint8, types.Uint16, types.Uint32, types.Uint64:
		s.kind, s.bits = kindUint, bits[u.Kind()]
	case types.Float32:
		s.kind = kindFloat32
	case types.Float64:
		s.kind = kindFloat64
	case types.String:
		s.kind = kindString
	case types.Complex64, types.Complex128:
		return b.refuse(t, at, "is a complex number, which CBOR does not have", "pass real and imaginary part")
	case types.Uintptr, types.UnsafePointer:
		return b.refuse(t, at, "is an address, which means nothing elsewhere", "pass the data itself")
	default:
		return b.invalid(at)
	}
	return s
}

var bits = map[types.BasicKind]int{
	types.Int8: 8, types.Int16: 16, types.Int32: 32, types.Int64: 64,
	types.Uint8: 8, types.Uint16: 16, types.Uint32: 32, types.Uint64: 64,
}

func (b *builder) iface(t, plain types.Type, u *types.Interface, at where) *shape {
	named, _ := plain.(*types.Named)
	switch {
	case !u.IsMethodSet():
		return b.refuse(t, at, "is a constraint, not a type of values", "use a concrete type")
	case u.NumMethods() == 0:
		return &shape{kind: kindAny, typ: t}
	case qualifiedName(plain) == "context.Context":
		return b.refuse(t, at, "travels only as the first parameter", "make it the first parameter")
	case named == nil:
		return b.refuse(t, at, "is an interface without a name", "declare it as a type and mark it "+directivePrefix+markExport)
	case named.TypeArgs() != nil || named.TypeParams() != nil:
		return b.refuse(t, at, "is a generic interface, which cannot be exported", "declare an interface without type parameters and mark it "+directivePrefix+markExport)
	case !b.isExported(named.Obj()):
		remedy := "mark it " + directivePrefix + markExport
		if b.run.ownSource(named.Obj()) == nil {
			remedy = "declare an exported interface of your own, or generate code for it with -type " + qualifiedName(named)
		}
		return b.refuse(t, at, "is an interface that is not exported", remedy)
	case !b.canSpell(t):
		return b.refuse(t, at, "is not exported by its package", "use a type that this package can name")
	}
	return &shape{kind: kindRef, typ: t, name: named.Obj(), refs: true}
}

// wrap is the shape of a type around one other.
func (b *builder) wrap(k kind, t, elem types.Type, at where) *shape {
	e := b.shape(elem, at)
	if e == nil {
		return nil
	}
	return &shape{kind: k, typ: t, elem: e, refs: e.refs, errs: e.errs}
}

func (b *builder) mapShape(t types.Type, u *types.Map, at where) *shape {
	key := b.shape(u.Key(), at.in("[key]"))
	elem := b.shape(u.Elem(), at.in("[]"))
	if key == nil || elem == nil {
		return nil
	}
	b.checkLock(u.Key(), at.in("[key]"))
	b.checkLock(u.Elem(), at.in("[]"))
	switch {
	case key.refs:
		return b.refuse(u.Key(), at.in("[key]"), "is a reference, and references cannot be map keys", "use a name as the key and the reference as the value")
	case !keeps(key):
		return b.refuse(u.Key(), at.in("[key]"), "cannot be a map key elsewhere", "use a string, a number or a struct of them as the key")
	}
	return &shape{kind: kindMap, typ: t, key: key, elem: elem, refs: elem.refs, errs: elem.errs}
}

// keeps tells whether keys of this shape are as different, and as comparable,
// after the way as before: a pointer would be another one, and what is behind any
// or error might be a list, which is no key.
func keeps(key *shape) bool {
	switch key.kind {
	case kindAny, kindError, kindPointer:
		return false
	case kindArray:
		return keeps(key.elem)
	case kindStruct, kindTuple:
		return !slices.ContainsFunc(key.fields, func(f *field) bool { return !keeps(f.shape) })
	}
	return true
}

// refuse reports that t cannot travel.
func (b *builder) refuse(t types.Type, at where, cause, remedy string) *shape {
	b.fs.add(at.pos, remedy, "%s: %s %s", at.path, b.text(t), cause)
	return nil
}

// invalid reports a type that the type checker did not understand, in its
// words.
func (b *builder) invalid(at where) *shape {
	pos := b.run.fset.Position(at.pos)
	if b.broken[lineOf(pos)] {
		return nil
	}
	msg := b.run.typeErrorAt(pos)
	switch {
	case strings.HasPrefix(msg, couldNotImport):
		b.fs.add(at.pos, "add the module to go.mod", "%s: %s", at.path, msg)
	case msg != "":
		b.fs.add(at.pos, "declare or import it", "%s: %s", at.path, msg)
	default:
		b.fs.add(at.pos, "fix the errors that go build reports", "%s: the type is unknown", at.path)
	}
	return nil
}

const couldNotImport = "could not import"

// bytesShape is the shape of a slice or array of bytes. Those of a byte type with
// a name of its own do not convert to []byte; fxamacker/cbor handles them.
func bytesShape(k kind, t, elem types.Type) *shape {
	if types.Identical(elem, types.Typ[types.Uint8]) {
		return &shape{kind: k, typ: t}
	}
	return &shape{kind: kindOpaque, typ: t, form: "bytes", empty: true}
}

func isByte(t types.Type) bool {
	u, ok := t.Underlying().(*types.Basic)
	return ok && u.Kind() == types.Uint8
}
