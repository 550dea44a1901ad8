package gen

import (
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What type information leaves out is found in the source text: marks and doc
// comments.

// isMarked tells whether the declaration of obj has the export mark.
func (r *run) isMarked(obj *types.TypeName) bool {
	marked, done := r.marked[obj]
	if !done {
		_, doc := findDecl(r.syntaxOf(obj.Pkg(), obj.Pos()), obj.Name())
		for _, c := range directives(doc...) {
			marked = marked || strings.TrimSpace(c.Text) == directivePrefix+markExport
		}
		r.marked[obj] = marked
	}
	return marked
}

// registrarOf finds the package whose generated code describes the interface obj
// without a mark: its own, or one that from imports, however far down. It returns
// nil if there is none.
func (r *run) registrarOf(obj *types.TypeName, from *types.Package) *types.Package {
	name := obj.Pkg().Path() + "." + obj.Name()
	if r.registers(obj.Pkg(), name) {
		return obj.Pkg()
	}
	seen := map[*types.Package]bool{from: true}
	next := slices.Clone(from.Imports())
	for len(next) > 0 {
		pkg := next[0]
		next = next[1:]
		if seen[pkg] {
			continue
		}
		seen[pkg] = true
		if r.registers(pkg, name) {
			return pkg
		}
		next = append(next, pkg.Imports()...)
	}
	return nil
}

// registers tells whether a generated file of pkg has code for the interface
// called name.
func (r *run) registers(pkg *types.Package, name string) bool {
	names, done := r.registered[pkg.Path()]
	if !done {
		names = map[string]bool{}
		if p := r.listed[pkg.Path()]; p != nil && !p.Standard {
			for _, file := range p.GoFiles {
				r.readRegistered(filepath.Join(p.Dir, file), names)
			}
		}
		r.registered[pkg.Path()] = names
	}
	return names[name]
}

func (r *run) readRegistered(path string, names map[string]bool) {
	text, err := os.ReadFile(path)
	if err != nil || !isGenerated(text) {
		return
	}
	for _, exported := range readOld(path, text).exported {
		names[exported] = true
	}
}

// findDecl finds the declaration of the package-level type called name, and the
// comments above it.
func findDecl(f *ast.File, name string) (*ast.TypeSpec, []*ast.CommentGroup) {
	if f == nil {
		return nil, nil
	}
	for _, d := range f.Decls {
		gd, ok := d.(*ast.GenDecl)
		if !ok || gd.Tok != token.TYPE {
			continue
		}
		for _, s := range gd.Specs {
			if spec, ok := s.(*ast.TypeSpec); ok && spec.Name.Name == name {
				return spec, []*ast.CommentGroup{gd.Doc, specDoc(gd, spec)}
			}
		}
	}
	return nil, nil
}

func findType(f *ast.File, name string) *ast.TypeSpec {
	spec, _ := findDecl(f, name)
	return spec
}

// typeDoc is the doc comment of the type.
func (r *run) typeDoc(obj *types.TypeName) string {
	if _, doc := findDecl(r.syntaxOf(obj.Pkg(), obj.Pos()), obj.Name()); len(doc) > 0 {
		return doc[1].Text()
	}
	return ""
}

// methodDoc is the comment above an interface method, in whatever package the
// interface is declared; nil if it has none.
func (r *run) methodDoc(fn *types.Func) *ast.CommentGroup {
	f := r.syntaxOf(fn.Pkg(), fn.Pos())
	if f == nil {
		return nil
	}
	var doc *ast.CommentGroup
	line := r.fset.Position(fn.Pos()).Line
	ast.Inspect(f, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if ok && len(field.Names) == 1 && field.Names[0].Name == fn.Name() && r.fset.Position(field.Names[0].Pos()).Line == line {
			doc = field.Doc
		}
		return doc == nil
	})
	return doc
}

// ownSource is the package of obj, if it is among those that the user asked for
// and can edit.
func (r *run) ownSource(obj types.Object) *source {
	if s := r.source[pathOf(obj)]; s != nil && !s.DepOnly && !s.Standard {
		return s
	}
	return nil
}

// ownsType tells whether the user can edit the declaration of t.
func (r *run) ownsType(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return !ok || r.ownSource(named.Obj()) != nil
}

// typeErrorAt is what the type checker said about the line of pos, or else about
// the imports of the file.
func (r *run) typeErrorAt(at token.Position) string {
	imports := ""
	for _, s := range r.source {
		for _, e := range s.errs {
			p := r.fset.Position(e.Pos)
			switch {
			case p.Filename != at.Filename:
			case p.Line == at.Line:
				return e.Msg
			case imports == "" && strings.HasPrefix(e.Msg, couldNotImport):
				imports = e.Msg
			}
		}
	}
	return imports
}

// line is a line of a file.
type line struct {
	file string
	line int
}

func lineOf(p token.Position) line { return line{p.Filename, p.Line} }
