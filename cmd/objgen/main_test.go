package main

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "update the golden parts of the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"objgen": main})
}

// TestScripts runs testdata/script/*.txtar. Each gets a module that knows this
// one, so that generated code can be compiled.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	env := goEnv(t, "GOMODCACHE", "GOCACHE", "GOPROXY", "GOFLAGS", "GOROOT")
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, env...)
			return writeModule(root, e.WorkDir)
		},
	})
}

func goEnv(t *testing.T, names ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env
}

// writeModule makes dir the module example.com/m, with the dependencies of the
// module in root.
func writeModule(root, dir string) error {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	text := strings.Replace(string(mod), "module github.com/netobj/netobj", "module example.com/m", 1)
	// A tool of the module itself is out of reach of its users' go.mod.
	text = strings.ReplaceAll(text, "tool github.com/netobj/netobj/cmd/objgen", "")
	text += "\ntool github.com/netobj/netobj/cmd/objgen\n\nrequire github.com/netobj/netobj v0.0.0\n\nreplace github.com/netobj/netobj => " + root + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o666)
}

// TestUsage checks exit codes that need no package.
func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args string
		want int
	}{
		{"-h", exitOK},
		{"-version", exitOK},
		{"-nonsense", exitUsage},
		{"-check -n", exitUsage},
	} {
		var out, msgs strings.Builder
		if got := run(context.Background(), strings.Fields(test.args), &out, &msgs); got != test.want {
			t.Errorf("objgen %s: exit %d, want %d\n%s", test.args, got, test.want, msgs.String())
		}
	}
}
