package gen

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
)

// loader turns what `go list` says into type-checked packages. Packages with
// marks, and dependencies that do not compile, are checked from source, in
// dependency order; everything else is read from export data when first
// imported. All share one map of imports, so a type has one identity.
type loader struct {
	fset   *token.FileSet
	listed map[string]*listed
	order  []*listed
	types  map[string]*types.Package // as gcexportdata wants it: by path
	source map[string]*source
	parsed map[string]*ast.File // files of other packages, for marks and docs
}

// source is a package read from its source files.
type source struct {
	*listed
	files    []*file
	old      []*oldFile // what an objgen wrote earlier; left out of the check
	excluded []*file    // not part of the build, but with marks in them
	marked   bool       // some file may have marks
	types    *types.Package
	errs     []types.Error
	panicked string // what the type checker panicked with
}

// file is one parsed source file.
type file struct {
	path   string
	syntax *ast.File
	err    error // syntax errors
	text   []byte
}

func load(ctx context.Context, cfg *Config, patterns []string) (*loader, error) {
	all, err := list(ctx, cfg, patterns)
	if err != nil {
		return nil, err
	}
	l := &loader{
		fset:   token.NewFileSet(),
		listed: map[string]*listed{},
		order:  all,
		types:  map[string]*types.Package{"unsafe": types.Unsafe},
		source: map[string]*source{},
		parsed: map[string]*ast.File{},
	}
	for _, p := range all {
		l.listed[p.ImportPath] = p
	}
	return l, nil
}

// checkSources reads and checks, in dependency order, the packages that cannot
// come from export data: those with something to generate, and those that do
// not compile.
func (l *loader) checkSources(wanted func(*source) bool) error {
	for _, p := range l.order {
		if p.ImportPath == "unsafe" || p.Dir == "" || p.DepOnly && p.Export != "" {
			continue
		}
		s, err := l.read(p)
		if err != nil {
			return err
		}
		if p.Export != "" && !wanted(s) {
			continue
		}
		for _, f := range slices.Concat(s.files, s.excluded) {
			l.parse(f)
		}
		l.source[p.ImportPath] = s
		l.check(s)
	}
	return nil
}

// read reads the files of p. Files outside the build matter only for the marks
// that somebody may have put there.
func (l *loader) read(p *listed) (*source, error) {
	s := &source{listed: p}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if isGenerated(text) {
			s.old = append(s.old, readOld(path, text))
			continue
		}
		s.files = append(s.files, &file{path: path, text: text})
		s.marked = s.marked || mentionsMark(text)
	}
	if p.DepOnly {
		return s, nil
	}
	for _, name := range slices.Concat(p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles) {
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err == nil && mentionsMark(text) && !isGenerated(text) {
			s.excluded = append(s.excluded, &file{path: path, text: text})
			s.marked = true
		}
	}
	return s, nil
}

func (l *loader) parse(f *file) {
	f.syntax, f.err = parser.ParseFile(l.fset, f.path, f.text, parser.ParseComments|parser.SkipObjectResolution|parser.AllErrors)
}

// check type-checks s as far as it goes. Function bodies do not matter here,
// and errors are expected: the user's code may already name what is about to be
// generated.
func (l *loader) check(s *source) {
	conf := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Importer:         importerFor{l, s.ImportMap},
		Error: func(err error) {
			var e types.Error
			if errors.As(err, &e) {
				s.errs = append(s.errs, e)
			}
		},
	}
	if s.Module != nil && s.Module.GoVersion != "" {
		conf.GoVersion = "go" + s.Module.GoVersion
	}
	var syntax []*ast.File
	for _, f := range s.files {
		if f.syntax != nil && f.syntax.Name != nil && f.syntax.Name.Name == s.Name {
			syntax = append(syntax, f.syntax)
		}
	}
	s.types = l.survive(s, func() *types.Package {
		// The error is the first of those that conf.Error has seen.
		pkg, _ := conf.Check(s.ImportPath, l.fset, syntax, nil)
		return pkg
	})
	l.types[s.ImportPath] = s.types
}

// survive runs the type checker, which can panic on broken source, for example
// on some types that contain themselves.
func (l *loader) survive(s *source, check func() *types.Package) (pkg *types.Package) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked = fmt.Sprint(p)
			pkg = types.NewPackage(s.ImportPath, s.Name)
		}
	}()
	return check()
}

// importerFor resolves the imports of one source package.
type importerFor struct {
	l        *loader
	vendored map[string]string
}

func (i importerFor) Import(path string) (*types.Package, error) {
	if mapped, ok := i.vendored[path]; ok {
		path = mapped
	}
	return i.l.importPath(path)
}

// importPath returns the types of an import: checked already, or read from
// export data now.
func (l *loader) importPath(path string) (*types.Package, error) {
	if p := l.types[path]; p != nil && (p.Complete() || l.source[path] != nil) {
		return p, nil
	}
	p := l.listed[path]
	if p == nil {
		return nil, fmt.Errorf("no package %s", path)
	}
	if p.Export == "" {
		if p.Error != nil {
			text, _, _ := strings.Cut(strings.TrimSpace(p.Error.Err), "; to add it:")
			return nil, errors.New(text)
		}
		return nil, fmt.Errorf("package %s cannot be read", path)
	}
	f, err := os.Open(p.Export)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f) //lint:ignore SA1019 up to Go 1.27 the file is an archive, which Read does not take
	if err != nil {
		return nil, fmt.Errorf("export data of %s: %w", path, err)
	}
	return gcexportdata.Read(r, l.fset, l.types, path)
}

// syntaxOf returns the parsed file that holds pos, for its comments; nil if
// there is none or it cannot be found. The position may come from export data, which knows lines but
// no columns, and with -trimpath no folder.
func (l *loader) syntaxOf(pkg *types.Package, pos token.Pos) *ast.File {
	if pkg == nil {
		return nil // predeclared, like the method of error
	}
	name := l.fset.Position(pos).Filename
	if s := l.source[pkg.Path()]; s != nil {
		for _, f := range s.files {
			if f.path == name {
				return f.syntax
			}
		}
		return nil
	}
	p := l.listed[pkg.Path()]
	if p == nil || name == "" {
		return nil
	}
	path := filepath.Join(p.Dir, filepath.Base(name))
	if f, done := l.parsed[path]; done {
		return f
	}
	f, err := parser.ParseFile(l.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		f = nil
	}
	l.parsed[path] = f
	return f
}

// firstSyntaxError returns where and why the text of f does not parse.
func (f *file) firstSyntaxError() (token.Position, string) {
	var list scanner.ErrorList
	if errors.As(f.err, &list) && len(list) > 0 {
		return list[0].Pos, list[0].Msg
	}
	return token.Position{Filename: f.path, Line: 1, Column: 1}, f.err.Error()
}
