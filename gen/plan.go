package gen

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// plan reads the marks and decides what goes into which file.
func (r *run) plan() ([]*unit, error) {
	for _, s := range r.roots {
		r.readMarks(s)
	}
	if len(r.cfg.Types) > 0 || r.cfg.Output != "" {
		return r.planExplicit()
	}
	var units []*unit
	for _, s := range r.roots {
		units = append(units, r.planPackage(s)...)
	}
	for _, u := range units {
		r.nameTypes(u)
	}
	return units, nil
}

// readMarks collects the marked declarations of s, and reports marks in files
// that cannot be used.
func (r *run) readMarks(s *source) {
	fs := r.findings[s]
	if s.panicked != "" {
		fs.addAt(packagePosition(s), "fix what go vet reports, or simplify types that contain themselves", "the type checker gave up on this package: %s", s.panicked)
		return
	}
	for _, f := range s.files {
		if f.err != nil && (mentionsMark(f.text) || f.syntax == nil) {
			pos, msg := f.firstSyntaxError()
			fs.addAt(pos, "fix the syntax", "%s", msg)
			continue
		}
		if f.syntax != nil && f.syntax.Name.Name != s.Name && mentionsMark(f.text) {
			fs.add(f.syntax.Name.Pos(), "move the file to a folder of its own, or change its package clause",
				"this file is of package %s, the others in its folder are of package %s", f.syntax.Name.Name, s.Name)
			continue
		}
		if f.syntax != nil && mentionsMark(f.text) {
			r.decls[s] = append(r.decls[s], marksIn(f, fs)...)
		}
	}
	for _, f := range s.excluded {
		if f.syntax == nil || f.err != nil {
			continue
		}
		why, remedy := "is left out of this build by its build constraints", "move the declaration to a file without constraints, or pass -tags"
		if strings.HasSuffix(f.path, "_test.go") {
			why, remedy = "is a test file, and tests alone cannot have generated code", "move the declaration to a file that is not a test"
		}
		for _, d := range marksIn(f, fs) {
			fs.add(d.pos, remedy, "%s%s on %s: %s %s", directivePrefix, d.mark, d.name.Name, filepath.Base(f.path), why)
		}
	}
}

// planPackage repeats what earlier runs have generated in s, and generates what
// is marked now.
func (r *run) planPackage(s *source) []*unit {
	own := target{s.ImportPath, s.Name, s.Dir, s.types}
	main := &unit{pkg: s, target: own}
	var units []*unit
	for _, o := range s.old {
		switch {
		case o.elsewhere():
		case len(o.types) > 0:
			units = append(units, &unit{pkg: s, target: own, types: o.types, output: o.path})
		case o.oneFile && len(r.decls[s]) > 0:
			main.output = o.path
		}
	}
	if len(r.decls[s]) > 0 {
		units = append(units, main)
	}
	return units
}

// planExplicit makes the one unit of a run with -type or -o.
func (r *run) planExplicit() ([]*unit, error) {
	s, err := r.pickRoot()
	if err != nil {
		return nil, err
	}
	own := target{s.ImportPath, s.Name, s.Dir, s.types}
	if r.cfg.Output == "" {
		return r.planTypes(s, own), nil
	}
	u := &unit{pkg: s, target: own, types: r.cfg.Types, output: r.abs(r.cfg.Output)}
	if !strings.HasSuffix(u.output, ".go") {
		return nil, &UsageError{fmt.Sprintf("-o %s: the name must end in .go", r.cfg.Output)}
	}
	if dir := filepath.Dir(u.output); dir != s.Dir {
		if u.target, err = r.targetIn(dir, s); err != nil {
			return nil, err
		}
	}
	r.nameTypes(u)
	return []*unit{u}, nil
}

// planTypes makes one unit for each file that -type leads to without -o: as if
// each had been asked for with -o.
func (r *run) planTypes(s *source, own target) []*unit {
	byPath := map[string]*unit{}
	var units []*unit
	for _, t := range r.cfg.Types {
		_, name, _ := cutType(t)
		path := filepath.Join(s.Dir, strings.ToLower(name)+"_obj.go")
		if obj := r.lookupType(s, t); obj != nil {
			if f := r.fileOf(s, obj.Pos()); f != nil {
				path = filepath.Join(s.Dir, stem(f.path)+"_obj.go")
				r.checkMarked(s, f, obj)
			}
		}
		u := byPath[path]
		if u == nil {
			u = &unit{pkg: s, target: own, output: path}
			byPath[path] = u
			units = append(units, u)
		}
		u.types = append(u.types, t)
	}
	for _, u := range units {
		r.nameTypes(u)
	}
	return units
}

