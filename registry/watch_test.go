package registry_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// watcher pulls the events of one watch.
type watcher struct {
	t    *testing.T
	next func() (registry.Event, error, bool)
}

func watchNames(t *testing.T, c *registry.Client, prefix string) *watcher {
	next, stop := iter.Pull2(c.Watch(t.Context(), prefix))
	t.Cleanup(stop)
	return &watcher{t, next}
}

func (w *watcher) expect(kind registry.EventKind, name string) registry.Entry {
	w.t.Helper()
	e, err, ok := w.next()
	if err != nil || !ok || e.Kind != kind || e.Entry.Name != name {
		w.t.Fatalf("event %s %q, %v, %v; want %s %q", e.Kind, e.Entry.Name, err, ok, kind, name)
	}
	if kind != registry.Resync && kind != registry.Unbound && e.Entry.Reachable != (kind == registry.Bound) {
		w.t.Fatalf("event %s says reachable: %v", e.Kind, e.Entry.Reachable)
	}
	return e.Entry
}

func TestWatchSurvivesRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, names := w.join()
		_, user := w.join()
		events := watchNames(t, user, "a/")
		check(t, registry.Bind[sample.Customer](ctx, names, "a/1", customer("1")))
		check(t, registry.Bind[sample.Customer](ctx, names, "b", customer("2")))
		events.expect(registry.Bound, "a/1")
		w.stop()
		w.start()
		for {
			e, err, ok := events.next()
			if err != nil || !ok {
				t.Fatal(err)
			}
			if e.Kind == registry.Resync {
				break
			}
			if e.Kind != registry.Unreachable { // of the end of the old registry
				t.Fatalf("event %+v", e)
			}
		}
		for {
			e, err, ok := events.next()
			if err != nil || !ok || e.Entry.Name != "a/1" {
				t.Fatalf("%+v, %v", e, err)
			}
			if e.Kind == registry.Bound {
				break
			}
		}
		check(t, registry.Unbind(ctx, names, "a/1"))
		events.expect(registry.Unbound, "a/1")
	})
}

func TestWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		node, names := w.join()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		for _, err := range names.Watch(ctx, "") {
			wantError(t, err, context.Canceled)
		}
		for _, err := range names.Watch(t.Context(), "\xff") {
			if _, ok := errors.AsType[*registry.NameError](err); !ok {
				t.Errorf("error %v", err)
			}
		}
		time.AfterFunc(time.Second, func() { check(t, node.Close()) })
		for _, err := range names.Watch(t.Context(), "") {
			wantError(t, err, objects.ErrClosed)
		}
	})
}

// view is what the events of a watch say is bound, by name.
type view map[string]uuid.UUID

func (v *view) apply(e registry.Event) {
	switch e.Kind {
	case registry.Resync:
		*v = view{}
	case registry.Unbound:
		delete(*v, e.Entry.Name)
	default:
		(*v)[e.Entry.Name] = e.Entry.ID
	}
}

// viewOf is the view that a listing gives.
func viewOf(t *testing.T, s *registry.Server, prefix string) view {
	t.Helper()
	v := view{}
	for after, more := "", true; more; {
		entries, again, err := s.List(t.Context(), prefix, after)
		check(t, err)
		for _, e := range entries {
			v[e.Name], after = e.ID, e.Name
		}
		more = again
	}
	return v
}

// churn binds, replaces and unbinds random names of the given number.
func churn(t *testing.T, s *registry.Server, random *rand.Rand, names, changes int) {
	t.Helper()
	ref, err := objects.RefOf[sample.Customer](customer("x"))
	check(t, err)
	for range changes {
		name := fmt.Sprintf("n/%04d", random.IntN(names))
		if random.IntN(3) > 0 {
			_, err := s.Bind(t.Context(), name, ref, registry.Terms{Replace: true})
			check(t, err)
		} else if err := s.Unbind(t.Context(), name); err != nil {
			wantError(t, err, registry.ErrNotFound)
		}
	}
}

