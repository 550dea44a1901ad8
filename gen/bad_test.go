package gen_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netobj/netobj/gen"
)

var update = flag.Bool("update", false, "write golden files")

// TestDiagnostics holds the findings for bad input against testdata/bad. Each
// case is an archive of a package and, as its last file, what objgen says of it.
func TestDiagnostics(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeModule(t, dir, "example.com/bad")
	cases := map[string]*txtar.Archive{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cases[name] = a
		for _, f := range a.Files {
			writeFile(t, filepath.Join(dir, name, f.Name), f.Data)
		}
	}
	checkPromised(t, cases)
	all := findingsByCase(t, dir, &gen.Config{Dir: dir, Patterns: []string{"./..."}})
	for name, a := range cases {
		t.Run(name, func(t *testing.T) {
			got := all[name]
			if flags := archived(a, "flags"); flags != nil {
				types := strings.TrimPrefix(strings.TrimSpace(string(flags.Data)), "-type ")
				got = findingsByCase(t, dir, &gen.Config{Dir: dir, Patterns: []string{"./" + name}, Types: strings.Split(types, ",")})[name]
			}
			if got == "" {
				t.Error("no finding")
			}
			for line := range strings.Lines(got) {
				if !complete.MatchString(line) {
					t.Errorf("a finding needs file:line:col, cause and remedy: %s", line)
				}
			}
			checkWant(t, "testdata/bad/"+name+".txtar", a, got)
		})
	}
}

// complete is what a finding looks like: "file:line:col: cause; remedy".
var complete = regexp.MustCompile(`^[\w/.]+\.go:[1-9]\d*:[1-9]\d*: [^;]+.*; .+\n$`)

// promised are findings that there must be a case of, by a part of their text.
var promised = []string{
	"no error result", "is a channel", "is a function", "is not exported by its package", "is a generic interface",
	"contains itself", "references cannot be map keys", "unknown directive", "duplicate method", "travels only as the first parameter",
	"opts.Meta[][].Hook.OnEnd: func()", "left out of this build", "is not an interface but", "is an interface that is not exported",
	"only unexported fields", "complex number", "is not an error",
}

func checkPromised(t *testing.T, cases map[string]*txtar.Archive) {
	t.Helper()
	if len(cases) < 25 {
		t.Errorf("%d cases, there must be at least 25", len(cases))
	}
	var all strings.Builder
	for _, a := range cases {
		if want := archived(a, "want"); want != nil {
			all.Write(want.Data)
		}
	}
	for _, text := range promised {
		if !strings.Contains(all.String(), text) {
			t.Errorf("no case has a finding with %q", text)
		}
	}
}

// findingsByCase runs the generator and sorts its findings by top folder. No
// package with findings may have files.
func findingsByCase(t *testing.T, dir string, cfg *gen.Config) map[string]string {
	t.Helper()
	res, err := gen.Generate(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	top := func(path string) string {
		return strings.Split(filepath.ToSlash(gen.Relative(dir, path)), "/")[0]
	}
	found := map[string]string{}
	for _, f := range res.Findings {
		f = f.Relative(dir)
		name := top(f.Pos.Filename)
		f.Pos.Filename = strings.TrimPrefix(filepath.ToSlash(f.Pos.Filename), name+"/")
		found[name] += f.String() + "\n"
	}
	for _, f := range res.Files {
		if found[top(f.Path)] != "" {
			t.Errorf("%s: a file is generated in spite of the findings", f.Path)
		}
	}
	return found
}

func archived(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

func checkWant(t *testing.T, path string, a *txtar.Archive, got string) {
	t.Helper()
	want := archived(a, "want")
	if *update {
		if want == nil {
			a.Files = append(a.Files, txtar.File{Name: "want"})
			want = &a.Files[len(a.Files)-1]
		}
		want.Data = []byte(got)
		writeFile(t, path, txtar.Format(a))
		return
	}
	if want == nil || string(want.Data) != got {
		t.Errorf("findings differ from %s; run go test -update if they should\n%s", path, got)
	}
}

// writeModule writes a go.mod that knows what the module under test knows.
func writeModule(t testing.TB, dir, path string) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mod), "module github.com/netobj/netobj", "module "+path, 1)
	text += "\nrequire github.com/netobj/netobj v0.0.0\n\nreplace github.com/netobj/netobj => " + root + "\n"
	writeFile(t, filepath.Join(dir, "go.mod"), []byte(text))
	writeFile(t, filepath.Join(dir, "go.sum"), sum)
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
