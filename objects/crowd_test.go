package objects_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// holderEnv makes the test binary a holder process: it names the address of the
// owner.
const holderEnv = "NETOBJ_TEST_HOLDER"

func TestMain(m *testing.M) {
	if url := os.Getenv(holderEnv); url != "" {
		if err := hold(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	holders   = 20
	perHolder = 5000
)

// hold is a holder process: it takes its references, says so, drops them when
// it is told to, and leaves when its input ends.
func hold(url string) error {
	node := objects.NewNode(nil)
	defer node.Close()
	held, err := take(node, url)
	if err != nil {
		return err
	}
	fmt.Println("holding", len(held))
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() { // told to drop them
		return in.Err()
	}
	runtime.KeepAlive(held)
	held = nil
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for node.Stats().Imports > 2 { // the root and the peer's node object
		runtime.GC()
		<-poll.C // cleanups run, releases leave
	}
	fmt.Println("dropped")
	in.Scan()
	return nil
}

func take(node *objects.Node, url string) ([]sample.Thing, error) {
	root, err := objects.Open[sample.Thing](context.Background(), node, url, "thing")
	if err != nil {
		return nil, err
	}
	held := make([]sample.Thing, perHolder)
	for i := range held {
		if held[i], err = root.Make(context.Background()); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// holder is a holder process as its parent sees it.
type holder struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func startHolder(t *testing.T, url string) *holder {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: exec.Command(self)}
	h.cmd.Env = append(os.Environ(), holderEnv+"="+url)
	h.cmd.Stderr = os.Stderr
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.lines = bufio.NewScanner(out)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.cmd.Process.Kill()
		h.cmd.Wait()
	})
	return h
}

// expect waits for a line of the process.
func (h *holder) expect(t *testing.T, want string) {
	t.Helper()
	if !h.lines.Scan() || !strings.HasPrefix(h.lines.Text(), want) {
		t.Fatalf("holder said %q, want %q", h.lines.Text(), want)
	}
}

// TestManyHoldersDieOrDrop gives 100,000 references to 20 processes. Half of
// them are killed, the others leave their references to the garbage collector.
// The owner must notice the end of every object.
func TestManyHoldersDieOrDrop(t *testing.T) {
	if testing.Short() {
		t.Skip("starts 20 processes")
	}
	const lease = 2 * time.Second
	kit := objtest.NewConfig(t, objects.Config{Lease: lease, Logger: quiet.Logger})
	node := kit.NodeAt("tcp://127.0.0.1:0")
	var live atomic.Int64
	live.Store(holders * perHolder)
	allGone := make(chan struct{})
	root := &thing{gone: func() {
		if live.Add(-1) == 0 {
			close(allGone)
		}
	}}
	if err := objects.Publish[sample.Thing](node, "thing", root); err != nil {
		t.Fatal(err)
	}
	before := node.Stats().Exports

	all := make([]*holder, holders)
	for i := range all {
		all[i] = startHolder(t, node.Addrs()[0])
	}
	for _, h := range all {
		h.expect(t, fmt.Sprint("holding ", perHolder))
	}
	if n := node.Stats().Exports - before; n != holders*perHolder {
		t.Fatalf("%d objects are exported, want %d", n, holders*perHolder)
	}
	for _, h := range all[:holders/2] {
		h.cmd.Process.Kill()
	}
	killed := time.Now()
	for _, h := range all[holders/2:] {
		fmt.Fprintln(h.stdin, "drop")
	}
	for _, h := range all[holders/2:] {
		h.expect(t, "dropped")
	}
	select {
	case <-allGone:
	case <-t.Context().Done():
	}
	t.Logf("all reclaimed %v after the kill; the lease is %v", time.Since(killed).Round(time.Millisecond), lease)
	if n := node.Stats().Exports; n != before {
		t.Errorf("%d exports are left, %d at the start", n, before)
	}
	for _, h := range all[holders/2:] {
		h.stdin.Close()
		if err := h.cmd.Wait(); err != nil {
			t.Errorf("holder: %v", err)
		}
	}
}