// TestWatchLosesNothing begins watches while names change, so that snapshots
// take several messages with changes before, between and behind them.
func TestWatchLosesNothing(t *testing.T) {
	w := newWorld(t)
	_, user := w.join()
	random := rand.New(rand.NewPCG(3, 4))
	churn(t, w.server, random, 2000, 3000)
	for range 3 {
		done := make(chan view)
		const watches = 4
		for range watches {
			go func() { // ends with the last event; done waits for it
				v := view{}
				for e, err := range user.Watch(t.Context(), "n/") {
					if err != nil {
						t.Error(err)
						break
					}
					v.apply(e)
					if e.Entry.Name == "n/last" && e.Kind == registry.Bound {
						break
					}
				}
				done <- v
			}()
		}
		churn(t, w.server, random, 2000, 3000)
		ref, err := objects.RefOf[sample.Customer](customer("x"))
		check(t, err)
		_, err = w.server.Bind(t.Context(), "n/last", ref, registry.Terms{Replace: true})
		check(t, err)
		want := viewOf(t, w.server, "n/")
		for range watches {
			if got := <-done; !maps.Equal(got, want) {
				t.Errorf("the watch says %d names, the listing %d, or others", len(got), len(want))
			}
		}
		check(t, w.server.Unbind(t.Context(), "n/last"))
	}
}

// TestSlowLoopBeginsAnew stops reading for more events than are kept anywhere.
func TestSlowLoopBeginsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, user := w.join()
		random := rand.New(rand.NewPCG(5, 6))
		churn(t, w.server, random, 600, 600)
		v, resyncs, read := view{}, 0, 0
		for e, err := range user.Watch(t.Context(), "") {
			check(t, err)
			if e.Kind == registry.Resync {
				resyncs++
			}
			v.apply(e)
			if read++; read == 10 { // now be slow
				for range 20 {
					churn(t, w.server, random, 600, 600)
					synctest.Wait()
				}
				ref, err := objects.RefOf[sample.Customer](customer("x"))
				check(t, err)
				_, err = w.server.Bind(t.Context(), "n/last", ref, registry.Terms{})
				check(t, err)
			}
			if e.Entry.Name == "n/last" {
				break
			}
		}
		if resyncs != 1 {
			t.Errorf("%d events of kind Resync, want 1", resyncs)
		}
		if want := viewOf(t, w.server, ""); !maps.Equal(v, want) {
			t.Errorf("the watch says %d names, the listing %d, or others", len(v), len(want))
		}
	})
}

// TestLeavingTheLoopReleasesEverything leaves watches in each way, and compares
// what both nodes hold with what they held before.
func TestLeavingTheLoopReleasesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		node, user := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), user, "a", customer("a")))
		stats := func() [2]objects.Stats {
			<-time.After(time.Second) // releases are sent together, after a short delay
			synctest.Wait()
			return [2]objects.Stats{w.host.Stats(), node.Stats()}
		}
		before := stats()
		for range 3 {
			for range user.Watch(t.Context(), "") {
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			for range user.Watch(ctx, "") {
				cancel()
			}
			cancel()
			for range w.local().Watch(t.Context(), "") {
				break
			}
		}
		if after := stats(); after != before {
			t.Errorf("before %+v, after %+v", before, after)
		}
	})
}

func TestWatchEndsWhileTheRegistryIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, user := w.join()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(time.Second, w.stop)
		for e, err := range user.Watch(ctx, "") {
			if e.Kind != "" {
				t.Errorf("event %+v", e)
			}
			wantError(t, err, context.DeadlineExceeded)
		}
		w.start()
	})
}

func TestWatchToldOfReplacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, names := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), names, "a", customer("first")))
		events := watchNames(t, names, "a")
		first := events.expect(registry.Bound, "a")
		check(t, registry.Bind[sample.Customer](t.Context(), names, "b", customer("no matter")))
		check(t, registry.Rebind[sample.Account](t.Context(), names, "a", &account{}))
		if second := events.expect(registry.Bound, "a"); second.ID == first.ID || second.Interface == first.Interface {
			t.Errorf("replaced as %+v", second)
		}
	})
}

// stuck is a watcher that takes its first events and never returns.
type stuck struct{ begun chan struct{} }

func (s stuck) Notify(ctx context.Context, _ []registry.Event) error {
	close(s.begun)
	<-ctx.Done()
	return ctx.Err()
}

func TestStuckWatcherHindersNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		node, names := w.join()
		check(t, registry.Bind[sample.Customer](t.Context(), names, "a", customer("a")))
		raw, err := objects.Open[registry.Registry](t.Context(), node, registryURL, registry.RootName)
		check(t, err)
		bad := stuck{make(chan struct{})}
		sub, err := raw.Watch(t.Context(), "", bad)
		check(t, err)
		<-bad.begun
		events := watchNames(t, names, "a")
		events.expect(registry.Bound, "a")
		churn(t, w.server, rand.New(rand.NewPCG(1, 1)), 100, 500)
		check(t, registry.Unbind(t.Context(), names, "a"))
		events.expect(registry.Unbound, "a")
		check(t, sub.Stop(t.Context())) // cancels the call that is stuck
	})
}
