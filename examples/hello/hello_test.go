package hello_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/proctest"
)

// TestHello runs the example as its README says, but for its address, which
// another program may have taken.
func TestHello(t *testing.T) {
	address := "unix://" + filepath.ToSlash(filepath.Join(t.TempDir(), "socket"))
	proctest.Start(t, exec.Command(buildAt(t, address, "server")))
	client := buildAt(t, address, "client")
	out, err := exec.Command(client).CombinedOutput()
	for late := time.Now().Add(time.Minute); bytes.Contains(out, []byte("unreachable")) && time.Now().Before(late); {
		out, err = exec.Command(client).CombinedOutput() // the server does not listen yet, and prints nothing when it does
	}
	if err != nil || !bytes.Contains(out, []byte("Hello, world! <nil>")) {
		t.Errorf("the client printed %q, %v", out, err)
	}
}

// buildAt builds one of the two programs with another address in its source.
func buildAt(t *testing.T, address, name string) string {
	t.Helper()
	source, err := filepath.Abs(filepath.Join(name, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	const fixed = "tcp://127.0.0.1:7070"
	if bytes.Count(text, []byte(fixed)) != 1 {
		t.Fatalf("%s does not name %s once", source, fixed)
	}
	folder := t.TempDir()
	changed, overlay, program := filepath.Join(folder, "main.go"), filepath.Join(folder, "overlay.json"), filepath.Join(folder, name+".exe")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, changed, bytes.Replace(text, []byte(fixed), []byte(address), 1))
	write(t, overlay, replace)
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestThirtyLines counts what a user writes: no blank lines, no comments.
func TestThirtyLines(t *testing.T) {
	count := 0
	for _, file := range []string{"hello.go", "server/main.go", "client/main.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				count++
			}
		}
	}
	if count > 30 {
		t.Errorf("%d lines, at most 30 are allowed", count)
	}
}
