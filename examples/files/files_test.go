package files_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	content := make([]byte, 5<<20+123)
	rand.NewChaCha8([32]byte{7}).Read(content)
	if err := os.WriteFile(filepath.Join(folder, "a"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	server := proctest.Start(t, exec.Command(proctest.Build(t, "examples/files/server"), "-listen", "tcp://127.0.0.1:0", "-folder", folder))
	url := server.Expect("serving " + folder + " at")

	client := proctest.Build(t, "examples/files/client")
	out, err := exec.Command(client, "-server", url, "a", "b").CombinedOutput()
	if want := fmt.Sprintf("copied %d bytes, SHA-256 %x\n", len(content), sha256.Sum256(content)); err != nil || string(out) != want {
		t.Fatalf("client: %v\n%swant %s", err, out, want)
	}
	if copied, err := os.ReadFile(filepath.Join(folder, "b")); err != nil || !bytes.Equal(copied, content) {
		t.Errorf("the copy differs: %v", err)
	}
	server.Expect("opened b, 2 open")
	server.Expect(", 0 open") // both are closed, although nobody calls Close

	out, err = exec.Command(client, "-server", url, "../etc/passwd", "c").CombinedOutput()
	if err == nil {
		t.Errorf("the client got out of the folder: %s", out)
	}
	out, _ = exec.Command(client, "-server", url, "none", "c").CombinedOutput()
	if !bytes.Contains(out, []byte("no such file")) {
		t.Errorf("a missing file: %s", out)
	}
	if err := server.Signal(os.Interrupt); err != nil {
		t.Errorf("server: %v", err)
	}
}
