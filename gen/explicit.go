package gen

import (
	"fmt"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// -type and -o: what to generate, and where, is said on the command line.

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
