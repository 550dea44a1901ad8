package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// reachable returns which names c lists, and whether each is reachable.
func reachable(t *testing.T, c *registry.Client) map[string]bool {
	t.Helper()
	all, err := c.List(t.Context(), "")
	check(t, err)
	found := map[string]bool{}
	for _, e := range all {
		found[e.Name] = e.Reachable
	}
	return found
}

func TestOwnerReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, names := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), names, "a", customer("a")))
		before, err := names.List(t.Context(), "")
		check(t, err)
		events := watchNames(t, w.local(), "")
		events.expect(registry.Bound, "a")
		w.kit.Part(w.host)
		events.expect(registry.Unreachable, "a")
		w.kit.Heal(w.host)
		if e := events.expect(registry.Bound, "a"); e.ID != before[0].ID {
			t.Errorf("bound anew as %v, was %v", e.ID, before[0].ID)
		}
	})
}

// TestDeadObjectDoesNotHinderOthers restarts the registry under a client that
// bound an object of somebody else, which it knows through that registry alone.
func TestDeadObjectDoesNotHinderOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nobody := objects.Config{DialPolicy: func(objects.Introduction) bool { return false }}
		w := newWorldIn(t, objtest.NewConfig(t, nobody), registry.NewMemoryStore())
		ctx := t.Context()
		_, owner := w.join()
		_, user := w.join()
		check(t, registry.Bind[sample.Customer](ctx, owner, "a", customer("a")))
		a, err := registry.Lookup[sample.Customer](ctx, user, "a")
		check(t, err)
		check(t, registry.Bind(ctx, user, "b", a))
		check(t, registry.Bind[sample.Customer](ctx, user, "c", customer("c")))
		w.stop()
		w.start()
		<-time.After(10 * time.Second)
		if found := reachable(t, owner); !found["a"] || found["b"] || !found["c"] {
			t.Errorf("after the restart: %v", found)
		}
		<-time.After(time.Minute)
		if found := reachable(t, owner); len(found) != 2 {
			t.Errorf("after the grace: %v", found)
		}
	})
}

// TestAcknowledgedAcrossRestartsStaysBound binds names while the registry goes
// down and comes back, with calls and rebinding under way at every moment.
func TestAcknowledgedAcrossRestartsStaysBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var mu sync.Mutex
		acknowledged := map[string]bool{}
		done := make(chan struct{})
		var owners sync.WaitGroup
		for o := range 4 {
			_, names := w.join()
			owners.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-done:
						return
					case <-time.After(10 * time.Millisecond):
					}
					name := fmt.Sprintf("%d/%d", o, i)
					if registry.Bind[sample.Customer](t.Context(), names, name, customer(name)) == nil {
						mu.Lock()
						acknowledged[name] = true
						mu.Unlock()
					}
				}
			})
		}
		for range 8 {
			<-time.After(200 * time.Millisecond)
			w.crash()
			w.start()
		}
		<-time.After(time.Second)
		close(done)
		owners.Wait()
		<-time.After(10 * time.Second)
		found := reachable(t, w.local())
		for name := range acknowledged {
			if !found[name] {
				t.Errorf("%s was acknowledged and is not bound", name)
			}
		}
	})
}

// TestUnbindWhileRebinding removes names while they are being bound anew in a
// registry that knows nothing of them.
func TestUnbindWhileRebinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, names := w.join()
		const many = 200
		for i := range many {
			check(t, registry.Bind[sample.Customer](ctx, names, fmt.Sprint(i), customer("x")))
		}
		w.stop()
		w.store = registry.NewMemoryStore()
		w.start()
		events := watchNames(t, w.local(), "")
		if _, err, _ := events.next(); err != nil { // the rebinding has begun
			t.Fatal(err)
		}
		for i := range many {
			if err := registry.Unbind(ctx, names, fmt.Sprint(i)); err != nil {
				wantError(t, err, registry.ErrNotFound)
			}
		}
		<-time.After(10 * time.Second)
		if found := reachable(t, names); len(found) > 0 {
			t.Errorf("names are back: %v", found)
		}
	})
}

func TestUnbindEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, names := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), names, "a", customer("a")))
		w.stop()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := registry.Unbind(ctx, names, "a"); err == nil {
			t.Error("unbound without a registry")
		}
		w.start()
	})
}

// TestServerEndsInALivingNode replaces the registry of a node that goes on.
func TestServerEndsInALivingNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t)
		ctx := t.Context()
		host := kit.Node()
		options := &registry.ServerOptions{Store: registry.NewMemoryStore()}
		server, err := registry.Serve(host, options)
		check(t, err)
		dial := func(n *objects.Node) *registry.Client {
			c, err := registry.Dial(ctx, n, host.Addrs()[0])
			check(t, err)
			return c
		}
		inside, outside := dial(host), dial(kit.Node())
		object := &countedAccount{}
		check(t, registry.Bind[sample.Account](ctx, outside, "outside", object))
		check(t, registry.Bind[sample.Customer](ctx, inside, "inside", customer("x")))
		watches := []*watcher{watchNames(t, inside, ""), watchNames(t, outside, "")}
		for _, events := range watches {
			events.expect(registry.Bound, "inside")
			events.expect(registry.Bound, "outside")
		}

		check(t, server.Close())
		check(t, server.Close())
		<-time.After(time.Second)
		synctest.Wait()
		if n := object.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
		_, _, err = server.Lookup(ctx, "inside")
		wantError(t, err, objects.ErrClosed)
		_, _, err = server.List(ctx, "", "")
		wantError(t, err, objects.ErrClosed)
		_, err = outside.List(ctx, "")
		wantError(t, err, objects.ErrNoSuchObject)

		_, err = registry.Serve(host, options)
		check(t, err)
		<-time.After(10 * time.Second)
		if found := reachable(t, outside); !found["inside"] || !found["outside"] {
			t.Errorf("bound anew: %v", found)
		}
		for _, events := range watches {
			events.expect(registry.Resync, "")
		}
	})
}

// TestSupersededRebindIsNoSurprise checks the end of a Rebind that was carried
// out, superseded, and repeated because its answer was lost.
func TestSupersededRebindIsNoSurprise(t *testing.T) {
	server, err := registry.Serve(newNode(t), nil)
	check(t, err)
	ref, err := objects.RefOf[sample.Customer](customer("x"))
	check(t, err)
	first, err := server.Bind(t.Context(), "a", ref, registry.Terms{Replace: true})
	check(t, err)
	_, err = server.Bind(t.Context(), "a", ref, registry.Terms{Replace: true})
	check(t, err)
	if _, err = server.Bind(t.Context(), "a", ref, registry.Terms{ID: first.ID, Replace: true}); !errors.Is(err, registry.ErrSpent) {
		t.Errorf("error %v", err)
	}
}
