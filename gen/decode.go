package gen

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
)

// decodeExpr is an expression that decodes a value of s, "" if that takes
// statements.
func (f *fn) decodeExpr(s *shape, d coder) string {
	method, goType := s.basicMethod()
	if s.bits > 0 {
		method += strconv.Itoa(s.bits)
		goType = strings.ToLower(method)
	} else if s.kind == kindInt || s.kind == kindUint {
		goType = strings.ToLower(method)
	}
	switch s.kind {
	case kindRef:
		return fmt.Sprintf("%s.GetRef[%s](%s)", f.w.proxyPkg(), f.w.typ(s.typ), d)
	case kindHandle:
		return fmt.Sprintf("%s.GetHandle(%s)", f.w.proxyPkg(), d)
	case kindPointer:
		if s.elem.kind == kindBigInt && isUnnamed(s.typ) {
			return d.call() + ".BigInt()"
		}
		return ""
	}
	if method == "" {
		return ""
	}
	call := d.call() + "." + method + "()"
	if types.Unalias(s.typ).String() == goType || s.kind == kindAny || s.kind == kindError {
		return call
	}
	return f.w.typ(s.typ) + "(" + call + ")"
}

func isUnnamed(t types.Type) bool {
	_, named := types.Unalias(t).(*types.Named)
	return !named
}

// declare writes the statements that decode a new variable called name.
func (f *fn) declare(s *shape, name string, d decoder) {
	if x := f.decodeExpr(s, d.next); x != "" {
		f.printf("%s := %s\n", name, x)
		return
	}
	switch {
	case s.kind == kindMap && isUnnamed(s.typ):
		f.decodeMap(s, plainExpr(name), d, ":=")
		return
	case s.kind == kindSlice:
		from := f.makeSlice(s, d.next)
		if !isUnnamed(s.typ) {
			from = f.w.typ(s.typ) + "(" + from + ")"
		}
		f.printf("%s := %s\n", name, from)
		f.decodeElements(s, plainExpr(name), d, 0)
		return
	case s.kind == kindPointer && isUnnamed(s.typ):
		f.printf("%s := %s\nif %s != nil {\n", name, f.makePointer(s, d.next), name)
		f.decode(s.elem, pointed(plainExpr(name)), decoder{d.again, d.again}, 0)
		f.printf("}\n")
		return
	}
	f.printf("var %s %s\n", name, f.w.typ(s.typ))
	f.decode(s, plainExpr(name), d, 0)
}

// decode writes the statements that decode into x, which holds its zero value.
func (f *fn) decode(s *shape, x expr, d decoder, depth int) {
	if from := f.decodeExpr(s, d.next); from != "" {
		f.printf("%s = %s\n", x.value, from)
		return
	}
	again := decoder{d.again, d.again}
	switch s.kind {
	case kindByteArray:
		f.printf("%s.BytesInto(%s[:])\n", d.next.call(), x.operand())
	case kindBigInt:
		b := f.local("b")
		f.printf("if %s := %s.BigInt(); %s != nil {\n%s.Set(%s)\n}\n", b, d.next.call(), b, x.operand(), b)
	case kindOpaque:
		f.printf("%s.Value(%s)\n", d.next.call(), x.addr)
	case kindStruct, kindTuple:
		if s.isEmpty() {
			f.printf("%s.Skip()\n", d.next.call())
			return
		}
		f.printf("%s(%s, %s)\n", f.w.codecs[s].decode, d.next, x.addr)
	case kindPointer:
		f.printf("if %s = %s; %s != nil {\n", x.value, f.makePointer(s, d.next), x.value)
		f.decode(s.elem, pointed(x), again, depth)
		f.printf("}\n")
	case kindSlice:
		f.printf("%s = %s\n", x.value, f.makeSlice(s, d.next))
		f.decodeElements(s, x, d, depth)
	case kindArray:
		if s.len == 0 || s.elem.isEmpty() {
			f.printf("%s.Skip()\n", d.next.call())
			return
		}
		i := f.loop(depth)
		f.printf("for %s := range %s.Array() {\n", i, d.next.call())
		f.printf("if %s >= %d {\n%s.Skip()\ncontinue\n}\n", i, s.len, d.again.call())
		f.decode(s.elem, x.index(i), again, depth+1)
		f.printf("}\n")
	case kindMap:
		f.decodeMap(s, x, d, "=")
	}
}

