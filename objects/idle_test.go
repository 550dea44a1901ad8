package objects_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// limitedThing is a thing with an idle limit.
type limitedThing struct {
	thing
	limit time.Duration
}

func (o *limitedThing) IdleLimit() time.Duration { return o.limit }

// TestIdleLimit: what is called goes on, what is not ends, for its holders too, and
// a limit of zero is none.
func TestIdleLimit(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		called, idle, endless := &limitedThing{limit: time.Minute}, &limitedThing{limit: time.Minute}, &limitedThing{}
		inUse, forgotten, kept := lend(t, p.server, p.client, called), lend(t, p.server, p.client, idle), lend(t, p.server, p.client, endless)
		for range 3 {
			<-time.After(50 * time.Second)
			if idle.unreferenced.Load() == 0 && objects.Alive(forgotten).Err() != nil {
				t.Error("it ended too early")
			}
			usable(t, "what is called", inUse, true)
		}
		if n := idle.unreferenced.Load(); n != 1 || called.unreferenced.Load() != 0 {
			t.Errorf("Unreferenced ran %d times", n)
		}
		if err := context.Cause(objects.Alive(forgotten)); !errors.Is(err, objects.ErrGone) {
			t.Errorf("Alive ended with %v", err)
		}
		if _, err := forgotten.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrGone) {
			t.Errorf("a call: %v", err)
		}
		usable(t, "what has no limit", kept, true)

		anew := lend(t, p.server, p.client, idle)
		usable(t, "passed again", anew, true)
		objects.Release(forgotten)
		await(t)
		if stats := p.server.Stats(); stats.Exports != 4 {
			t.Errorf("%+v", stats)
		}
		usable(t, "passed again", anew, true)
	})
}

// TestIdleLimitWhileDown: it goes on while there is no connection.
func TestIdleLimitWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Logger: quiet.Logger, Lease: 10 * time.Minute})
		idle := &limitedThing{limit: time.Minute}
		held := lend(t, p.server, p.client, idle)
		<-time.After(time.Second) // the owner knows that its answer has come
		p.kit.Part(p.server)
		<-time.After(2 * time.Minute)
		if n := idle.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
		p.kit.Heal(p.server)
		<-objects.Alive(held).Done()
		if err := context.Cause(objects.Alive(held)); !errors.Is(err, objects.ErrGone) {
			t.Errorf("Alive ended with %v", err)
		}
	})
}

// TestIdleLimitSparesWhatIsPinned, published or running.
func TestIdleLimitSparesWhatIsPinned(t *testing.T) {
	onWireAndDirect(t, func(t *testing.T, p *pair) {
		pinned, running := &limitedThing{limit: time.Minute}, &limitedThing{limit: time.Minute}
		unpin, err := objects.Pin(p.server, pinned)
		if err != nil {
			t.Fatal(err)
		}
		held, busy := lend(t, p.server, p.client, pinned), lend(t, p.server, p.client, running)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- busy.Wait(ctx) }()
		<-time.After(5 * time.Minute)
		if objects.Alive(held).Err() != nil || objects.Alive(busy).Err() != nil {
			t.Error("one of them ended")
		}
		unpin()
		cancel()
		<-done
		usable(t, "what was running", busy, true)
		<-time.After(5 * time.Minute)
		for name, v := range map[string]sample.Thing{"pinned": held, "running": busy} {
			if err := context.Cause(objects.Alive(v)); !errors.Is(err, objects.ErrGone) {
				t.Errorf("no longer %s: %v", name, err)
			}
		}
	})
}
