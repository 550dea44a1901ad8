package gen

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// FuzzGenerate feeds source text to the generator. It must never panic, and give
// either findings or code; the code must parse, and must compile if the source
// does.
func FuzzGenerate(f *testing.F) {
	base := fuzzBase(f)
	addSources(f, "testdata/good/*/*.go")
	addArchives(f, "testdata/bad/*.txtar")
	f.Fuzz(func(t *testing.T, text []byte) {
		s, res := generateText(t, base, text)
		if len(res.Findings) > 0 {
			for _, finding := range res.Findings {
				if finding.Cause == "" || finding.Remedy == "" || finding.Pos.Line == 0 {
					t.Errorf("incomplete finding: %+v", finding)
				}
			}
			if len(res.Files) > 0 {
				t.Error("files in spite of findings")
			}
			return
		}
		for _, file := range res.Files {
			if len(s.errs) == 0 && file.Content != nil {
				checkCompiles(t, base, s, file)
			}
		}
	})
}

// fuzzImports are the packages that a source may import.
var fuzzImports = []string{proxyPath, marshalPath, "context", "time", "math/big", "net/url", "net/netip", "errors", "fmt", "io"}

// fuzzBase loads once what sources may import.
func fuzzBase(f *testing.F) *loader {
	f.Helper()
	l, err := load(context.Background(), &Config{}, fuzzImports)
	if err != nil {
		f.Fatal(err)
	}
	return l
}

func addSources(f *testing.F, pattern string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if !isGenerated(text) {
			f.Add(text)
		}
	}
}

func addArchives(f *testing.F, pattern string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if strings.HasSuffix(file.Name, ".go") {
				f.Add(file.Data)
			}
		}
	}
}

// generateText runs the generator on one file of a package that exists in memory
// only.
func generateText(t *testing.T, base *loader, text []byte) (*source, *Result) {
	l := *base
	l.types, l.source, l.parsed = maps.Clone(base.types), map[string]*source{}, map[string]*ast.File{}
	dir := t.TempDir()
	name := "fuzz"
	if clause, err := parser.ParseFile(token.NewFileSet(), "", text, parser.PackageClauseOnly); err == nil {
		name = clause.Name.Name
	}
	s := &source{listed: &listed{ImportPath: "example.com/fuzz", Name: name, Dir: dir}}
	file := &file{path: filepath.Join(dir, "fuzz.go"), text: text}
	s.files = append(s.files, file)
	if isGenerated(text) {
		s.old, s.files = append(s.old, readOld(file.path, text)), nil
	}
	for _, f := range s.files {
		l.parse(f)
	}
	l.source[s.ImportPath] = s
	l.check(s)
	r := newRun(&l, &Config{})
	r.addRoot(s)
	units, err := r.plan()
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.generate(units)
	if err != nil {
		t.Fatal(err)
	}
	return s, res
}

// checkCompiles type-checks the source together with what was generated for it.
func checkCompiles(t *testing.T, base *loader, s *source, generated File) {
	l := *base
	l.types, l.source = maps.Clone(base.types), map[string]*source{}
	syntax, err := parser.ParseFile(l.fset, generated.Path, generated.Content, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	files := []*ast.File{syntax}
	for _, f := range s.files {
		files = append(files, f.syntax)
	}
	conf := types.Config{Importer: importerFor{&l, nil}, Error: func(err error) {
		var e types.Error
		if errors.As(err, &e) && l.fset.Position(e.Pos).Filename == generated.Path {
			t.Errorf("%v\n%s", err, generated.Content)
		}
	}}
	// The error is the first of those that conf.Error has seen.
	_, _ = conf.Check(s.ImportPath, l.fset, files, nil)
}
