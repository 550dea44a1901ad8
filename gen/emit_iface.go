package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// proxy writes the proxy of i: its type, and for each method the calling and
// the serving side.
func (w *writer) proxy(i *iface) {
	p := w.proxyPkg()
	w.printf("// %s calls %s that lives in another process.\n", i.proxy, withArticle(i.name))
	w.printf("type %s %s.Ref\n\n", i.proxy, p)
	w.printf("var _ %s = (*%s)(nil)\n\n", w.typ(i.typ), i.proxy)
	w.printf("// %s returns the proxy of the object that ref names.\n", i.newProxy)
	w.printf("func %s(ref *%s.Ref) *%s { return (*%s)(ref) }\n\n", i.newProxy, p, i.proxy, i.proxy)
	w.printf("// ProxyRef returns the reference behind the proxy.\n")
	recv := i.receiver()
	w.printf("func (%s *%s) ProxyRef() *%s.Ref { return (*%s.Ref)(%s) }\n\n", recv, i.proxy, p, p, recv)
	for k, m := range i.methods {
		w.call(i, m, k)
		w.serve(i, m)
	}
}

// receiver is what all methods of the proxy call their receiver: a name that none
// of them has for a parameter or result.
func (i *iface) receiver() string {
	taken := map[string]bool{}
	for _, m := range i.methods {
		for _, p := range slices.Concat(m.params, m.results) {
			taken[p.name] = true
		}
		if m.context != nil {
			taken[m.context.name] = true
		}
	}
	for n := 2; ; n++ {
		for _, name := range []string{"p", "px", "p" + strconv.Itoa(n)} {
			if !taken[name] {
				return name
			}
		}
	}
}

func withArticle(name string) string {
	if strings.ContainsAny(name[:1], "AEIOUaeio") {
		return "an " + name
	}
	return "a " + name
}

// call writes the proxy's method.
func (w *writer) call(i *iface, m *method, index int) {
	f := &fn{w: w, visible: true}
	ctx := ""
	var params []string
	if m.context != nil {
		ctx = f.param(m.context.name, "ctx")
		params = append(params, ctx+" "+w.typ(m.context.typ))
	} else {
		ctx = w.pkg("context", "context") + ".Background()"
	}
	var args []string
	for k, p := range m.params {
		name := f.param(p.name, fmt.Sprintf("a%d", k))
		args = append(args, name)
		params = append(params, name+" "+w.paramType(m, k))
	}
	var results, returned []string
	for k, r := range m.results {
		name := f.param(r.name, fmt.Sprintf("r%d", k))
		returned = append(returned, name)
		results = append(results, name+" "+w.typ(r.typ))
	}
	recv, c := f.local(i.receiver()), f.local("c")
	err := f.param(m.err.name, "err")
	results = append(results, err+" error")
	f.signature = fmt.Sprintf("func (%s *%s) %s(%s) (%s) ", recv, i.proxy, m.name, strings.Join(params, ", "), strings.Join(results, ", "))
	f.printf("{\nif %s := %s.ProxyRef().Direct(%s, &%s.Methods[%d]); %s != nil {\n", f.local("d"), recv, ctx, i.descriptor, index, f.local("d"))
	f.direct(i, m, args, returned, err)
	f.printf("}\n%s := %s.ProxyRef().Begin(%s, &%s.Methods[%d])\n", c, recv, ctx, i.descriptor, index)
	f.printf("%s.Args.Array(%d)\n", c, len(args))
	for k, p := range m.params {
		f.encode(p.shape, plainExpr(args[k]), coder("&"+c+".Args"), 0)
	}
	f.printf("%s.Invoke()\n", c)
	for k, r := range m.results {
		f.decode(r.shape, plainExpr(returned[k]), decoder{coder(c + ".Results.Next()"), coder("&" + c + ".Results")}, 0)
	}
	f.printf("return %s\n}\n", strings.Join(append(returned, c+".End()"), ", "))
	w.comment(m.doc)
	w.function(f)
}

// direct writes the call of a method of an object of this process.
func (f *fn) direct(i *iface, m *method, args, results []string, err string) {
	d := f.local("d")
	f.printf("defer %s.End(&%s)\n", d, err)
	for k, p := range m.params {
		f.copyVar(m.served(p), args[k], fmt.Sprintf("%s.Arg(%d)", d, k))
	}
	if m.context != nil {
		args = append([]string{d + ".Context"}, args...)
	}
	dots := ""
	if m.variadic {
		dots = "..."
	}
	call := fmt.Sprintf("%s.Object.(%s).%s(%s%s)", d, f.w.typ(i.typ), m.name, strings.Join(args, ", "), dots)
	if !slices.ContainsFunc(m.results, func(r *param) bool { return !r.shape.isPlain() }) {
		f.printf("return %s\n", call)
		return
	}
	// These variables hide the results of the method: should a copy fail, it
	// returns none.
	all := strings.Join(append(slices.Clone(results), err), ", ")
	f.printf("%s := %s\n", all, call)
	for k, r := range m.results {
		f.copyVar(r.shape, results[k], fmt.Sprintf("%s.Result(%d)", d, k))
	}
	f.printf("return %s\n", all)
}

