package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// ended runs a daemon until it listens, ends it, and returns its standard
// error.
func ended(t *testing.T, args ...string) string {
	t.Helper()
	var errOut bytes.Buffer
	args = append([]string{"--listen", "tcp://127.0.0.1:0", "--store", "memory"}, args...)
	cmd := exec.Command(proctest.Build(t, "cmd/objregistry"), args...)
	cmd.Stderr = &errOut
	p := proctest.Start(t, cmd)
	p.Expect("listening on")
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	return errOut.String()
}

func TestLogs(t *testing.T) {
	if text := ended(t); !strings.Contains(text, `level=INFO msg="registry is ready"`) || !strings.Contains(text, "registry ends") {
		t.Errorf("text: %q", text)
	}
	if text := ended(t, "--log-level", "warn"); text != "" {
		t.Errorf("at level warn: %q", text)
	}
	for line := range strings.Lines(ended(t, "--log-format", "json")) {
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("json: %q, %v", line, err)
		}
	}
}

func TestStateFolder(t *testing.T) {
	state := t.TempDir()
	t.Setenv("STATE_DIRECTORY", "")
	t.Setenv("XDG_STATE_HOME", state)
	_, url := daemon(t, "--listen", "tcp://127.0.0.1:0")
	bind(t, client(t, url, nil), "a")
	for path, want := range map[string]fs.FileMode{"netobj": 0o700 | fs.ModeDir, "netobj/registry.db": 0o600} {
		if info, err := os.Stat(filepath.Join(state, path)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestGrace(t *testing.T) {
	_, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", "memory", "--grace", "10ms")
	reader, owner := client(t, url, nil), objects.NewNode(nil)
	names, err := registry.Dial(t.Context(), owner, url)
	if err != nil {
		t.Fatal(err)
	}
	bind(t, names, "a")
	want := []registry.EventKind{registry.Bound, registry.Unreachable, registry.Unbound}
	for event, err := range reader.Watch(t.Context(), "") {
		if err != nil || event.Kind != want[0] {
			t.Fatalf("event %+v, %v, want %v", event, err, want[0])
		}
		if want = want[1:]; len(want) == 0 {
			break
		}
		if event.Kind == registry.Bound {
			owner.Close()
		}
	}
}

func TestPlaintextByName(t *testing.T) {
	_, url := daemon(t, "--listen", "tcp://0.0.0.0:0", "--store", "memory", "--allow-plaintext")
	port := url[strings.LastIndex(url, ":"):]
	bind(t, client(t, "tcp://127.0.0.1"+port, nil), "a")
}

// TestSocketOfAKilledDaemonIsTakenOver starts a daemon where another one left
// its socket, and a third one where that is in use.
func TestSocketOfAKilledDaemonIsTakenOver(t *testing.T) {
	url := "unix://" + filepath.Join(t.TempDir(), "registry.sock")
	p, _ := daemon(t, "--listen", url, "--store", "memory")
	p.Kill()
	daemon(t, "--listen", url, "--store", "memory")
	names := client(t, url, nil)
	bind(t, names, "a")

	var out bytes.Buffer
	if code := run([]string{"--listen", url, "--store", "memory"}, &out, &out); code != exitFailed || !strings.Contains(out.String(), "another process listens there") {
		t.Errorf("a second one on the same socket: exit code %d, %s", code, out.String())
	}
	if n := count(t, names); n != 1 {
		t.Errorf("%d names at the first one", n)
	}
}