func (f *fn) makePointer(s *shape, d coder) string {
	elem := s.typ.Underlying().(*types.Pointer).Elem()
	return fmt.Sprintf("%s.New[%s](%s)", f.w.marshalPkg(), f.w.typ(elem), d)
}

func (f *fn) makeSlice(s *shape, d coder) string {
	elem := s.typ.Underlying().(*types.Slice).Elem()
	return fmt.Sprintf("%s.MakeSlice[%s](%s)", f.w.marshalPkg(), f.w.typ(elem), d)
}

func (f *fn) decodeElements(s *shape, x expr, d decoder, depth int) {
	i := f.loop(depth)
	f.forRange(i, x, f.capture(func() { f.decode(s.elem, x.index(i), decoder{d.again, d.again}, depth+1) }))
}

// decodeMap assigns a map to x, by "=" or by ":=".
func (f *fn) decodeMap(s *shape, x expr, d decoder, assign string) {
	m := s.typ.Underlying().(*types.Map)
	n, k, v := f.fresh("n"), f.fresh("key"), f.fresh("value")
	again := decoder{d.again, d.again}
	if assign == "=" {
		f.printf("var %s int\n", n)
	}
	f.printf("%s, %s %s %s.MakeMap[%s, %s](%s)\n", x.value, n, assign, f.w.marshalPkg(), f.w.typ(m.Key()), f.w.typ(m.Elem()), d.next)
	f.printf("for range %s {\n", n)
	f.declare(s.key, k, again)
	f.declare(s.elem, v, again)
	f.printf("%s[%s] = %s\n}\n", x.operand(), k, v)
}

// decodeStruct writes the body of a struct's decoding function.
func (f *fn) decodeStruct(s *shape, x expr, d coder) {
	if s.kind == kindTuple {
		outer := f.local("outer")
		f.printf("%s := %s.BeginTuple()\n", outer, d)
		for _, fd := range s.fields {
			f.allocate(fd, x)
			f.decode(fd.shape, x.field(fd.selector()), decoder{d + ".Next()", d}, 0)
		}
		f.printf("%s.EndTuple(%s)\n", d, outer)
		return
	}
	keys := s.keys()
	f.printf("for range %s.Map() {\nswitch %s {\n", d, fmt.Sprintf(keys.read, d))
	for _, fd := range s.fields {
		label := strconv.Quote(fd.name)
		if fd.isNumber {
			label = fmt.Sprintf(keys.number, fd.name)
		}
		f.printf("case %s:\n", label)
		f.allocate(fd, x)
		f.decode(fd.shape, x.field(fd.selector()), decoder{d, d}, 0)
	}
	f.printf("default:\n%s.Skip()\n}\n}\n", d)
}

// keys is how the keys of a struct are read and compared.
type keys struct{ read, number string }

func (s *shape) keys() keys {
	numbers := 0
	for _, fd := range s.fields {
		if fd.isNumber {
			numbers++
		}
	}
	switch numbers {
	case 0:
		return keys{"string(%s.Key())", ""}
	case len(s.fields):
		return keys{"%s.IntKey()", "%s"}
	}
	return keys{"%s.Any()", "int64(%s)"}
}

// allocate makes the embedded structs on the way to a promoted field.
func (f *fn) allocate(fd *field, x expr) {
	way := ""
	for _, v := range fd.path[:len(fd.path)-1] {
		way += v.Name()
		if p, ok := v.Type().Underlying().(*types.Pointer); ok {
			at := x.field(way).value
			f.printf("if %s == nil {\n%s = new(%s)\n}\n", at, at, f.w.typ(p.Elem()))
		}
		way += "."
	}
}
