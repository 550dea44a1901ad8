package objects_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// onWireAndDirect runs a test with a pair whose calls travel, and with one whose
// calls do not.
func onWireAndDirect(t *testing.T, test func(t *testing.T, p *pair)) {
	for name, kit := range map[string]func(testing.TB, objects.Config) *objtest.Kit{"wire": objtest.NewConfig, "direct": objtest.NewDirect} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, pairOf(t, kit(t, quiet), "pipe://server")) })
		})
	}
}

func (p *pair) make(t *testing.T, ctx context.Context) sample.Thing {
	t.Helper()
	made, err := p.remote.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// usable fails the test unless a call of thing succeeds, or fails as released.
func usable(t *testing.T, what string, thing sample.Thing, want bool) {
	t.Helper()
	_, err := thing.Add(context.Background(), 1, 2)
	if want && err != nil || !want && !errors.Is(err, objects.ErrReleased) {
		t.Errorf("%s: %v", what, err)
	}
}

// TestScope: what was received inside is given back, what was kept, and what the
// process has from elsewhere, is not.
func TestScope(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		before := p.make(t, t.Context())
		ctx, scope := objects.NewScope(t.Context())
		dropped, kept := p.make(t, ctx), p.make(t, ctx)
		if again, err := p.remote.Same(ctx, before); err != nil || again != before {
			t.Fatal(again, err)
		}
		if home, err := p.remote.Same(ctx, p.local); err != nil {
			t.Fatal(home, err) // of this process: not the scope's to give back
		}
		outside := p.make(t, t.Context())
		scope.Keep(kept)
		scope.Keep(nil)
		scope.Close()
		scope.Close()
		if ctx.Err() == nil {
			t.Error("the context goes on")
		}
		await(t)
		usable(t, "received inside", dropped, false)
		usable(t, "kept", kept, true)
		usable(t, "received before, too", before, true)
		usable(t, "received with another context", outside, true)
		for i, want := range []int64{0, 1, 0, 0} {
			if n := p.local.made[i].unreferenced.Load(); n != want {
				t.Errorf("Unreferenced of object %d ran %d times", i, n)
			}
		}
	})
}

// TestScopesNest: the inner one has what was received in it, and what it keeps is
// the outer one's.
func TestScopesNest(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		outerCtx, outer := objects.NewScope(t.Context())
		innerCtx, inner := objects.NewScope(outerCtx)
		mine, result, theirs := p.make(t, innerCtx), p.make(t, innerCtx), p.make(t, outerCtx)
		inner.Keep(result)
		inner.Close()
		usable(t, "received in the inner", mine, false)
		usable(t, "kept by the inner", result, true)
		usable(t, "received in the outer", theirs, true)
		outer.Close()
		usable(t, "kept by the inner, after the outer", result, false)
		usable(t, "received in the outer, after it", theirs, false)
	})
}

// TestScopeOfAnArgument: a method's arguments are the scope's if it is told.
func TestScopeOfAnArgument(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		made := p.make(t, t.Context())
		_, scope := objects.NewScope(t.Context())
		scope.Add(made)
		scope.Add(p.local)
		scope.Add(nil)
		scope.Close()
		usable(t, "added", made, false)
		late := p.make(t, t.Context())
		scope.Add(late)
		usable(t, "added to a closed scope", late, false)
	})
}

// TestScopeSparesWhatPeersHold: what was passed on meanwhile stays.
func TestScopeSparesWhatPeersHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forwarding)
		third := p.kit.Node()
		ctx, scope := objects.NewScope(t.Context())
		made := p.make(t, ctx)
		if err := objects.Publish(p.client, "passed on", made); err != nil {
			t.Fatal(err)
		}
		far, err := objects.Open[sample.Thing](t.Context(), third, p.client.Addrs()[0], "passed on")
		if err != nil {
			t.Fatal(err)
		}
		scope.Close()
		objects.Unpublish(p.client, "passed on")
		usable(t, "held by the third", far, true)
		objects.Release(far)
		await(t)
		if p.local.made[0].unreferenced.Load() != 1 {
			t.Error("the last holder let go, and it was not given back")
		}
	})
}
