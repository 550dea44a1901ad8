package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m)) }

// TestFailover runs the whole show and compares what it prints with the README.
func TestFailover(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```\n")
	if len(blocks) != 5 {
		t.Fatal("the README shows no output")
	}
	cmd := exec.Command(proctest.Build(t, "examples/failover"))
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("failover: %v\n%s", err, out)
	}
	if got := bySource(string(out)); got != bySource(blocks[3]) {
		t.Errorf("failover printed\n%s\nthe README shows\n%s", out, blocks[3])
	}
}

// TestFailures: whatever fails, the show says so, and exits with code 1.
func TestFailures(t *testing.T) {
	for args, says := range map[string]string{
		"fast":   `failover: unknown argument "fast"`,
		"server": "tcp://127.0.0.1:1", // no registry
	} {
		cmd := exec.Command(proctest.Build(t, "examples/failover"), args)
		cmd.Env = append(os.Environ(), "OBJREGISTRY=tcp://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), says) {
			t.Errorf("%v\n%s\nwant exit code 1 and %q", err, out, says)
		}
	}
}

// bySource sorts lines by where they come from: only those of one source have an order.
func bySource(output string) string {
	sources := map[string]string{}
	for line := range strings.Lines(output) {
		name, _, _ := strings.Cut(line, " | ")
		sources[strings.TrimSpace(name)] += line
	}
	return sources["killing the server"] + sources["first"] + sources["second"] + sources["client"] + sources["events"]
}
