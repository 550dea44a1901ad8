package objects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

func TestDeadlineReachesTheCallee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		if left, err := p.remote.Deadline(t.Context()); left != 0 || err != nil {
			t.Fatalf("without a deadline: %v, %v", left, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if left, err := p.remote.Deadline(ctx); left != time.Minute || err != nil {
			t.Fatalf("with a minute: %v, %v", left, err)
		}
	})
}

func TestCancellationReachesTheCallee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		p.local.started = make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { result <- p.remote.Wait(ctx) }()
		<-p.local.started
		cancel()
		err := <-result
		if !errors.Is(err, context.Canceled) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Fatalf("Wait = %v (%v)", err, objects.OutcomeOf(err))
		}
		synctest.Wait() // the callee has noticed, its Return has come
		if s, c := p.server.Stats(), p.client.Stats(); s.Incoming != 0 || c.Outgoing != 0 {
			t.Fatalf("cancelled call left behind: server %+v, client %+v", s, c)
		}
	})
}

// TestTheContextReachesCallsOnward lets a method of the second node call one of a
// third with the context that it got.
func TestTheContextReachesCallsOnward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		third, last := p.kit.Node(), &thing{started: make(chan struct{}, 1)}
		if err := objects.Publish[sample.Thing](third, "last", last); err != nil {
			t.Fatal(err)
		}
		far, err := objects.Open[sample.Thing](t.Context(), p.server, third.Addrs()[0], "last")
		if err != nil {
			t.Fatal(err)
		}
		var left time.Duration
		ended := make(chan error, 1)
		p.local.calls = func(ctx context.Context, _ int64) {
			left, _ = far.Deadline(ctx)
			ended <- far.Wait(ctx)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go p.remote.Add(ctx, 1, 2)
		<-last.started
		if left != time.Minute {
			t.Errorf("the deadline at the third node is in %v", left)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the call onward ended with %v", err)
		}
		synctest.Wait()
		if n := third.Stats().Incoming; n != 0 {
			t.Errorf("%d methods still run at the third node", n)
		}
	})
}

func TestOutcomeOfAWrappedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.server.Close()
		synctest.Wait()
		_, err := p.remote.Add(t.Context(), 1, 2)
		if wrapped := fmt.Errorf("adding: %w", err); objects.OutcomeOf(wrapped) != objects.NotSent {
			t.Errorf("%v: %v", wrapped, objects.OutcomeOf(wrapped))
		}
	})
}

func TestCallerNeverWaitsLongerThanItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		p.local.started = make(chan struct{}, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		err := p.remote.Wait(ctx)
		if waited := time.Since(begun); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v", err)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.remote.Add(ended, 1, 1); !errors.Is(err, context.Canceled) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("call with an ended context: %v (%v)", err, objects.OutcomeOf(err))
		}
	})
}

func TestBackPressureWaitsAndGivesUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Limits: objects.Limits{Running: 1, Queued: 1}})
		p.local.started = make(chan struct{}, 2)
		hold, release := context.WithCancel(t.Context())
		done := make(chan error, 2)
		for range 2 { // one runs, one waits in the queue
			go func() { done <- p.remote.Wait(hold) }()
		}
		<-p.local.started
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := p.remote.Add(ctx, 1, 1)
		if !errors.Is(err, context.DeadlineExceeded) || objects.OutcomeOf(err) != objects.NotSent {
			t.Fatalf("third call: %v (%v), want not sent", err, objects.OutcomeOf(err))
		}
		release()
		<-done
		<-done
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPeerOfTheCallIsInTheContext(t *testing.T) {
	if _, ok := objects.PeerFrom(t.Context()); ok {
		t.Fatal("a context from elsewhere has no peer")
	}
}
