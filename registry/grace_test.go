package registry_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

const registryURL = "pipe://registry"

// world is a network with a registry that can be restarted.
type world struct {
	t     *testing.T
	kit   *objtest.Kit
	store registry.Store

	host   *objects.Node
	server *registry.Server
}

func newWorld(t *testing.T) *world { return newWorldOn(t, registry.NewMemoryStore()) }

func newWorldOn(t *testing.T, store registry.Store) *world {
	return newWorldIn(t, objtest.New(t), store)
}

func newWorldIn(t *testing.T, kit *objtest.Kit, store registry.Store) *world {
	w := &world{t: t, kit: kit, store: store}
	w.start()
	return w
}

// start starts the registry on a new node.
func (w *world) start() {
	w.t.Helper()
	w.host = w.kit.NodeAt(registryURL)
	var err error
	w.server, err = registry.Serve(w.host, &registry.ServerOptions{Store: w.store})
	check(w.t, err)
}

func (w *world) stop() { check(w.t, w.host.Close()) }

// crash cuts the registry off in the middle of whatever it does, and ends it.
func (w *world) crash() {
	w.kit.Cut(w.host)
	w.stop()
}

// join returns a new node and its client.
func (w *world) join() (*objects.Node, *registry.Client) {
	w.t.Helper()
	n := w.kit.Node()
	c, err := registry.Dial(w.t.Context(), n, registryURL)
	check(w.t, err)
	return n, c
}

// local returns a client in the registry's own node.
func (w *world) local() *registry.Client {
	w.t.Helper()
	c, err := registry.Dial(w.t.Context(), w.host, registryURL)
	check(w.t, err)
	return c
}

func TestNameOutlivesOwnerByGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		owner, names := w.join()
		_, user := w.join()
		check(t, registry.Bind[sample.Account](ctx, names, "a", &account{}))
		events := watchNames(t, user, "")
		events.expect(registry.Bound, "a")

		start := time.Now()
		check(t, owner.Close())
		events.expect(registry.Unreachable, "a")
		if d := time.Since(start); d > 0 {
			t.Errorf("unreachable after %v", d)
		}
		_, err := registry.Lookup[sample.Account](ctx, user, "a")
		wantError(t, err, registry.ErrNameUnreachable)
		wantError(t, registry.Bind[sample.Account](ctx, user, "a", &account{}), registry.ErrBound)
		events.expect(registry.Unbound, "a")
		if d := time.Since(start); d != 60*time.Second {
			t.Errorf("gone after %v", d)
		}
		_, err = registry.Lookup[sample.Account](ctx, user, "a")
		wantError(t, err, registry.ErrNotFound)
	})
}

func TestOwnersRebindAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, names := w.join()
		_, user := w.join()
		gone, dying := w.join()
		check(t, registry.Bind[sample.Account](ctx, names, "a", &account{}))
		check(t, registry.Bind[sample.Account](ctx, dying, "b", &account{}))
		before, err := user.List(ctx, "")
		check(t, err)

		w.stop()
		check(t, gone.Close())
		synctest.Wait()
		<-time.After(time.Minute) // the registry is away for long: no name goes meanwhile
		w.start()
		restarted := time.Now()
		events := watchNames(t, user, "")
		events.expect(registry.Unreachable, "a")
		events.expect(registry.Unreachable, "b")
		_, err = registry.Lookup[sample.Account](ctx, user, "a")
		wantError(t, err, registry.ErrNameUnreachable)

		e := events.expect(registry.Bound, "a")
		if e.ID != before[0].ID || !e.BoundAt.Equal(before[0].BoundAt) {
			t.Errorf("bound anew as %+v, was %+v", e, before[0])
		}
		if d := time.Since(restarted); d > 5*time.Second {
			t.Errorf("bound anew after %v", d)
		}
		a, err := registry.Lookup[sample.Account](ctx, user, "a")
		check(t, err)
		if balance, err := a.Deposit(ctx, 1); balance != 1 || err != nil {
			t.Errorf("%d, %v", balance, err)
		}
		events.expect(registry.Unbound, "b")
		if d := time.Since(restarted); d != 60*time.Second {
			t.Errorf("b gone after %v", d)
		}
	})
}

func TestRemovedNamesAreNotRevived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, names := w.join()
		_, admin := w.join()
		for _, name := range []string{"kept", "removed", "replaced", "replaced and removed"} {
			check(t, registry.Bind[sample.Customer](ctx, names, name, customer("first")))
		}
		check(t, registry.Unbind(ctx, admin, "removed"))
		check(t, registry.Rebind[sample.Customer](ctx, admin, "replaced", customer("second")))
		check(t, registry.Rebind[sample.Customer](ctx, admin, "replaced and removed", customer("second")))
		check(t, registry.Unbind(ctx, admin, "replaced and removed"))

		for range 2 {
			w.stop()
			w.start()
			<-time.After(30 * time.Second)
		}
		all, err := admin.List(ctx, "")
		check(t, err)
		var found []string
		for _, e := range all {
			found = append(found, e.Name)
			if !e.Reachable {
				t.Errorf("%s is unreachable", e.Name)
			}
		}
		if want := []string{"kept", "replaced"}; !slices.Equal(found, want) {
			t.Fatalf("names %q, want %q", found, want)
		}
		c, err := registry.Lookup[sample.Customer](ctx, names, "replaced")
		check(t, err)
		if name, err := c.Name(ctx); name != "second" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
	})
}

func TestOwnerComesBackAfterGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, names := w.join()
		check(t, registry.Bind[sample.Customer](ctx, names, "a", customer("a")))
		w.stop()
		check(t, w.store.Expire("a", idOf(t, w.store, "a")))
		w.start()
		<-time.After(30 * time.Second)
		all, err := names.List(ctx, "")
		check(t, err)
		if len(all) != 1 || !all[0].Reachable {
			t.Fatalf("names %+v", all)
		}
	})
}

func idOf(t *testing.T, s registry.Store, name string) (id [16]byte) {
	t.Helper()
	all, err := s.List(name)
	check(t, err)
	return all[0].ID
}
