package gen

import (
	"fmt"
	"go/token"
	"go/types"
)

// sentinel builds a variable under //objgen:error.
func (b *builder) sentinel(obj types.Object, pos token.Pos) *errorMark {
	errorInterface := errorType.Underlying().(*types.Interface)
	switch {
	case obj == nil:
		b.fs.add(pos, "give it a name", "a blank variable cannot be an error elsewhere")
	case isInvalid(obj.Type()):
		if msg := b.run.typeErrorAt(b.run.fset.Position(obj.Pos())); msg != "" {
			b.fs.add(obj.Pos(), "fix it as for go build", "%s: %s", obj.Name(), msg)
			return nil
		}
		b.fs.add(obj.Pos(), "fix the errors that go build reports", "the type of %s is unknown", obj.Name())
	case !types.Implements(obj.Type(), errorInterface):
		b.fs.add(obj.Pos(), "mark a variable that holds an error", "%s is not an error but %s", obj.Name(), b.text(obj.Type()))
	default:
		return &errorMark{name: obj.Name(), full: obj.Pkg().Path() + "." + obj.Name()}
	}
	return nil
}

// errorTypeOf builds a type under //objgen:error.
func (b *builder) errorTypeOf(obj types.Object, pos token.Pos) *errorMark {
	errorInterface := errorType.Underlying().(*types.Interface)
	tn := obj.(*types.TypeName)
	named, _ := tn.Type().(*types.Named)
	switch {
	case tn.IsAlias() || named == nil:
		b.fs.add(pos, "mark the type that it stands for", "%s is an alias", tn.Name())
		return nil
	case named.TypeParams().Len() > 0:
		b.fs.add(pos, "use a type without type parameters", "%s is a generic type, which cannot be an error elsewhere", tn.Name())
		return nil
	case types.IsInterface(named):
		b.fs.add(pos, "mark the concrete error types", "%s is an interface", tn.Name())
		return nil
	}
	e := &errorMark{name: tn.Name(), full: tn.Pkg().Path() + "." + tn.Name()}
	switch {
	case types.Implements(named, errorInterface):
	case types.Implements(types.NewPointer(named), errorInterface):
		e.pointer = true
	default:
		b.fs.add(pos, "give it an Error() string method", "%s is not an error", tn.Name())
		return nil
	}
	at := where{pos, tn.Name()}
	switch e.typ = b.shape(named, at); {
	case e.typ == nil:
		return nil
	case e.typ.refs:
		b.refuse(named, at, "holds a reference, which an error cannot carry", "put a name or an id into the error")
		return nil
	}
	return e
}

// registerErrorType writes the registration of a type under //objgen:error.
// For an error with a value receiver both the value and its pointer are errors,
// and each arrives as what it was.
func (w *writer) registerErrorType(e *errorMark) {
	w.registerAs(e, e.full, e.pointer)
	if !e.pointer {
		w.registerAs(e, "*"+e.full, true)
	}
}

func (w *writer) registerAs(e *errorMark, full string, pointer bool) {
	m, star, amp := w.marshalPkg(), "", ""
	if pointer {
		star, amp = "*", "&"
	}
	typ := star + w.typ(e.typ.typ)
	w.printf("%s.RegisterErrorType(%q, ", m, full)
	if c := w.codecs[e.typ]; c != nil && pointer {
		w.printf("%s, ", c.encode)
	} else {
		f := &fn{w: w}
		enc, v := f.local("e"), f.local("v")
		f.signature = fmt.Sprintf("func(%s *%s.Encoder, %s %s) {\n", enc, m, v, typ)
		x := plainExpr(v)
		if pointer {
			x = pointed(x)
		}
		f.encode(e.typ, x, coder(enc), 0)
		f.printf("}, ")
		w.inline(f)
	}
	f := &fn{w: w}
	d, v := f.local("d"), f.local("v")
	f.signature = fmt.Sprintf("func(%s *%s.Decoder) %s {\n", d, m, typ)
	if x := f.decodeExpr(e.typ, coder(d)); x != "" && !pointer {
		f.printf("return %s\n})\n", x)
	} else {
		f.declare(e.typ, v, decoder{coder(d), coder(d)})
		f.printf("return %s%s\n})\n", amp, v)
	}
	w.inline(f)
}

// inline writes a function literal.
func (w *writer) inline(f *fn) {
	text, _ := f.symbols.resolve(f.signature, f.body.String())
	w.body.WriteString(text)
}
