package gen

import (
	"cmp"
	"go/ast"
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
		marked := mentionsMark(f.text)
		switch {
		case f.err != nil && (marked || f.syntax == nil):
			pos, msg := f.firstSyntaxError()
			fs.addAt(pos, "fix the syntax", "%s", msg)
		case f.syntax == nil || !marked:
		case f.syntax.Name.Name != s.Name:
			fs.add(f.syntax.Name.Pos(), "move the file to a folder of its own, or change its package clause",
				"this file is of package %s, the others in its folder are of package %s", f.syntax.Name.Name, s.Name)
		default:
			r.decls[s] = append(r.decls[s], marksIn(f, fs)...)
		}
	}
	for _, f := range s.excluded {
		if f.syntax != nil && f.err == nil {
			reportExcluded(f, fs)
		}
	}
}

// reportExcluded reports the marks in a file that is not part of the build.
func reportExcluded(f *file, fs *findings) {
	why, remedy := "is left out of this build by its build constraints", "move the declaration to a file without constraints, or pass -tags"
	if strings.HasSuffix(f.path, "_test.go") {
		why, remedy = "is a test file, and tests alone cannot have generated code", "move the declaration to a file that is not a test"
	}
	for _, d := range marksIn(f, fs) {
		fs.add(d.pos, remedy, "%s%s on %s: %s %s", directivePrefix, d.mark, d.name.Name, filepath.Base(f.path), why)
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
