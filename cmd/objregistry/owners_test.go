package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// TestOwnersKeepNamesOverKills kills a daemon while owners bind names and
// somebody else removes some, again and again on the same store. At the end
// just those names are bound that were acknowledged and not removed, by owners
// that bound them anew by themselves.
func TestOwnersKeepNamesOverKills(t *testing.T) {
	const owners, rounds = 4, 6
	args := []string{"--store", filepath.Join(t.TempDir(), "registry.db"), "--log-level", "error", "--listen"}
	p, url := daemon(t, append(args, "tcp://127.0.0.1:0")...)
	brittle := &objects.Config{Lease: -1} // calls are not to wait for the next daemon
	admin := client(t, url, brittle)
	var clients []*registry.Client
	for range owners {
		clients = append(clients, client(t, url, brittle))
	}
	random := rand.New(rand.NewPCG(1, 2))
	var kept, removed []string
	for round := range rounds {
		if round > 0 {
			p, _ = daemon(t, append(args, url)...)
		}
		l := ledger{due: make(chan struct{}), left: 1 + random.IntN(100)}
		var working sync.WaitGroup
		for o, c := range clients {
			working.Go(func() { l.work(t, c, admin, fmt.Sprintf("%d/%d", o, round)) })
		}
		<-l.due
		p.Kill()
		working.Wait()
		kept, removed = append(kept, l.kept...), append(removed, l.removed...)
	}
	daemon(t, append(args, url)...)
	await(t, admin, kept)
	entries, err := admin.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if slices.Contains(removed, e.Name) {
			t.Errorf("%s was removed and is back", e.Name)
		}
	}
	t.Logf("%d names kept and %d removed over %d kills", len(kept), len(removed), rounds)
}

// await watches until all names are bound and reachable.
func await(t *testing.T, c *registry.Client, names []string) {
	t.Helper()
	missing := map[string]bool{}
	for _, name := range names {
		missing[name] = true
	}
	for event, err := range c.Watch(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		switch event.Kind {
		case registry.Bound:
			delete(missing, event.Entry.Name)
		case registry.Unbound:
			t.Errorf("%s is unbound", event.Entry.Name)
		}
		if len(missing) == 0 {
			return
		}
	}
}

// ledger is what was acknowledged in one round.
type ledger struct {
	mu            sync.Mutex
	kept, removed []string
	left          int           // acknowledged changes until the kill
	due           chan struct{} // closed at that moment
}

// work binds names, and has every third removed by somebody else, until the
// daemon is gone.
func (l *ledger) work(t *testing.T, owner, admin *registry.Client, prefix string) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s/%d", prefix, i)
		if err := registry.Bind[registry.Watcher](context.Background(), owner, name, watcher{}); err != nil {
			l.refused(t, err)
			return
		}
		if i%3 != 0 {
			l.acknowledged(&l.kept, name)
			continue
		}
		if err := registry.Unbind(context.Background(), admin, name); err != nil {
			l.refused(t, err) // whether it is removed nobody knows
			return
		}
		l.acknowledged(&l.removed, name)
	}
}

func (l *ledger) acknowledged(list *[]string, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, name)
	if l.left--; l.left == 0 {
		close(l.due)
	}
}

// refused checks that a call failed because the daemon was killed.
func (l *ledger) refused(t *testing.T, err error) {
	if !errors.Is(err, objects.ErrUnreachable) && !errors.Is(err, objects.ErrGone) {
		t.Error(err)
	}
}

// TestSIGTERMDrains ends a daemon under load. Calls that it took up end with
// their answers: none is left in doubt.
func TestSIGTERMDrains(t *testing.T) {
	file := filepath.Join(t.TempDir(), "registry.db")
	p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", file)
	l := ledger{due: make(chan struct{}), left: 100}
	object, err := objects.RefOf[registry.Watcher](watcher{})
	if err != nil {
		t.Fatal(err)
	}
	var working sync.WaitGroup
	for o := range 8 {
		node := objects.NewNode(nil)
		defer node.Close()
		names, err := objects.Open[registry.Registry](t.Context(), node, url, registry.RootName)
		if err != nil {
			t.Fatal(err)
		}
		working.Go(func() {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%d/%d", o, i)
				_, err := names.Bind(context.Background(), name, object, registry.Terms{})
				if err == nil {
					l.acknowledged(&l.kept, name)
					continue
				}
				if outcome := objects.OutcomeOf(err); outcome == objects.OutcomeUnknown {
					t.Errorf("%s: %v", name, err)
				}
				return
			}
		})
	}
	<-l.due
	if err := p.Terminate(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	working.Wait()
	compareNames(t, file, l.kept)
}

// compareNames checks that a store holds just these names.
func compareNames(t *testing.T, file string, want []string) {
	t.Helper()
	var got []string
	for _, r := range stored(t, file) {
		got = append(got, r.Name)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d names are stored, %d were acknowledged", len(got), len(want))
	}
}
