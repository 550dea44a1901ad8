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
	case kindLent:
		return "View", "[]byte"
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
		f.encodeTuple(s, x, e)
		return
	}
	conditions := make([]string, len(s.fields))
	for i, fd := range s.fields {
		conditions[i] = f.presence(fd, x)
	}
	f.countFields(conditions, e)
	for i, fd := range s.fields {
		if conditions[i] != "false" {
			f.onlyIf(conditions[i], "", func() { f.encodeField(fd, x, e) })
		}
	}
}

// encodeTuple writes what encodes the fields as elements of an array: none may be
// left out.
func (f *fn) encodeTuple(s *shape, x expr, e coder) {
	f.printf("%s.Array(%d)\n", e.call(), len(s.fields))
	for _, fd := range s.fields {
		f.onlyIf(f.guard(fd, x), e.call()+".Nil()", func() { f.encode(fd.shape, x.field(fd.selector()), e, 0) })
	}
}

// countFields writes the head of a map of the fields that are there.
func (f *fn) countFields(conditions []string, e coder) {
	fixed := 0
	for _, cond := range conditions {
		if cond == "" {
			fixed++
		}
	}
	if fixed == len(conditions) {
		f.printf("%s.Map(%d)\n", e.call(), fixed)
		return
	}
	n := f.local("n")
	f.printf("%s := %d\n", n, fixed)
	for _, cond := range conditions {
		if cond != "" && cond != "false" {
			f.printf("if %s {\n%s++\n}\n", cond, n)
		}
	}
	f.printf("%s.Map(%s)\n", e.call(), n)
}

func (f *fn) encodeField(fd *field, x expr, e coder) {
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
}

// onlyIf writes what write writes, unless cond is "" in an if statement, perhaps
// with another branch.
func (f *fn) onlyIf(cond, otherwise string, write func()) {
	if cond == "" {
		write()
		return
	}
	f.printf("if %s {\n", cond)
	write()
	if otherwise != "" {
		f.printf("} else {\n%s\n", otherwise)
	}
	f.printf("}\n")
}

// selector is the way to the field in Go.
func (f *field) selector() string {
	var names []string
	for _, v := range f.path {
		names = append(names, v.Name())
	}
	return strings.Join(names, ".")
}
