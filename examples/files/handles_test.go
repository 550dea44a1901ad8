package files_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/netobj/netobj/examples/files"
	"github.com/netobj/netobj/internal/proctest"
	"github.com/netobj/netobj/objects"
)

// holdFrom, when set, makes this program a client that opens the file "a" of the
// server there and holds it until it is killed.
const holdFrom = "NETOBJ_TEST_HOLD_FROM"

func TestMain(m *testing.M) {
	if url := os.Getenv(holdFrom); url != "" {
		if err := hold(context.Background(), url); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(proctest.Main(m))
}

func hold(ctx context.Context, url string) error {
	folder, err := objects.Open[files.Folder](ctx, objects.NewNode(nil), url, "folder")
	if err != nil {
		return err
	}
	file, err := folder.Open(ctx, "a")
	if err != nil {
		return err
	}
	fmt.Println("holding a")
	<-objects.Alive(file).Done()
	return context.Cause(objects.Alive(file))
}

// serve starts a server of a folder with one file, "a".
func serve(t *testing.T, content string) (server *proctest.Process, url string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	server = proctest.Start(t, exec.Command(proctest.Build(t, "examples/files/server"),
		"-listen", "tcp://127.0.0.1:0", "-folder", folder, "-lease", "100ms"))
	return server, server.Expect("serving " + folder + " at")
}

// TestHandles shows when files close: a released one at once, while its client
// goes on with another; the rest with the client's node.
func TestHandles(t *testing.T) {
	server, url := serve(t, "something")
	node := objects.NewNode(nil)
	defer node.Close()
	folder, err := objects.Open[files.Folder](t.Context(), node, url, "folder")
	if err != nil {
		t.Fatal(err)
	}
	kept, released := open(t, folder), open(t, folder)
	server.Expect("opened a, 2 open")

	objects.Release(released)
	server.Expect("closed a, 1 open")
	if _, err := released.Size(t.Context()); !errors.Is(err, objects.ErrReleased) {
		t.Errorf("a released file: %v", err)
	}
	if text, err := kept.ReadAt(t.Context(), 4, 100); err != nil || string(text) != "thing" {
		t.Errorf("the other file: %q, %v", text, err)
	}
	if _, err := folder.Open(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if err := node.Close(); err != nil {
		t.Error(err)
	}
	server.Expect("closed a, 0 open")
}

func open(t *testing.T, folder files.Folder) files.File {
	t.Helper()
	file, err := folder.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestDeadClient kills a process that holds a file: the server closes it.
func TestDeadClient(t *testing.T) {
	server, url := serve(t, "")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), holdFrom+"="+url)
	client := proctest.Start(t, cmd)
	client.Expect("holding a")
	server.Expect("opened a, 1 open")
	client.Kill()
	killed := time.Now()
	server.Expect("closed a, 0 open")
	if waited := time.Since(killed); waited > 30*time.Second {
		t.Errorf("the server kept the file for %v, with a lease of 100ms", waited)
	}
}
