package doctest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// line is one line of a document.
type line struct {
	file   string
	number int
	text   string
	code   bool // inside a code block
}

// lines calls f for each line of each Markdown file.
func lines(t *testing.T, f func(line)) {
	t.Helper()
	count := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case path.Ext(file) != ".md":
			return nil
		}
		count++
		text, err := fs.ReadFile(os.DirFS(root), file)
		l := line{file: file}
		for l.text = range strings.Lines(string(text)) {
			l.number++
			if strings.HasPrefix(l.text, "```") {
				l.code = !l.code
			}
			f(l)
		}
		return err
	})
	if err != nil || count == 0 {
		t.Fatalf("%d documents read: %v", count, err)
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]*))?\)`)

// TestLinks: every relative link leads to a file or folder, and to a heading if
// it names one.
func TestLinks(t *testing.T) {
	lines(t, func(l line) {
		for _, m := range link.FindAllStringSubmatch(l.text, -1) {
			if l.code || strings.Contains(m[1], "://") {
				continue
			}
			target := path.Join(path.Dir(l.file), m[1])
			if m[1] == "" {
				target = l.file
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s:%d: link to %s: %v", l.file, l.number, m[1], err)
			} else if m[2] != "" && !slices.Contains(headings(t, target), m[2]) {
				t.Errorf("%s:%d: %s has no heading #%s", l.file, l.number, target, m[2])
			}
		}
	})
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// headings returns the anchors of a document's headings, as GitHub makes them.
func headings(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if title := strings.TrimLeft(line, "#"); title != line {
			title = notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			all = append(all, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return all
}

var name = regexp.MustCompile(`\b(objects|registry|objtest|proxy|marshal|transport|gen)\.([A-Z]\w*)`)

// TestNames: every exported name that a document gives to a package is there.
func TestNames(t *testing.T) {
	known := map[string][]string{}
	lines(t, func(l line) {
		for _, m := range name.FindAllStringSubmatch(l.text, -1) {
			folder := m[1]
			if known[folder] == nil {
				known[folder] = exported(t, folder)
			}
			if !slices.Contains(known[folder], m[2]) {
				t.Errorf("%s:%d: there is no %s", l.file, l.number, m[0])
			}
		}
	})
}

// TestErrorTable: the page of package objects explains every sentinel error.
func TestErrorTable(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "objects", "doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range exported(t, "objects") {
		if strings.HasPrefix(name, "Err") && name != "Error" && !strings.Contains(string(page), "//\t"+name+" ") {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// exported returns the names that a package exports.
func exported(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	for _, file := range sources(t, folder) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			names = append(names, declared(d)...)
		}
	}
	return names
}

func declared(d ast.Decl) (names []string) {
	if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
		return []string{f.Name.Name}
	}
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return nil
	}
	for _, s := range g.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}

// sources returns the files of a package but its tests.
func sources(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package in %s: %v", folder, err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

var fileName = regexp.MustCompile("`((?:[a-z0-9_]+/)*[a-z0-9_]+\\.go)`")

// TestFiles: every Go file that docs/ names is there. Where no folder is given,
// it is that of the row or sentence.
func TestFiles(t *testing.T) {
	known := sourceFiles(t)
	lines(t, func(l line) {
		if !strings.HasPrefix(l.file, "docs/") {
			return
		}
		for _, m := range fileName.FindAllStringSubmatch(l.text, -1) {
			if !slices.ContainsFunc(known, func(f string) bool { return strings.HasSuffix("/"+f, "/"+m[1]) }) {
				t.Errorf("%s:%d: there is no file %s", l.file, l.number, m[1])
			}
		}
	})
}

var testName = regexp.MustCompile("`((?:Test|Fuzz|Example|Benchmark)[A-Z]\\w*)`")

// TestTests: every test that a document names is there.
func TestTests(t *testing.T) {
	known := tests(t)
	lines(t, func(l line) {
		for _, m := range testName.FindAllStringSubmatch(l.text, -1) {
			if !strings.Contains(known, "\nfunc "+m[1]+"(") {
				t.Errorf("%s:%d: there is no test %s", l.file, l.number, m[1])
			}
		}
	})
}

// tests returns the text of all test files.
func tests(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, file := range sourceFiles(t) {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// sourceFiles returns the paths of all Go files.
func sourceFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, _ fs.DirEntry, err error) error {
		if path.Ext(file) == ".go" {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	commandLine = regexp.MustCompile(`\b(objgen|objregistry|objctl)( [^` + "`" + `#|]*)`)
	flagUsed    = regexp.MustCompile(` --?([a-z][a-z-]*)`)
	flagDefined = regexp.MustCompile(`flags\.\w+\((?:[^",]+, )?"([a-z-]+)"`)
)

// TestFlags: every flag that a document gives to a command is there.
func TestFlags(t *testing.T) {
	lines(t, func(l line) {
		for _, m := range commandLine.FindAllStringSubmatch(l.text, -1) {
			known := flags(t, m[1])
			for _, f := range flagUsed.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(known, f[1]) {
					t.Errorf("%s:%d: %s has no flag %s", l.file, l.number, m[1], f[1])
				}
			}
		}
	})
}

// flags returns the flags that a command defines.
func flags(t *testing.T, command string) []string {
	t.Helper()
	var names []string
	for _, file := range sources(t, filepath.Join("cmd", command)) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range flagDefined.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) == 0 {
		t.Fatalf("no flags found in cmd/%s", command)
	}
	return names
}
