package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m)) }

// TestQuickstart runs the whole show and compares what it prints with the
// README, but for the port.
func TestQuickstart(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "what they say:\n\n```\n")
	want, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("the README shows no output")
	}
	cmd := exec.Command(proctest.Build(t, "examples/quickstart"))
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("quickstart: %v\n%s", err, out)
	}
	if got := comparable(string(out)); got != comparable(want) {
		t.Errorf("quickstart printed\n%s\nthe README shows\n%s", out, want)
	}
}

// TestFailures: whatever part fails, the show says which, and exits with code 1.
func TestFailures(t *testing.T) {
	for _, c := range []struct{ name, args, env, says string }{
		{"no go command", "", "PATH=" + t.TempDir(), "quickstart: go build: "},
		{"no registry for the server", "server", "OBJREGISTRY=tcp://127.0.0.1:1", "tcp://127.0.0.1:1"},
		{"no registry for the client", "client", "OBJREGISTRY=tcp://127.0.0.1:1", "tcp://127.0.0.1:1"},
		{"an argument", "fast", "", `quickstart: unknown argument "fast"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := exec.Command(proctest.Build(t, "examples/quickstart"), strings.Fields(c.args)...)
			cmd.Env = append(os.Environ(), c.env)
			out, err := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), c.says) {
				t.Errorf("%v\n%s\nwant exit code 1 and %q", err, out, c.says)
			}
		})
	}
}

// TestEarlyEnd: a process that ends before it said what is waited for stops the
// show.
func TestEarlyEnd(t *testing.T) {
	p, err := start(exec.Command(proctest.Build(t, "examples/quickstart"), "fast"), "fast")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	_, err = p.expect("bound")
	if want := `the fast ended before it said "bound": exit status 1`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// comparable drops the registry's line, which has the port. Lines of different
// processes may come in another order: it keeps each process's own.
func comparable(output string) string {
	byProcess := map[string]string{}
	for line := range strings.Lines(output) {
		name, _, of := strings.Cut(line, " | ")
		if !of {
			name = ""
		}
		byProcess[strings.TrimSpace(name)] += line
	}
	return byProcess[""] + byProcess["server"] + byProcess["client"]
}