// checkMarked reports that the file generated for f already belongs to marked
// declarations.
func (r *run) checkMarked(s *source, f *file, obj types.Object) {
	if slices.ContainsFunc(r.decls[s], func(d decl) bool { return d.file == f }) {
		r.findings[s].add(obj.Pos(), "give -o another file name", "-type %s: %s belongs to the marked declarations of %s",
			obj.Name(), stem(f.path)+"_obj.go", filepath.Base(f.path))
	}
}

// pickRoot finds the package that -type and -o are about.
func (r *run) pickRoot() (*source, error) {
	var with []*source
	for _, s := range r.roots {
		declares := func(t string) bool {
			_, _, foreign := cutType(t)
			return !foreign && s.types.Scope().Lookup(t) != nil
		}
		if slices.ContainsFunc(r.cfg.Types, declares) {
			with = append(with, s)
		}
	}
	switch {
	case len(with) == 1:
		return with[0], nil
	case len(r.roots) == 1:
		return r.roots[0], nil
	case len(r.roots) == 0:
		return nil, &UsageError{"no Go package to generate code for"}
	}
	return nil, &UsageError{fmt.Sprintf("-type and -o need one package, not %d; name it", len(r.roots))}
}

// targetIn describes the package in dir, another folder than that of s.
func (r *run) targetIn(dir string, s *source) (target, error) {
	for _, p := range r.order {
		if p.Dir == dir {
			t := target{path: p.ImportPath, name: p.Name, dir: dir}
			if other := r.source[p.ImportPath]; other != nil {
				t.types = other.types
			}
			return t, nil
		}
	}
	if s.Module == nil {
		return target{}, &UsageError{fmt.Sprintf("-o %s: the folder is in no module", r.cfg.Output)}
	}
	rel, err := filepath.Rel(s.Module.Dir, dir)
	if err != nil || strings.HasPrefix(rel, "..") {
		return target{}, &UsageError{fmt.Sprintf("-o %s: the folder is outside module %s", r.cfg.Output, s.Module.Path)}
	}
	t := target{path: strings.TrimSuffix(s.Module.Path+"/"+filepath.ToSlash(rel), "/."), name: packageName(dir), dir: dir}
	return t, nil
}

// packageName is that of the Go files in dir, or else made from the folder's
// name.
func packageName(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, path := range files {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly)
		if err == nil && !strings.HasSuffix(f.Name.Name, "_test") {
			return f.Name.Name
		}
	}
	name := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, filepath.Base(dir))
	if !token.IsIdentifier(name) {
		return "objects"
	}
	return name
}

// nameTypes remembers what the unit's -type names, for whoever passes such a
// type.
func (r *run) nameTypes(u *unit) {
	if len(u.types) > 0 {
		// Other units of the package may need the same codecs.
		u.prefix = camel(strings.TrimSuffix(stem(u.output), "_obj"))
	}
	for _, t := range u.types {
		if obj := r.lookupType(u.pkg, t); obj != nil {
			r.named[obj.Pkg().Path()+"."+obj.Name()] = true
		}
	}
}

// lookupType finds the type that a -type argument names: in the package, in one
// that it imports, by package name or path, or in any other.
func (r *run) lookupType(s *source, t string) types.Object {
	path, name, foreign := cutType(t)
	if !foreign {
		return s.types.Scope().Lookup(name)
	}
	candidates := []string{path}
	for _, imported := range s.types.Imports() {
		if imported.Name() == path {
			candidates = append(candidates, imported.Path())
		}
	}
	for _, path := range candidates {
		if pkg, err := r.importPath(path); err == nil {
			if obj := pkg.Scope().Lookup(name); obj != nil {
				return obj
			}
		}
	}
	return nil
}

// build makes the model of u.
func (r *run) build(u *unit) *builder {
	b := &builder{
		run: r, unit: u, target: u.target, fs: r.findings[u.pkg],
		known: map[string]bool{}, broken: map[line]bool{}, endless: map[*types.Named]bool{},
	}
	for _, o := range u.pkg.old {
		for _, name := range o.exported {
			b.known[name] = true
		}
	}
	if len(u.types) > 0 {
		r.addNamed(b)
	} else {
		r.addMarked(b)
	}
	slices.SortFunc(u.outputs, func(a, b *output) int { return strings.Compare(a.path, b.path) })
	for _, out := range u.outputs {
		slices.Sort(out.header.from)
		out.header.from = slices.Compact(out.header.from)
		slices.SortFunc(out.errors, func(a, b *errorMark) int {
			return cmp.Or(compareBool(a.typ == nil, b.typ == nil), strings.Compare(a.name, b.name))
		})
	}
	b.nameCodecs()
	return b
}

