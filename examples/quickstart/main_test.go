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
	out, err := exec.Command(proctest.Build(t, "examples/quickstart")).Output()
	if err != nil {
		t.Fatalf("quickstart: %v\n%s", err, out)
	}
	if got := comparable(string(out)); got != comparable(want) {
		t.Errorf("quickstart printed\n%s\nthe README shows\n%s", out, want)
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
