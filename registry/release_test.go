package registry_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// countedAccount counts how often its last reference went away.
type countedAccount struct {
	unreferenced atomic.Int64
}

func (a *countedAccount) Deposit(_ context.Context, cents int64) (int64, error) { return cents, nil }
func (a *countedAccount) Unreferenced()                                         { a.unreferenced.Add(1) }

// TestRegistryHoldsByReference binds one object to two names. The owner notices
// when the second is unbound, without anybody's garbage collection.
func TestRegistryHoldsByReference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t)
		ctx := t.Context()
		names := kit.Names(kit.Node())
		object := &countedAccount{}
		settled := func() int64 {
			<-time.After(time.Second)
			synctest.Wait()
			return object.unreferenced.Load()
		}
		check(t, registry.Bind[sample.Account](ctx, names, "one", object))
		check(t, registry.Bind[sample.Account](ctx, names, "two", object))
		wantError(t, registry.Bind[sample.Account](ctx, names, "two", object), registry.ErrBound)
		check(t, registry.Rebind[sample.Account](ctx, names, "two", object))
		check(t, registry.Unbind(ctx, names, "one"))
		if n := settled(); n != 0 {
			t.Fatalf("reclaimed while it is bound")
		}
		user, err := registry.Lookup[sample.Account](ctx, kit.Names(kit.Node()), "two")
		check(t, err)
		if cents, err := user.Deposit(ctx, 5); cents != 5 || err != nil {
			t.Fatalf("Deposit = %d, %v", cents, err)
		}
		check(t, registry.Unbind(ctx, names, "two"))
		if n := settled(); n != 0 {
			t.Fatalf("reclaimed while a client holds it")
		}
		if cents, err := user.Deposit(ctx, 6); cents != 6 || err != nil {
			t.Fatalf("Deposit after Unbind = %d, %v", cents, err)
		}
	})
}

func TestUnbindGivesTheObjectBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t)
		ctx := t.Context()
		names := kit.Names(kit.Node())
		object := &countedAccount{}
		check(t, registry.Bind[sample.Account](ctx, names, "one", object))
		check(t, registry.Rebind[sample.Account](ctx, names, "one", object))
		check(t, registry.Unbind(ctx, names, "one"))
		<-time.After(time.Second)
		synctest.Wait()
		if n := object.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

func TestRebindByAnotherGivesTheObjectBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t)
		ctx := t.Context()
		names, other := kit.Names(kit.Node()), kit.Names(kit.Node())
		object := &countedAccount{}
		check(t, registry.Bind[sample.Account](ctx, names, "one", object))
		check(t, registry.Rebind[sample.Account](ctx, other, "one", &countedAccount{}))
		<-time.After(time.Second)
		synctest.Wait()
		if n := object.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}
