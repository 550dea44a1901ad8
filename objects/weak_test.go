package objects_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// lend lets node n hold a thing of owner, which nothing else keeps but the caller.
func lend(t *testing.T, owner, n *objects.Node, v sample.Thing) sample.Thing {
	t.Helper()
	if err := objects.Publish(owner, "lent", v); err != nil {
		t.Fatal(err)
	}
	defer objects.Unpublish(owner, "lent")
	lent, err := objects.Open[sample.Thing](t.Context(), n, owner.Addrs()[0], "lent")
	if err != nil {
		t.Fatal(err)
	}
	return lent
}

func weaken(t *testing.T, v sample.Thing) *objects.WeakRef[sample.Thing] {
	t.Helper()
	w, err := objects.NewWeakRef(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// get calls the object of a weak reference.
func get(ctx context.Context, w *objects.WeakRef[sample.Thing]) error {
	v, err := w.Get(ctx)
	if err != nil {
		return err
	}
	defer objects.Release(v)
	_, err = v.Add(ctx, 1, 2)
	return err
}

// TestWeakRefDoesNotKeep: the object is reached while its owner has it, is not
// exported meanwhile, and when the owner drops it the holder is told.
func TestWeakRefDoesNotKeep(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		listener := &thing{name: "listener"}
		strong := lend(t, p.client, p.server, listener)
		w := weaken(t, strong)
		if again, err := w.Get(t.Context()); err != nil || again != strong {
			t.Errorf("while there is a proxy: %v, %v", again, err)
		}
		objects.Release(strong)
		await(t)
		if n := listener.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
		for range 2 {
			if err := get(t.Context(), w); err != nil {
				t.Errorf("the owner keeps it: %v", err)
			}
			await(t)
		}
		if n := listener.unreferenced.Load(); n != 3 || w.Alive().Err() != nil {
			t.Errorf("Unreferenced ran %d times, %v", n, w.Alive().Err())
		}
		runtime.KeepAlive(listener)
		listener, strong = nil, nil
		collect(t, func() bool { return w.Alive().Err() != nil })
		if err := context.Cause(w.Alive()); !errors.Is(err, objects.ErrGone) {
			t.Errorf("Alive ended with %v", err)
		}
		if err := get(t.Context(), w); !errors.Is(err, objects.ErrGone) {
			t.Errorf("when nothing keeps it: %v", err)
		}
	})
}

// TestWeakRefBreaksACycle: the child holds its parent weakly, so both go when
// nobody else has the parent.
func TestWeakRefBreaksACycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		type parent struct {
			thing
			child sample.Thing
		}
		type child struct {
			thing
			parent *objects.WeakRef[sample.Thing]
		}
		one, other := &parent{}, &child{}
		one.child = lend(t, p.server, p.client, other)
		other.parent = weaken(t, lend(t, p.client, p.server, one))
		if err := get(t.Context(), other.parent); err != nil {
			t.Fatal(err)
		}
		alive := other.parent.Alive()
		runtime.KeepAlive(one)
		one = nil
		collect(t, func() bool { return other.unreferenced.Load() == 1 && alive.Err() != nil })
	})
}

// TestWeakRefThroughANode: the owner is asked by way of the node that passed the
// object on.
func TestWeakRefThroughANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forwarding)
		third := p.kit.Node()
		far := lend(t, p.client, third, p.remote)
		w := weaken(t, far)
		objects.Release(far)
		await(t)
		if err := get(t.Context(), w); err != nil {
			t.Error(err)
		}
		p.kit.Part(p.client)
		<-w.Alive().Done()
		if err := get(t.Context(), w); !errors.Is(err, objects.ErrUnreachable) {
			t.Errorf("over a broken connection: %v", err)
		}
	})
}

// TestWeakRefOfThisProcess: no peer is needed.
func TestWeakRefOfThisProcess(t *testing.T) {
	local := &thing{}
	w := weaken(t, local)
	if got, err := w.Get(t.Context()); err != nil || got != sample.Thing(local) || w.Alive().Err() != nil {
		t.Errorf("%v, %v", got, err)
	}
	runtime.KeepAlive(local)
	local = nil
	for range 100 {
		runtime.GC()
		if _, err := w.Get(t.Context()); errors.Is(err, objects.ErrGone) {
			return
		}
	}
	t.Error("it is still there")
}
