package gen

import (
	"fmt"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// expr is a Go expression of a value that can be addressed.
type expr struct {
	value string // "v.Items", "*v.Next"
	addr  string // "&v.Items", "v.Next"
}

func plainExpr(name string) expr { return expr{name, "&" + name} }

// pointed is what the pointer that p stands for points to.
func pointed(p expr) expr { return expr{"*" + p.value, p.value} }

// operand is x where a selector, an index or a slice follows.
func (x expr) operand() string {
	if strings.HasPrefix(x.value, "*") {
		return "(" + x.value + ")"
	}
	return x.value
}

func (x expr) index(i string) expr { return plainExpr(x.operand() + "[" + i + "]") }

// field selects through pointers as Go does.
func (x expr) field(path string) expr {
	if strings.HasPrefix(x.addr, "&") || strings.HasPrefix(x.addr, "*") {
		return plainExpr(x.operand() + "." + path)
	}
	return plainExpr(x.addr + "." + path)
}

// coder is an expression of a pointer to a marshal.Encoder or Decoder.
type coder string

// call is how a method of it is called: "c.Args" for "&c.Args".
func (c coder) call() string { return strings.TrimPrefix(string(c), "&") }

// decoder is where a value is decoded from: an expression that may move on to
// the next element first, and the same without moving.
type decoder struct{ next, again coder }

// nameCodecs finds the structs that the outputs need codecs for, and names the
// functions. A codec goes into the file of its type, if that has an output, and
// otherwise into the first file that needs it.
func (b *builder) nameCodecs() {
	if len(b.fs.all) > 0 {
		return
	}
	scope := b.newScope()
	b.names = scope.taken
	if len(b.unit.types) == 0 {
		// Units with -type keep clear of this one by their prefix, all but always.
		for _, o := range b.unit.pkg.old {
			for _, name := range o.names {
				scope.taken[name] = scope.taken[name] || len(o.types) > 0
			}
		}
	}
	for _, out := range b.unit.outputs {
		for _, i := range out.ifaces {
			scope.taken[i.proxy], scope.taken[i.newProxy] = true, true
		}
	}
	for _, out := range b.unit.outputs {
		for _, i := range out.ifaces {
			i.descriptor = scope.free(lower(i.name) + "Interface")
			for _, m := range i.methods {
				m.serve = scope.free("serve" + capital(i.name) + m.name)
			}
		}
	}
	b.codecs = map[*shape]*codec{}
	for n, out := range b.unit.outputs {
		for _, s := range out.shapes() {
			b.needCodec(s, n, scope)
		}
	}
	for _, out := range b.unit.outputs {
		for _, s := range out.passed() {
			b.needCopy(s, scope)
		}
	}
}

// passed are the shapes of all arguments and results in out.
func (out *output) passed() []*shape {
	var all []*shape
	for _, i := range out.ifaces {
		for _, m := range i.methods {
			for _, p := range slices.Concat(m.params, m.results) {
				all = append(all, p.shape)
			}
		}
	}
	return all
}

// shapes are those of everything in out.
func (out *output) shapes() []*shape {
	all := out.passed()
	for _, e := range out.errors {
		if e.typ != nil {
			all = append(all, e.typ)
		}
	}
	return all
}

// needCodec gives every struct inside s a codec.
func (b *builder) needCodec(s *shape, n int, scope *scope) {
	if s == nil || b.codecs[s] != nil || s.isEmpty() {
		return
	}
	switch s.kind {
	case kindStruct, kindTuple:
		c := &codec{shape: s}
		name := b.codecName(s)
		c.encode, c.decode = scope.freePair("encode"+name, "decode"+name)
		b.codecs[s] = c
		out := b.unit.outputs[n]
		if s.name != nil {
			if home := b.run.fileOf(b.unit.pkg, s.name.Pos()); home != nil {
				for _, o := range b.unit.outputs {
					if o.path == b.homeOf(home) {
						out = o
					}
				}
			}
		}
		out.codecs = append(out.codecs, c)
		for _, f := range s.fields {
			b.needCodec(f.shape, n, scope)
		}
	case kindSlice, kindArray, kindPointer:
		b.needCodec(s.elem, n, scope)
	case kindMap:
		b.needCodec(s.key, n, scope)
		b.needCodec(s.elem, n, scope)
	}
}

// codecName is "Item" for a type of the package, "GeoPoint" for geo.Point,
// "ListItem" for List[Item].
func (b *builder) codecName(s *shape) string {
	named, ok := types.Unalias(s.typ).(*types.Named)
	if !ok {
		return b.unit.prefix + "Struct"
	}
	return b.unit.prefix + b.typeName(named)
}

func (b *builder) typeName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		name := capital(t.Obj().Name())
		if p := t.Obj().Pkg(); p != nil && p.Path() != b.target.path {
			name = capital(p.Name()) + name
		}
		for i := range t.TypeArgs().Len() {
			name += b.typeName(t.TypeArgs().At(i))
		}
		return name
	case *types.Basic:
		return capital(t.Name())
	case *types.Pointer:
		return b.typeName(t.Elem())
	case *types.Slice:
		return b.typeName(t.Elem()) + "s"
	}
	return ""
}

func lower(name string) string {
	r := []rune(name)
	for i := range r {
		// "URLStore" becomes "urlStore".
		if i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) || !unicode.IsUpper(r[i]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

// codec writes the functions for a struct.
func (w *writer) codec(c *codec) {
	typ := w.typ(c.shape.typ)
	f := &fn{w: w}
	e, v := f.local("e"), f.local("v")
	f.signature = fmt.Sprintf("func %s(%s *%s.Encoder, %s *%s) ", c.encode, e, w.marshalPkg(), v, typ)
	f.printf("{\n")
	f.encodeStruct(c.shape, expr{"*" + v, v}, coder(e))
	f.printf("}\n")
	w.function(f)

	f = &fn{w: w}
	d, v := f.local("d"), f.local("v")
	f.signature = fmt.Sprintf("func %s(%s *%s.Decoder, %s *%s) ", c.decode, d, w.marshalPkg(), v, typ)
	f.printf("{\n")
	f.decodeStruct(c.shape, expr{"*" + v, v}, coder(d))
	f.printf("}\n")
	w.function(f)
	if c.copy != "" {
		w.copyStruct(c.shape, c.copy)
	}
}

// homeOf is the output that belongs to a source file.
func (b *builder) homeOf(f *file) string {
	if b.unit.output != "" {
		return b.unit.output
	}
	return filepath.Join(b.target.dir, stem(f.path)+"_obj.go")
}
