package objects_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// dropped lets the client drop n objects of the server without saying so.
func dropped(t *testing.T, p *pair, n int) {
	t.Helper()
	for range n {
		p.make(t, t.Context())
	}
}

// returned waits until at least n of the objects that the server made are back, up
// to limit; nobody runs the garbage collector but the nodes.
func (p *pair) returned(n int, limit time.Duration) bool {
	for range limit / time.Second {
		<-time.After(time.Second)
		synctest.Wait()
		back := 0
		for _, o := range p.local.made {
			back += int(o.unreferenced.Load())
		}
		if back >= n {
			return true
		}
	}
	return false
}

// TestAskToCollect: what the holder has dropped comes back because the owner asks.
func TestAskToCollect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		dropped(t, p, 100)
		objects.AskToCollect(p.server)
		if !p.returned(90, 5*time.Second) { // the stack may have some yet
			t.Error("the owner asked, and nothing came back")
		}
	})
}

// TestPressure: an owner with too many objects, or too little memory, asks by itself.
func TestPressure(t *testing.T) {
	for name, config := range map[string]objects.Config{
		"objects": {Logger: quiet.Logger, PressureExports: 50},
		"memory":  {Logger: quiet.Logger, PressureMemory: 1},
		"quota":   {Logger: quiet.Logger, PressureMemory: -1, Limits: objects.Limits{Exports: 110}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, config)
				dropped(t, p, 100)
				if !p.returned(90, time.Minute) {
					t.Errorf("nothing came back; %+v", p.server.Stats())
				}
			})
		})
	}
}

// TestRequestsToCollectAreObeyedWithinABudget counts the collections.
func TestRequestsToCollectAreObeyedWithinABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logBuffer{lines: make(chan string, 1000)}
		logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		p := newPair(t, objects.Config{Logger: logger, CollectInterval: 10 * time.Second})
		held := []sample.Thing{p.make(t, t.Context())}
		for range 60 {
			objects.AskToCollect(p.server)
			<-time.After(time.Second)
		}
		if n := strings.Count(log.String(), "at the peer's request"); n != 6 {
			t.Errorf("%d collections in a minute, want 6", n)
		}
		objects.Release(held[0])
	})
}
