package main

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestColour: what a person should notice is red on a terminal, and nowhere else.
func TestColour(t *testing.T) {
	rows := [][]string{{"a", "unreachable"}, {"b\x1b[2J", "reachable"}}
	marked := func(row int) bool { return row == 0 }
	for _, c := range []struct {
		colour bool
		want   string
	}{
		{true, "NAME   STATE\n\x1b[31ma      unreachable\x1b[0m\nb\uFFFD[2J  reachable\n"},
		{false, "NAME   STATE\na      unreachable\nb\uFFFD[2J  reachable\n"},
	} {
		var out strings.Builder
		tool := &tool{out: &out, colour: c.colour}
		if err := tool.table([]string{"NAME", "STATE"}, rows, marked); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("colour %v: %q, want %q", c.colour, out.String(), c.want)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isTerminal(file) || isTerminal(&strings.Builder{}) {
		t.Error("a file is taken for a terminal")
	}
	if runtime.GOOS != "linux" {
		t.Skip("no terminal to be had")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer terminal.Close()
	t.Setenv("TERM", "xterm")
	if !isTerminal(terminal) {
		t.Error("a terminal is not taken for one")
	}
	t.Setenv("NO_COLOR", "1")
	if isTerminal(terminal) {
		t.Error("NO_COLOR does not hold")
	}
}
