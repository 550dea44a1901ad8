package objects_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestPinnedObjectOutlivesItsHolders: the last holder lets go, and the object stays
// until it is unpinned, the last of its pins.
func TestPinnedObjectOutlivesItsHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := p.local.made[0]
		first, err1 := objects.Pin(p.server, owned)
		second, err2 := objects.Pin(p.server, owned)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		objects.Release(made)
		await(t)
		first()
		first() // the second pin is not its own
		await(t)
		if n := owned.unreferenced.Load(); n != 0 || p.server.Stats().Exports != 2 {
			t.Errorf("Unreferenced ran %d times, %d objects are exported", n, p.server.Stats().Exports)
		}
		second()
		await(t)
		if n := owned.unreferenced.Load(); n != 1 || p.server.Stats().Exports != 1 {
			t.Errorf("unpinned: Unreferenced ran %d times, %d objects are exported", n, p.server.Stats().Exports)
		}
	})
}

// TestPinnedForwarderIsNotGivenBack: a pinned proxy stays with its owner's holders,
// although this program has forgotten it.
func TestPinnedForwarderIsNotGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		unpin, err := objects.Pin(p.client, made)
		if err != nil {
			t.Fatal(err)
		}
		objects.Forget(made)
		await(t)
		if p.local.made[0].unreferenced.Load() != 0 {
			t.Error("it was given back")
		}
		unpin()
		await(t)
		if p.local.made[0].unreferenced.Load() != 1 {
			t.Error("unpinned, it was not given back")
		}
	})
}

// TestCloseEndsPins: the audit finds nothing, and the object is told.
func TestCloseEndsPins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newPair(t, quiet).server
		o := &thing{}
		unpin, err := objects.Pin(n, sample.Thing(o))
		if err != nil {
			t.Fatal(err)
		}
		n.Close()
		unpin()
		if o.unreferenced.Load() != 1 {
			t.Errorf("Unreferenced ran %d times", o.unreferenced.Load())
		}
		if _, err := objects.Pin(n, o); !errors.Is(err, objects.ErrClosed) {
			t.Errorf("on a closed node: %v", err)
		}
	})
}
