package gen

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/types/typeutil"
)

// builder makes the model of one unit, and checks it on the way.
type builder struct {
	run    *run
	unit   *unit
	target target
	fs     *findings
	shapes typeutil.Map // types.Type -> *shape
	open   []types.Type // types whose shape is being made
	known  map[string]bool
	broken map[line]bool   // lines with a type error that was reported
	names  map[string]bool // package-level names, declared or generated
	codecs map[*shape]*codec

	foreign bool                  // inside a struct type that the user cannot edit
	endless map[*types.Named]bool // generic types that were reported to have no end
}

// text renders t as the user would write it in the target package.
func (b *builder) text(t types.Type) string { return types.TypeString(t, b.qualify) }

func (b *builder) qualify(p *types.Package) string {
	if p.Path() == b.target.path {
		return ""
	}
	return p.Name()
}

// canSpell tells whether the generated file can name t.
func (b *builder) canSpell(t types.Type) bool {
	visible := func(obj *types.TypeName, args *types.TypeList) bool {
		if obj.Pkg() != nil && obj.Pkg().Path() != b.target.path && !obj.Exported() {
			return false
		}
		for i := range args.Len() {
			if !b.canSpell(args.At(i)) {
				return false
			}
		}
		return true
	}
	switch t := t.(type) {
	case *types.Alias:
		return visible(t.Obj(), t.TypeArgs())
	case *types.Named:
		return visible(t.Obj(), t.TypeArgs())
	case *types.Pointer:
		return b.canSpell(t.Elem())
	case *types.Slice:
		return b.canSpell(t.Elem())
	case *types.Array:
		return b.canSpell(t.Elem())
	case *types.Map:
		return b.canSpell(t.Key()) && b.canSpell(t.Elem())
	}
	return true
}

// isExported tells whether values of the interface travel by reference: because
// of the mark above it, or because -type names it, now or when the generated
// files at hand were made.
func (b *builder) isExported(obj *types.TypeName) bool {
	name := obj.Pkg().Path() + "." + obj.Name()
	return b.run.named[name] || b.known[name] || b.run.isMarked(obj) || b.run.registrarOf(obj, b.unit.pkg.types) != nil
}

// interfaceOf builds the interface called obj. pos is where to report what is
// wrong with the whole of it.
func (b *builder) interfaceOf(obj types.Object, pos token.Pos, doc string) *iface {
	at := where{pos, obj.Name()}
	tn, ok := obj.(*types.TypeName)
	if !ok {
		b.fs.add(pos, "name a type", "%s is not a type", at.path)
		return nil
	}
	named, isNamed := tn.Type().(*types.Named)
	under, isInterface := tn.Type().Underlying().(*types.Interface)
	switch {
	case tn.IsAlias():
		b.fs.add(pos, "mark the type that it stands for, or declare a new one", "%s is an alias", at.path)
		return nil
	case !isInterface:
		b.fs.add(pos, "mark an interface; structs travel by value without a mark", "%s is not an interface but %s", at.path, kindText(tn.Type()))
		return nil
	case isNamed && named.TypeParams().Len() > 0:
		b.fs.add(pos, "declare an interface without type parameters that embeds "+at.path+"[...]", "%s is a generic interface", at.path)
		return nil
	case !under.IsMethodSet():
		b.fs.add(pos, "mark an interface of methods", "%s is a constraint", at.path)
		return nil
	}
	ok = b.typeErrorsIn(tn)
	if under.NumMethods() == 0 && ok {
		b.fs.add(pos, "give it a method, or pass *proxy.Ref for any object", "%s has no methods", at.path)
		return nil
	}
	i := &iface{name: obj.Name(), full: obj.Pkg().Path() + "." + obj.Name(), typ: obj.Type(), doc: doc, pos: pos}
	i.proxy, i.newProxy = i.name+"Proxy", "New"+i.name+"Proxy"
	if !obj.Exported() {
		i.newProxy = "new" + capital(i.name) + "Proxy"
	}
	for k := range under.NumMethods() {
		if m := b.method(i, under.Method(k)); m != nil {
			i.methods = append(i.methods, m)
		}
	}
	slices.SortFunc(i.methods, func(x, y *method) int { return strings.Compare(x.name, y.name) })
	b.checkTaken(i)
	return i
}

// checkTaken reports names of the generated file that the user has declared.
func (b *builder) checkTaken(i *iface) {
	if b.target.types == nil {
		return
	}
	for _, name := range []string{i.proxy, i.newProxy} {
		if obj := b.target.types.Scope().Lookup(name); obj != nil {
			b.fs.add(obj.Pos(), "rename it", "%s is the name of what objgen generates for %s", name, i.name)
		}
	}
}

