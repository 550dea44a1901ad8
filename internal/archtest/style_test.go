package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The lengths at which a file, or a function, wants to be two.
const (
	maxLines         = 450
	maxFunctionLines = 90
)

// sources parses the module's own Go files, without those in testdata, and calls
// f with each.
func sources(t *testing.T, f func(s *source)) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Skip("the rules of style are checked in a git checkout only: ", err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if strings.Contains(name, "testdata/") {
			continue
		}
		text, err := os.ReadFile("../../" + name)
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		s := &source{t: t, name: name, text: text, files: token.NewFileSet()}
		if s.File, err = parser.ParseFile(s.files, name, text, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		f(s)
	}
}

type source struct {
	*ast.File
	t     *testing.T
	name  string
	text  []byte
	files *token.FileSet
}

func (s *source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

func (s *source) errorf(at ast.Node, format string, args ...any) {
	s.t.Helper()
	s.t.Errorf("%v: "+format, append([]any{s.files.Position(at.Pos())}, args...)...)
}

// TestNoSleep: tests wait for events, or in a synctest bubble.
func TestNoSleep(t *testing.T) {
	sources(t, func(s *source) {
		if !s.isTest() && !strings.HasPrefix(s.name, "transport/transporttest/") && !strings.HasPrefix(s.name, "registry/storetest/") {
			return
		}
		ast.Inspect(s.File, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && call.Sel.Name == "Sleep" {
				if x, ok := call.X.(*ast.Ident); ok && x.Name == "time" {
					s.errorf(n, "a test sleeps")
				}
			}
			return true
		})
	})
}

// TestFileLength looks at what people write and read: no generated files, no
// tests.
func TestFileLength(t *testing.T) {
	sources(t, func(s *source) {
		if n := bytes.Count(s.text, []byte("\n")); n > maxLines && !s.isTest() && !ast.IsGenerated(s.File) {
			t.Errorf("%s has %d lines, more than %d: split it", s.name, n, maxLines)
		}
	})
}

// TestFunctionLength looks at what people write and read, as TestFileLength does.
func TestFunctionLength(t *testing.T) {
	longest := 0
	sources(t, func(s *source) {
		if s.isTest() || ast.IsGenerated(s.File) {
			return
		}
		for _, d := range s.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := s.files.Position(f.End()).Line - s.files.Position(f.Pos()).Line + 1
			longest = max(longest, n)
			if n > maxFunctionLines {
				s.errorf(f, "%s has %d lines, more than %d: split it", f.Name, n, maxFunctionLines)
			}
		}
	})
	t.Logf("the longest function has %d lines", longest)
}

// TestGeneratedImports: a generated file knows of the runtime the packages proxy
// and marshal, and no more.
func TestGeneratedImports(t *testing.T) {
	sources(t, func(s *source) {
		if !ast.IsGenerated(s.File) {
			return
		}
		for _, i := range s.Imports {
			switch own := within(strings.Trim(i.Path.Value, `"`)); {
			case own == "objects", own == "registry", below(own, "transport"), below(own, "gen"), below(own, "internal"):
				s.errorf(i, "a generated file imports %s", own)
			}
		}
	})
}

// TestDocumented: every package and every exported name of one that can be
// imported has a doc comment.
func TestDocumented(t *testing.T) {
	documented := map[string]bool{} // by folder
	sources(t, func(s *source) {
		folder := s.name[:strings.LastIndex("/"+s.name, "/")]
		documented[folder] = documented[folder] || s.Doc != nil || s.isTest()
		if s.isTest() || s.Name.Name == "main" || ast.IsGenerated(s.File) { // what is generated has the docs that its source has
			return
		}
		for _, d := range s.Decls {
			checkDecl(s, d)
		}
	})
	for folder, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", folder)
		}
	}
}

func checkDecl(s *source, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
			s.errorf(d, "%s has no doc comment", d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			checkSpec(s, d, spec)
		}
	}
}

func checkSpec(s *source, d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		if d.Doc == nil && spec.Doc == nil && spec.Name.IsExported() {
			s.errorf(spec, "%s has no doc comment", spec.Name)
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if d.Doc == nil && spec.Doc == nil && spec.Comment == nil && name.IsExported() {
				s.errorf(spec, "%s has no doc comment", name)
			}
		}
	}
}

// receiver returns the name of a method's type.
func receiver(d *ast.FuncDecl) string {
	for t := d.Recv.List[0].Type; ; {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
