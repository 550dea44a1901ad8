package hello_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/proctest"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m)) }

// TestHello runs the example as its README says. Its address is fixed: another
// program there makes the test impossible.
func TestHello(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:7070")
	if err != nil {
		t.Skip("the example's address is taken:", err)
	}
	free.Close()
	proctest.Start(t, exec.Command(proctest.Build(t, "examples/hello/server")))
	awaitListener(t, "127.0.0.1:7070")
	out, err := exec.Command(proctest.Build(t, "examples/hello/client")).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("Hello, world! <nil>")) {
		t.Errorf("the client printed %q, %v", out, err)
	}
}

// awaitListener dials until somebody listens; the server prints nothing to wait
// for.
func awaitListener(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatal("the server does not listen: ", err)
		}
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