func kindText(t types.Type) string {
	switch t.Underlying().(type) {
	case *types.Struct:
		return "a struct"
	case *types.Signature:
		return "a function type"
	case *types.Map:
		return "a map"
	case *types.Slice:
		return "a slice"
	}
	return t.Underlying().String()
}

// typeErrorsIn reports what the type checker said about the declaration of tn.
// Errors elsewhere in the package do not matter.
func (b *builder) typeErrorsIn(tn *types.TypeName) (ok bool) {
	s := b.run.source[tn.Pkg().Path()]
	if s == nil {
		return true
	}
	spec := findType(b.run.syntaxOf(tn.Pkg(), tn.Pos()), tn.Name())
	if spec == nil {
		return true
	}
	ok = true
	for _, e := range s.errs {
		if e.Pos < spec.Pos() || e.Pos > spec.End() || strings.HasPrefix(e.Msg, "\t") {
			continue
		}
		ok = false
		b.broken[lineOf(b.run.fset.Position(e.Pos))] = true
		remedy := "fix it as for go build"
		switch {
		case strings.HasPrefix(e.Msg, "duplicate method"):
			remedy = "rename one of them, or embed only one of the interfaces"
		case strings.HasPrefix(e.Msg, "undefined"):
			remedy = "declare or import it"
		case strings.HasPrefix(e.Msg, couldNotImport):
			remedy = "add the module to go.mod"
		}
		b.fs.add(e.Pos, remedy, "%s: %s", tn.Name(), e.Msg)
	}
	return ok
}

// method builds one method, or reports why it cannot be called from afar.
func (b *builder) method(i *iface, fn *types.Func) *method {
	at := where{i.pos, i.name + "." + fn.Name()}
	if b.run.ownSource(fn) != nil {
		at.pos = fn.Pos()
	}
	switch {
	case !fn.Exported():
		b.fs.add(at.pos, "export the method, or leave it out of the interface", "%s is not exported, so no other process can call it", at.path)
		return nil
	case fn.Name() == "ProxyRef":
		b.fs.add(at.pos, "rename the method", "%s is the name of a method that every proxy has", at.path)
		return nil
	}
	sig, doc := fn.Signature(), b.run.methodDoc(fn)
	m := &method{
		name:      fn.Name(),
		signature: fn.Name() + strings.TrimPrefix(types.TypeString(sig, b.qualify), "func"),
		doc:       doc.Text(),
		variadic:  sig.Variadic(),
	}
	params := sig.Params()
	for k := range params.Len() {
		v := params.At(k)
		if k == 0 && qualifiedName(types.Unalias(v.Type())) == "context.Context" {
			m.context = &param{name: v.Name(), typ: v.Type()}
			continue
		}
		m.params = append(m.params, b.param(v, at, fmt.Sprintf("parameter %d", k+1)))
	}
	results := sig.Results()
	last := results.Len() - 1
	if last < 0 || !types.Identical(results.At(last).Type(), errorType) {
		b.fs.add(at.pos, "make error the last result; any call may fail on its way", "%s has no error result", at.path)
		last = results.Len()
	} else {
		m.err = &param{name: results.At(last).Name(), typ: errorType}
	}
	b.checkFilled(m, at)
	b.applyMarks(m, doc, at)
	for k := range last {
		m.results = append(m.results, b.param(results.At(k), at, fmt.Sprintf("result %d", k+1)))
	}
	return m
}

// checkFilled reports a method like that of io.Reader, which writes into the
// caller's slice: elsewhere that is a copy, and the caller would see nothing.
func (b *builder) checkFilled(m *method, at where) {
	if m.name != "Read" && m.name != "ReadAt" || len(m.params) == 0 {
		return
	}
	if p := m.params[0]; types.Identical(p.typ, byteSlice) {
		b.fs.add(at.pos, "take the number of bytes, and return them as a result", "%s fills the slice that it is given, which is a copy when the call comes from afar", at.path)
	}
}

func (b *builder) param(v *types.Var, at where, place string) *param {
	if name := v.Name(); name != "" && name != "_" {
		place = name
	}
	if b.run.ownSource(v) != nil && v.Pos().IsValid() {
		at.pos = v.Pos()
	}
	at.path += ": " + place
	b.checkLock(v.Type(), at)
	return &param{name: v.Name(), typ: v.Type(), shape: b.shape(v.Type(), at)}
}

func isInvalid(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Invalid
}
