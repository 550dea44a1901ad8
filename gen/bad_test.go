package gen_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
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
			checkWant(t, "testdata/bad/"+name+".txtar", a, got)
		})
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