// copyVar replaces a variable by a copy, where one is needed.
func (f *fn) copyVar(s *shape, name, c string) {
	if !s.isPlain() {
		f.printf("%s = %s\n", name, f.copied(s, name, c))
	}
}

// paramType spells the type of parameter k, the last one perhaps variadic.
func (w *writer) paramType(m *method, k int) string {
	t := m.params[k].typ
	if m.variadic && k == len(m.params)-1 {
		return "..." + w.typ(t.(*types.Slice).Elem())
	}
	return w.typ(t)
}

// serve writes the function that serves one method.
func (w *writer) serve(i *iface, m *method) {
	f := &fn{w: w}
	p := w.proxyPkg()
	var args []string
	for k, p := range m.params {
		args = append(args, f.param(p.name, fmt.Sprintf("a%d", k)))
	}
	var results []string
	for k, r := range m.results {
		if r.shape.isEmpty() { // nothing of it is looked at
			results = append(results, "_")
			continue
		}
		results = append(results, f.param(r.name, fmt.Sprintf("r%d", k)))
	}
	object, in, err := f.local("object"), f.local("in"), f.local("err")
	ctx := "_"
	if m.context != nil {
		ctx = f.param(m.context.name, "ctx")
	}
	f.signature = fmt.Sprintf("func %s(%s %s.Context, %s any, %s *%s.Incoming) error", m.serve, ctx, w.pkg("context", "context"), object, in, p)
	f.printf(" {\n")
	for k, p := range m.params {
		f.declare(m.served(p), args[k], decoder{coder(in + ".Args.Next()"), coder("&" + in + ".Args")})
	}
	f.printf("if %s := %s.Decoded(); %s != nil {\nreturn %s\n}\n", err, in, err, err)
	all := args
	if m.context != nil {
		all = append([]string{ctx}, args...)
	}
	dots := ""
	if m.variadic {
		dots = "..."
	}
	f.printf("%s := %s.(%s).%s(%s%s)\n", strings.Join(append(results, err), ", "), object, w.typ(i.typ), m.name, strings.Join(all, ", "), dots)
	f.printf("%s.Results.Array(%d)\n", in, len(results))
	for k, r := range m.results {
		f.encode(r.shape, plainExpr(results[k]), coder("&"+in+".Results"), 0)
	}
	f.printf("return %s\n}\n", err)
	w.function(f)
}

// descriptor writes the variable that describes i at run time.
func (w *writer) descriptor(i *iface) {
	p := w.proxyPkg()
	w.printf("var %s = %s.Register[%s](&%s.Interface{\n", i.descriptor, p, w.typ(i.typ), p)
	w.printf("Name: %q,\n", i.full)
	if doc := strings.TrimSpace(i.doc); doc != "" {
		w.printf("Doc: %q,\n", doc)
	}
	w.printf("View: func(ref *%s.Ref) any { return %s(ref) },\n", p, i.newProxy)
	w.printf("Methods: []%s.Method{", p)
	for k, m := range i.methods {
		if k > 0 {
			w.printf(", ")
		}
		w.printf("{\nName: %q,\nSignature: %q,\n", m.name, m.signature)
		if doc := strings.TrimSpace(m.doc); doc != "" {
			w.printf("Doc: %q,\n", doc)
		}
		w.fields("Params", m.params)
		w.fields("Results", m.results)
		if m.inline {
			w.printf("Inline: true,\n")
		}
		if m.idempotent {
			w.printf("Idempotent: true,\n")
		}
		w.printf("Serve: %s,\n}", m.serve)
	}
	w.printf("},\n})\n\n")
}

func (w *writer) fields(label string, params []*param) {
	if len(params) == 0 {
		return
	}
	var items []string
	for _, p := range params {
		name := p.name
		if name == "_" {
			name = ""
		}
		items = append(items, fmt.Sprintf("{Name: %q, Type: %q}", name, p.shape.schema()))
	}
	w.printf("%s: []%s.Field{%s},\n", label, w.proxyPkg(), strings.Join(items, ", "))
}
