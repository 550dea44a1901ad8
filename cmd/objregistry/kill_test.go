package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// history is what clients of a daemon know of the names that they change: what
// was acknowledged, and what was begun and never answered.
type history struct {
	mu     sync.Mutex
	known  map[string]bool // by name: bound, as last acknowledged
	unsure map[string]bool // names whose last change was not answered
	acks   int
	kill   int           // the kill point: after so many acknowledged changes
	due    chan struct{} // closed at the kill point
}

func (h *history) begin(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unsure[name] = true
}

func (h *history) acknowledged(name string, bound bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.unsure, name)
	h.known[name] = bound
	if h.acks++; h.acks == h.kill {
		close(h.due)
	}
}

// TestKilledDaemonKeepsItsWord kills the daemon while clients bind and unbind,
// each time after another number of acknowledged changes and with others under
// way, and then reads its store. Names acknowledged as bound must be there,
// names acknowledged as unbound must not.
func TestKilledDaemonKeepsItsWord(t *testing.T) {
	const clients, rounds = 8, 12
	file := filepath.Join(t.TempDir(), "registry.db")
	h := &history{known: map[string]bool{}}
	random := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		h.unsure = map[string]bool{}
		h.acks, h.kill, h.due = 0, 1+random.IntN(200), make(chan struct{})
		p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", file, "--log-level", "error")
		var working sync.WaitGroup
		for c := range clients {
			working.Go(func() { change(t, h, url, fmt.Sprintf("client-%d", c)) })
		}
		<-h.due
		p.Kill()
		working.Wait()
		compare(t, h, file, round)
	}
}

// change binds and unbinds names until the daemon is gone.
func change(t *testing.T, h *history, url, prefix string) {
	node := objects.NewNode(&objects.Config{Logger: slog.New(slog.DiscardHandler), Lease: -1}) // the daemon will not come back
	defer node.Close()
	names, err := objects.Open[registry.Registry](t.Context(), node, url, registry.RootName)
	if err != nil {
		return // killed before this client came
	}
	object, err := objects.RefOf[registry.Watcher](watcher{})
	if err != nil {
		t.Error(err)
		return
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("%s/%d", prefix, i%5)
		h.mu.Lock()
		bound := h.known[name]
		h.mu.Unlock()
		h.begin(name)
		if bound {
			err = names.Unbind(context.Background(), name)
		} else {
			_, err = names.Bind(context.Background(), name, object, registry.Terms{Replace: true})
		}
		if err != nil {
			if objects.OutcomeOf(err) == objects.FailedThere {
				t.Errorf("%s: %v", name, err)
			}
			return
		}
		h.acknowledged(name, !bound)
	}
}

// compare holds the store against the history, and takes over from it what the
// history cannot know.
func compare(t *testing.T, h *history, file string, round int) {
	t.Helper()
	there := map[string]bool{}
	for _, r := range stored(t, file) {
		there[r.Name] = true
	}
	for name, bound := range h.known {
		switch {
		case h.unsure[name]:
			h.known[name] = there[name]
		case bound && !there[name]:
			t.Errorf("round %d, killed after %d changes: %s was acknowledged and is lost", round, h.kill, name)
		case !bound && there[name]:
			t.Errorf("round %d, killed after %d changes: %s was removed and is back", round, h.kill, name)
		}
	}
	for name := range h.unsure {
		h.known[name] = there[name]
	}
}
