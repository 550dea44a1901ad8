package gen

import "fmt"

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
