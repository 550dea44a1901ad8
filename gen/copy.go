package gen

import (
	"fmt"
	"go/types"
)

// A direct call passes copies of what caller and owner could both change. This
// file writes them: for each value an expression of what would arrive if it
// travelled.

// isPlain tells whether a value of s can be passed as it is: nothing in it is
// shared, and all of it travels.
func (s *shape) isPlain() bool {
	switch s.kind {
	case kindBytes, kindBigInt, kindAny, kindRef, kindHandle, kindSlice, kindMap, kindPointer, kindOpaque:
		return false
	case kindArray:
		return s.len == 0 || s.elem.isPlain() // nothing is in the former, and Go 1.26 cannot compile a loop over it
	case kindStruct, kindTuple:
		return s.isPlainStruct()
	}
	return true
}

func (s *shape) isPlainStruct() bool {
	named := 0
	st := s.typ.Underlying().(*types.Struct)
	for i := range st.NumFields() {
		if st.Field(i).Name() != "_" {
			named++
		}
	}
	for _, fd := range s.fields {
		if len(fd.path) > 1 || fd.loses() || !fd.shape.isPlain() {
			return false
		}
	}
	return len(s.fields) == named
}

// loses tells whether a field that is left out, as its tag asks, may have held
// something else than what is then there: a negative zero, or what its own IsZero
// method takes for zero.
func (fd *field) loses() bool {
	if !fd.omitEmpty && !fd.omitZero {
		return false
	}
	switch fd.shape.kind {
	case kindBool, kindInt, kindUint, kindString:
		return fd.omitZero && hasIsZero(fd.shape.typ)
	}
	return true
}

// needCopy names the copying functions of the structs inside s.
func (b *builder) needCopy(s *shape, scope *scope) {
	if s == nil || s.isPlain() {
		return
	}
	if c := b.codecs[s]; c != nil && c.copy == "" {
		c.copy = scope.free("copy" + b.codecName(s))
		for _, fd := range s.fields {
			b.needCopy(fd.shape, scope)
		}
	}
	b.needCopy(s.key, scope)
	b.needCopy(s.elem, scope)
}

// copied is an expression of a copy of x, made by the copier c.
func (f *fn) copied(s *shape, x, c string) string {
	p := f.w.proxyPkg()
	switch {
	case s.isPlain():
		return x
	case s.isEmpty():
		return f.w.typ(s.typ) + "{}"
	case s.kind == kindBytes:
		return fmt.Sprintf("%s.CopySlice(%s, %s, nil)", p, c, x)
	case s.kind == kindSlice:
		return fmt.Sprintf("%s.CopySlice(%s, %s, %s)", p, c, x, f.copier(s.elem))
	case s.kind == kindPointer:
		return fmt.Sprintf("%s.CopyPointer(%s, %s, %s)", p, c, x, f.copier(s.elem))
	case s.kind == kindMap:
		return fmt.Sprintf("%s.CopyMap(%s, %s, %s, %s)", p, c, x, f.copier(s.key), f.copier(s.elem))
	}
	return fmt.Sprintf("%s(%s, %s)", f.copier(s), c, x)
}

// copier is a function that copies a value of s; nil if no copy is needed.
func (f *fn) copier(s *shape) string {
	p := f.w.proxyPkg()
	switch {
	case s.isPlain():
		return "nil"
	case f.w.codecs[s] != nil:
		return f.w.codecs[s].copy
	}
	switch s.kind {
	case kindBigInt:
		return p + ".CopyBigInt"
	case kindAny:
		return p + ".CopyAny"
	case kindOpaque:
		return p + ".CopyValue"
	case kindRef:
		return p + ".CopyRef"
	case kindHandle:
		return p + ".CopyHandle"
	}
	return f.copierLiteral(s)
}

// copierLiteral is copier for a type without a function of its own. Literals nest, so
// their names may hide those around them.
func (f *fn) copierLiteral(s *shape) string {
	c, v, typ := f.local("c"), f.local("v"), f.w.typ(s.typ)
	if s.kind == kindArray {
		i := f.loop(0)
		return fmt.Sprintf("func(%s *%s.Copier, %s %s) %s {\nfor %s := range %s {\n%s[%s] = %s\n}\nreturn %s\n}",
			c, f.w.proxyPkg(), v, typ, typ, i, v, v, i, f.copied(s.elem, v+"["+i+"]", c), v)
	}
	return fmt.Sprintf("func(%s *%s.Copier, %s %s) %s { return %s }", c, f.w.proxyPkg(), v, typ, typ, f.copied(s, v, c))
}

// copyStruct writes the function that copies a struct.
func (w *writer) copyStruct(s *shape, name string) {
	f := &fn{w: w}
	c, v, to := f.local("c"), f.local("v"), f.local("to")
	typ := w.typ(s.typ)
	f.signature = fmt.Sprintf("func %s(%s *%s.Copier, %s %s) (%s %s) ", name, c, w.proxyPkg(), v, typ, to, typ)
	f.printf("{\n")
	for _, fd := range s.fields {
		f.copyField(s, fd, plainExpr(v), plainExpr(to), c)
	}
	f.printf("return %s\n}\n", to)
	w.function(f)
}

// copyField writes what copies a field, where it would be sent at all.
func (f *fn) copyField(s *shape, fd *field, v, to expr, c string) {
	var cond string
	switch {
	case s.kind == kindTuple: // all its fields are sent
		cond = f.guard(fd, v)
	case len(fd.path) == 1 && fd.shape.isPlain() && !fd.loses():
	default:
		cond = f.presence(fd, v)
	}
	if cond == "false" {
		return
	}
	f.onlyIf(cond, "", func() {
		f.allocate(fd, to)
		f.printf("%s = %s\n", to.field(fd.selector()).value, f.copied(fd.shape, v.field(fd.selector()).value, c))
	})
}
