package objects_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// TestLargeBodiesWaitForRoom makes calls whose arguments and results together
// are many times what a session may take: they wait, and all are served.
func TestLargeBodiesWaitForRoom(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		const callers, size = 48, 2 << 20
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				body, err := p.remote.Bytes(t.Context(), make([]byte, size))
				if err != nil || len(body) != size {
					t.Errorf("%d bytes, %v", len(body), err)
				}
			})
		}
		wg.Wait()
	})
}

// TestCallerThatWaitsForRoomGivesUpWithItsContext fills the peer's room for
// arguments with a method that does not return.
func TestCallerThatWaitsForRoomGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Limits: objects.Limits{MessageSize: 1 << 20, DecodeBudget: 2 << 20}})
		entered, leave := make(chan struct{}), make(chan struct{})
		p.local.takes = func() { entered <- struct{}{}; <-leave }
		first := make(chan error)
		go func() {
			_, err := p.remote.Bytes(t.Context(), make([]byte, 700<<10))
			first <- err
		}()
		<-entered
		ctx, cancel := context.WithCancel(t.Context())
		second := make(chan error)
		go func() {
			_, err := p.remote.Bytes(ctx, make([]byte, 700<<10))
			second <- err
		}()
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
			t.Errorf("a small call beside them: %v", err)
		}
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("the second call: %v (%v)", err, objects.OutcomeOf(err))
		}
		close(leave)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

// TestQueuedArgumentsAreBounded sends a node more than it announced to take, to
// a method that does not return: what is beyond the budget is refused, and the
// session goes on.
func TestQueuedArgumentsAreBounded(t *testing.T) {
	const budget = 256 << 10
	p := newPairAt(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Running: 1, DecodeBudget: budget}}, "tcp://127.0.0.1:0")
	p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
	raw := dialRawPeer(t, p.server.Addrs()[0])
	xid := raw.open("thing")
	raw.sendCall(&wire.Call{ID: 100, Target: wire.Target{XID: xid}, Method: thingMethod("Wait")}, emptyArgs)
	<-p.local.started
	const sent = 64
	args := marshal.AppendBytes(marshal.AppendArray(nil, 1), make([]byte, 16<<10))
	for id := range uint64(sent) {
		raw.sendCall(&wire.Call{ID: 200 + id, Target: wire.Target{XID: xid}, Method: thingMethod("Bytes")}, args)
	}
	raw.arrive()
	if held := p.server.Stats().Bytes; held > budget {
		t.Errorf("the node holds %d bytes", held)
	}
	close(p.local.block)
	refused, served := 0, 0
	for range sent + 1 {
		switch m := raw.answer(); {
		case m.ID == 100:
		case m.Status == wire.StatusOK:
			served++
		case faultCode(m) == objects.CodeLimit:
			refused++
		}
	}
	if fits := budget / (16 << 10); served > fits || served < fits/2 || served+refused != sent {
		t.Errorf("%d served, %d refused, of %d", served, refused, sent)
	}
}

func thingMethod(name string) uint64 {
	return uint64(proxy.NewMethodID("github.com/netobj/netobj/objects/internal/sample.Thing", name))
}

// TestTenThousandCallers makes as many calls at once, twice as many as may be
// unfinished: only the agreed number of methods runs, only the agreed number of calls
// is at the owner, a caller that waits gives up with its context, and all others are
// served.
func TestTenThousandCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, running, queued = 10_000, 64, 5_000 - 64
		p := newPair(t, objects.Config{Limits: objects.Limits{Running: running, Queued: queued}})
		p.local.started, p.local.block = make(chan struct{}, callers), make(chan struct{})
		before := runtime.NumGoroutine()
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if err := p.remote.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := len(p.local.started); n != running {
			t.Errorf("%d methods run, the limit is %d", n, running)
		}
		if n := p.server.Stats().Incoming; n != running+queued {
			t.Errorf("%d calls are at the owner, the limits are %d and %d", n, running, queued)
		}
		if n := runtime.NumGoroutine() - before - callers; n > 2*running {
			t.Errorf("%d goroutines beside the callers and %d methods", n, running)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := p.remote.Wait(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || objects.OutcomeOf(err) != objects.NotSent || time.Since(begun) != time.Second {
			t.Errorf("one more, after %v: %v (%v)", time.Since(begun), err, objects.OutcomeOf(err))
		}
		close(p.local.block)
		wg.Wait()
	})
}

// TestTenThousandCallersGiveUp: when a crowd gives up together, while the peer has not
// seen it yet, the next call waits like any other and does not fail.
func TestTenThousandCallersGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers = 10_000
		p := newPair(t, objects.Config{})
		p.local.block = make(chan struct{}) // nothing ends at the owner before
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if err := p.remote.Wait(ctx); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		wg.Go(func() {
			if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		close(p.local.block)
		wg.Wait()
	})
}