// addNamed builds what -type names.
func (r *run) addNamed(b *builder) {
	for _, t := range b.unit.types {
		obj := r.lookupType(b.unit.pkg, t)
		if obj == nil {
			b.fs.addAt(packagePosition(b.unit.pkg), "check the spelling; for another package write import/path.Name", "-type %s: no such type", t)
			continue
		}
		if i := b.namedInterface(t, obj); i != nil {
			out := b.outputFor(r.fileOf(b.unit.pkg, obj.Pos()))
			out.ifaces = append(out.ifaces, i)
		}
	}
}

// namedInterface builds the interface that -type calls t, or reports why not.
func (b *builder) namedInterface(t string, obj types.Object) *iface {
	r, from := b.run, b.unit.pkg
	here := packagePosition(from)
	if !obj.Exported() && obj.Pkg().Path() != b.target.path {
		b.fs.addAt(here, "use -o in its own package", "-type %s: the type is not exported by its package", t)
		return nil
	}
	doc := ""
	if tn, ok := obj.(*types.TypeName); ok {
		doc = r.typeDoc(tn)
		if other := r.registrarOf(tn, from.types); obj.Pkg() != from.types && other != nil && other.Path() != b.target.path {
			b.fs.addAt(here, "leave it out; importing that package is enough", "-type %s: package %s has generated code for it already", t, other.Path())
			return nil
		}
	}
	if r.ownSource(obj) != nil {
		return b.interfaceOf(obj, obj.Pos(), doc)
	}
	// What is wrong with it cannot be mended where it is.
	outer, inside := b.fs, &findings{fset: b.fs.fset}
	b.fs = inside
	i := b.interfaceOf(obj, obj.Pos(), doc)
	b.fs = outer
	for _, f := range inside.all {
		if !strings.Contains(f.Remedy, " -type ") {
			f.Remedy = "declare an interface of your own"
		}
		b.fs.addAt(here, f.Remedy, "-type %s: %s", t, f.Cause)
	}
	return i
}

// addMarked builds what is marked.
func (r *run) addMarked(b *builder) {
	seen := map[types.Object]bool{}
	for _, d := range r.decls[b.unit.pkg] {
		obj := b.unit.pkg.types.Scope().Lookup(d.name.Name)
		if d.name.Name != "_" && (obj == nil || obj.Pos() != d.name.Pos()) {
			b.fs.add(d.name.Pos(), "rename one of them", "%s is declared twice", d.name.Name)
			continue
		}
		if obj != nil && seen[obj] {
			b.fs.add(d.pos, "remove one", "%s has more than one mark", obj.Name())
			continue
		}
		seen[obj] = true
		_, isType := d.spec.(*ast.TypeSpec)
		switch {
		case d.mark == markExport && !isType:
			b.fs.add(d.name.Pos(), "mark an interface type", "%s%s on variable %s", directivePrefix, d.mark, d.name.Name)
		case d.mark == markExport:
			if i := b.interfaceOf(obj, d.name.Pos(), d.doc); i != nil {
				out := b.outputFor(d.file)
				out.ifaces = append(out.ifaces, i)
			}
		case isType:
			if e := b.errorTypeOf(obj, d.name.Pos()); e != nil {
				out := b.outputFor(d.file)
				out.errors = append(out.errors, e)
			}
		default:
			if e := b.sentinel(obj, d.name.Pos()); e != nil {
				out := b.outputFor(d.file)
				out.errors = append(out.errors, e)
			}
		}
	}
}

// outputFor returns the output for a declaration in f, which is nil for one of
// another package.
func (b *builder) outputFor(f *file) *output {
	u := b.unit
	path := u.output
	if path == "" {
		path = b.homeOf(f)
	}
	for _, out := range u.outputs {
		if out.path == path {
			b.addFrom(out, f)
			return out
		}
	}
	out := &output{path: path, header: header{types: u.types, oneFile: u.output != "" && len(u.types) == 0}}
	b.addFrom(out, f)
	u.outputs = append(u.outputs, out)
	return out
}

func (b *builder) addFrom(out *output, f *file) {
	if f == nil {
		return
	}
	from := filepath.Base(f.path)
	if b.target.path != b.unit.pkg.ImportPath {
		from = b.unit.pkg.ImportPath + "/" + from
	}
	out.header.from = append(out.header.from, from)
	out.constraint = joinConstraints(out.constraint, constraintOf(f))
}

func (r *run) fileOf(s *source, pos token.Pos) *file {
	name := r.fset.Position(pos).Filename
	for _, f := range s.files {
		if f.path == name {
			return f
		}
	}
	return nil
}

// packagePosition is where to report what is wrong with a package as a whole.
func packagePosition(s *source) token.Position {
	for _, f := range s.files {
		return token.Position{Filename: f.path, Line: 1, Column: 1}
	}
	return token.Position{Filename: s.Dir}
}

func capital(name string) string {
	r := []rune(name)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// camel makes a name of a file name: "bank_account" becomes "BankAccount".
func camel(text string) string {
	out := ""
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		out += capital(word)
	}
	return out
}
