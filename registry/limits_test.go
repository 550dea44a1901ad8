package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// fill binds as many names as one principal may.
func fill(t *testing.T, s *registry.Server) {
	t.Helper()
	ref, err := objects.RefOf[sample.Customer](customer("x"))
	check(t, err)
	for i := range registry.MaxNames {
		_, err := s.Bind(t.Context(), fmt.Sprintf("n/%d", i), ref, registry.Terms{})
		check(t, err)
	}
}

func TestNamesPerPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, other := w.join()
		fill(t, w.server)
		ref, err := objects.RefOf[sample.Customer](customer("x"))
		check(t, err)
		refused := func(name string, terms registry.Terms) {
			t.Helper()
			_, err := w.server.Bind(ctx, name, ref, terms)
			wantError(t, err, registry.ErrTooManyNames)
		}
		accepted := func(name string, terms registry.Terms) {
			t.Helper()
			_, err := w.server.Bind(ctx, name, ref, terms)
			check(t, err)
		}
		refused("more", registry.Terms{})
		accepted("n/7", registry.Terms{Replace: true}) // its own

		check(t, registry.Bind[sample.Customer](ctx, other, "other's", customer("y")))
		refused("other's", registry.Terms{Replace: true})
		check(t, registry.Rebind[sample.Customer](ctx, other, "n/8", customer("y")))
		accepted("instead of n/8", registry.Terms{})
		refused("more", registry.Terms{})

		w.stop()
		w.start() // the count is that of the stored names
		refused("more", registry.Terms{})
		check(t, w.server.Unbind(ctx, "n/9"))
		accepted("instead of n/9", registry.Terms{})
		refused("more", registry.Terms{})
	})
}

func TestWatchesPerPrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		var last registry.Subscription
		for range registry.MaxWatches {
			var err error
			last, err = w.server.Watch(ctx, "none/", silent{})
			check(t, err)
		}
		_, err := w.server.Watch(ctx, "none/", silent{})
		wantError(t, err, registry.ErrTooManyWatches)
		_, other := w.join()
		watchNames(t, other, "")
		check(t, last.Stop(ctx))
		synctest.Wait()
		_, err = w.server.Watch(ctx, "none/", silent{})
		check(t, err)
	})
}

func TestBytesPerPrincipal(t *testing.T) {
	server, err := registry.Serve(newNode(t), nil)
	check(t, err)
	ref, err := objects.RefOf[sample.Customer](customer("x"))
	check(t, err)
	bind := func(name string, signature int) error {
		_, err := server.Bind(t.Context(), name, ref, registry.Terms{Signature: strings.Repeat("x", signature), Replace: true})
		return err
	}
	const longest = 64 << 10
	if bind("a", longest+1) == nil {
		t.Error("a signature of more than 64 KiB was taken")
	}
	n := 0
	for err == nil {
		if err = bind(fmt.Sprint(n), longest); err == nil {
			n++
		}
	}
	wantError(t, err, registry.ErrTooManyNames)
	if n >= registry.MaxBytes/longest || n < registry.MaxBytes/longest*99/100 {
		t.Errorf("%d names of %d bytes", n, longest)
	}
	check(t, bind("0", longest)) // in the place of as many
	check(t, bind("0", 10))
	check(t, bind("0", longest))
	check(t, bind("1", longest-100))
	check(t, server.Unbind(t.Context(), "2"))
	check(t, bind("2", longest))
	wantError(t, bind("more", longest), registry.ErrTooManyNames)
}

// TestRecordIDOfAnother takes the record id, which everybody can list, of a name
// that somebody else bound.
func TestRecordIDOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, owner := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), owner, "a", customer("a")))
		ref, err := objects.RefOf[sample.Customer](customer("thief"))
		check(t, err)
		for _, replace := range []bool{false, true} {
			_, err = w.server.Bind(t.Context(), "a", ref, registry.Terms{ID: idOf(t, w.store, "a"), Replace: replace})
			wantError(t, err, registry.ErrBound)
		}
	})
}

// TestServerChecksItsCallers sends what no client of this package would send.
func TestServerChecksItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		raw, err := objects.Open[registry.Registry](ctx, w.kit.Node(), registryURL, registry.RootName)
		check(t, err)
		object := &countedAccount{}
		ref, err := objects.RefOf[sample.Account](object)
		check(t, err)
		for _, name := range []string{"", "a//b", "\x00", strings.Repeat("x", registry.MaxName+1)} {
			_, bindErr := raw.Bind(ctx, name, ref, registry.Terms{})
			_, _, lookupErr := raw.Lookup(ctx, name)
			for _, err := range []error{bindErr, lookupErr, raw.Unbind(ctx, name)} {
				if _, ok := errors.AsType[*registry.NameError](err); !ok {
					t.Errorf("name %q: error %v", name, err)
				}
			}
		}
		_, nilObject := raw.Bind(ctx, "a", nil, registry.Terms{})
		_, badID := raw.Bind(ctx, "a", ref, registry.Terms{ID: uuid.New()})
		_, _, badList := raw.List(ctx, "\n", "")
		_, badWatch := raw.Watch(ctx, "\n", silent{})
		_, nilWatch := raw.Watch(ctx, "", nil)
		for i, err := range []error{nilObject, badID, badList, badWatch, nilWatch} {
			if err == nil || objects.OutcomeOf(err) != objects.FailedThere {
				t.Errorf("bad call %d: error %v", i, err)
			}
		}
		if all := viewOf(t, w.server, ""); len(all) > 0 {
			t.Errorf("bound: %v", all)
		}
		<-time.After(time.Second)
		synctest.Wait()
		if object.unreferenced.Load() == 0 {
			t.Error("the registry keeps an object that is not bound")
		}
	})
}
