package registry_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

var errDiskFull = errors.New("disk full")

// failing is a store on a disk that is full at times.
type failing struct {
	registry.Store
	full atomic.Bool
}

func (s *failing) try(f func() error) error {
	if s.full.Load() {
		return errDiskFull
	}
	return f()
}

func (s *failing) Create(r registry.Record) error {
	return s.try(func() error { return s.Store.Create(r) })
}

func (s *failing) Replace(r registry.Record) error {
	return s.try(func() error { return s.Store.Replace(r) })
}

func (s *failing) Delete(name string, id uuid.UUID) error {
	return s.try(func() error { return s.Store.Delete(name, id) })
}

func (s *failing) Expire(name string, id uuid.UUID) error {
	return s.try(func() error { return s.Store.Expire(name, id) })
}

func (s *failing) List(prefix string) (found []registry.Record, err error) {
	err = s.try(func() error {
		found, err = s.Store.List(prefix)
		return err
	})
	return found, err
}

// TestFailingStoreChangesNothing fails each change, and sees everything as it
// was before.
func TestFailingStoreChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &failing{Store: registry.NewMemoryStore()}
		w := newWorldOn(t, store)
		ctx := t.Context()
		owner, names := w.join()
		_, user := w.join()
		check(t, registry.Bind[sample.Customer](ctx, names, "a", customer("a")))
		events := watchNames(t, user, "")
		events.expect(registry.Bound, "a")

		store.full.Store(true)
		refused := &countedAccount{}
		for _, err := range []error{
			registry.Bind[sample.Account](ctx, user, "b", refused),
			registry.Rebind[sample.Account](ctx, user, "a", refused),
			registry.Unbind(ctx, user, "a"),
		} {
			if err == nil {
				t.Error("a change was acknowledged that is not stored")
			}
		}
		found, err := registry.Lookup[sample.Customer](ctx, user, "a")
		check(t, err)
		if name, err := found.Name(ctx); name != "a" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
		<-time.After(time.Second)
		synctest.Wait()
		if refused.unreferenced.Load() == 0 {
			t.Error("the registry keeps an object that is not bound")
		}

		// A name whose owner is gone is tried again after another grace.
		check(t, owner.Close())
		events.expect(registry.Unreachable, "a")
		start := time.Now()
		<-time.After(70 * time.Second)
		store.full.Store(false)
		events.expect(registry.Unbound, "a")
		if d := time.Since(start); d != 2*time.Minute {
			t.Errorf("gone after %v", d)
		}
	})
}

func TestUnreadableStoreIsNotServed(t *testing.T) {
	store := &failing{Store: registry.NewMemoryStore()}
	store.full.Store(true)
	node := newNode(t)
	_, err := registry.Serve(node, &registry.ServerOptions{Store: store})
	wantError(t, err, errDiskFull)
	_, err = registry.Serve(node, nil) // nothing was published
	check(t, err)
}
