package gen_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
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
// there. They are also compiled and vetted.
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
	for _, args := range [][]string{{"vet"}, {"tool", "gofmt"}} {
		if args[0] == "vet" {
			args = append(args, dirs...)
		} else {
			args = []string{"fmt", "-n"}
		}
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
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
