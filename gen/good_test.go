package gen_test

import (
	"bytes"
	"context"
	"go/format"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netobj/netobj/gen"
)

// goodDirs are the packages below testdata/good.
func goodDirs(t testing.TB) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir("testdata/good", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			if files, _ := filepath.Glob(filepath.Join(path, "*.go")); len(files) > 0 {
				dirs = append(dirs, "./"+filepath.ToSlash(path))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

// TestGenerated holds the generated files of testdata/good against what is
// there. They are also formatted, compiled and vetted.
func TestGenerated(t *testing.T) {
	dirs := goodDirs(t)
	res, err := gen.Generate(context.Background(), &gen.Config{Patterns: dirs})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Findings {
		t.Error(f)
	}
	for _, f := range res.Files {
		name := gen.Relative(mustGetwd(t), f.Path)
		if formatted, err := format.Source(f.Content); err != nil || !bytes.Equal(formatted, f.Content) {
			t.Errorf("%s is not as gofmt would have it: %v", name, err)
		}
		switch {
		case !f.Stale():
		case *update:
			if err := f.Write(); err != nil {
				t.Error(err)
			}
		default:
			t.Errorf("%s differs; run go test -update if it should\n%s", name, f.Diff(name))
		}
	}
	if out, err := exec.Command("go", append([]string{"vet"}, dirs...)...).CombinedOutput(); err != nil {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}

// TestDeterministic generates the same packages in other ways: in another order, one
// by one from their own folders. The bytes are always the same.
func TestDeterministic(t *testing.T) {
	dirs := goodDirs(t)
	first := generated(t, &gen.Config{Patterns: dirs})
	if len(first) < 10 {
		t.Fatalf("only %d files", len(first))
	}
	for range 3 {
		slices.Reverse(dirs)
		compareFiles(t, generated(t, &gen.Config{Patterns: dirs}), first)
	}
	one := map[string]string{}
	for _, dir := range []string{"testdata/good/names", "testdata/good/references", "testdata/good/foreign", "testdata/good/directives"} {
		for path, text := range generated(t, &gen.Config{Dir: dir}) {
			one[path] = text
			if text != first[path] {
				t.Errorf("%s depends on what else is generated", path)
			}
		}
	}
	if len(one) < 3 {
		t.Errorf("only %d files one by one", len(one))
	}
	for path, text := range first {
		if strings.Contains(text, mustGetwd(t)) || strings.Contains(text, os.TempDir()) {
			t.Errorf("%s names a folder of this machine", path)
		}
	}
}

// generated runs the generator and returns what it makes, by path.
func generated(t *testing.T, cfg *gen.Config) map[string]string {
	t.Helper()
	res, err := gen.Generate(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range res.Files {
		texts[f.Path] = string(f.Content)
	}
	return texts
}

func compareFiles(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("two runs differ: %d and %d files", len(got), len(want))
	}
}

// TestLength keeps generated files short: at most 200 lines for an interface of
// four methods with scalars and one struct of three fields.
func TestLength(t *testing.T) {
	text, err := os.ReadFile("testdata/good/scalars/scalars_obj.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(text, []byte("\n")); lines > 200 {
		t.Errorf("%d lines", lines)
	}
}

func mustGetwd(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
