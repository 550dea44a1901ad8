//go:build !race

// The race detector allocates, and makes sync.Pool forget at random.

package objects_test

import (
	"runtime/debug"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// newNodeAt returns a node that is as users have it, without what objtest sets, but
// for calls within the process.
func newNodeAt(t *testing.T, url string) *objects.Node {
	t.Helper()
	n := objects.NewNode(&objects.Config{LocalCallsOnWire: true})
	t.Cleanup(func() {
		if err := n.Close(); err != nil || n.Stats() != (objects.Stats{}) {
			t.Errorf("closing: %v; left: %+v", err, n.Stats())
		}
	})
	if url != "" {
		if err := n.Listen(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestAllocsOfACall pins what a call over tcp allocates on both sides together. That
// is what either side takes by itself, see TestAllocsOfACaller: the connection adds
// nothing.
func TestAllocsOfACall(t *testing.T) {
	server, client := newNodeAt(t, "tcp://127.0.0.1:0"), newNodeAt(t, "")
	if err := objects.Publish[sample.Thing](server, "thing", &thing{}); err != nil {
		t.Fatal(err)
	}
	remote, err := objects.Open[sample.Thing](t.Context(), client, server.Addrs()[0], "thing")
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	ctx := t.Context()
	item := sample.Item{ID: 1, Name: "cup", Price: 2.5}
	for _, kind := range []struct {
		name   string
		pinned float64
		call   func() error
	}{
		{"add", 1, func() error { _, err := remote.Add(ctx, 2, 3); return err }},
		{"echo", 3, func() error { _, err := remote.Echo(ctx, item); return err }},
		{"a known reference there and back", 3, func() error { _, err := remote.Same(ctx, remote); return err }},
	} {
		run := func() {
			if err := kind.call(); err != nil {
				t.Fatal(err)
			}
		}
		for range 100 {
			run()
		}
		if n := testing.AllocsPerRun(1000, run); n > kind.pinned {
			t.Errorf("%s: %v allocations, pinned are %v", kind.name, n, kind.pinned)
		}
	}
}
