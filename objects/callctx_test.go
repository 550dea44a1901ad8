package objects

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errSessionOver = errors.New("session over")

// TestContextsOfCallsEnd in each of the ways in which they may, as those of package
// context do, with all that was derived from them.
func TestContextsOfCallsEnd(t *testing.T) {
	for name, step := range map[string]struct {
		deadline time.Duration
		do       func(c *callContext, endSession context.CancelCauseFunc)
		err      error
		cause    error
	}{
		"cancelled": {
			do:  func(c *callContext, _ context.CancelCauseFunc) { c.end(context.Canceled) },
			err: context.Canceled, cause: context.Canceled,
		},
		"past its deadline": {
			deadline: time.Minute,
			do:       func(*callContext, context.CancelCauseFunc) { <-time.After(time.Minute) },
			err:      context.DeadlineExceeded, cause: context.DeadlineExceeded,
		},
		"with its session": {
			deadline: time.Minute,
			do: func(c *callContext, endSession context.CancelCauseFunc) {
				endSession(errSessionOver)
				c.end(context.Canceled)
			},
			err: context.Canceled, cause: errSessionOver,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				session, end := context.WithCancelCause(context.Background())
				defer end(nil)
				type key struct{}
				c := &callContext{Context: session}
				if step.deadline > 0 {
					c.deadline = time.Now().Add(step.deadline)
				}
				child, cancel := context.WithCancel(context.WithValue(c, key{}, "value"))
				defer cancel()
				var called atomic.Int64
				stop := context.AfterFunc(c, func() { called.Add(1) })
				context.AfterFunc(c, func() { called.Add(10) })
				if c.Err() != nil || child.Err() != nil || !stop() || stop() {
					t.Errorf("it began as %v, %v", c.Err(), child.Err())
				}
				step.do(c, end)
				<-c.Done()
				<-child.Done()
				synctest.Wait()
				if c.Err() != step.err || context.Cause(c) != step.cause || child.Err() != step.err || called.Load() != 10 {
					t.Errorf("ended as %v (%v), child %v, functions %d", c.Err(), context.Cause(c), child.Err(), called.Load())
				}
				late := make(chan struct{})
				if context.AfterFunc(c, func() { close(late) })() {
					t.Error("a late function was stopped")
				}
				<-late
			})
		})
	}
}

// TestADeadlineNeedsNoTimer of a context that nobody waits for.
func TestADeadlineNeedsNoTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &callContext{Context: t.Context(), deadline: time.Now().Add(time.Second)}
		<-time.After(time.Second)
		if c.timer != nil || c.Err() != context.DeadlineExceeded {
			t.Errorf("timer %v, %v", c.timer, c.Err())
		}
		select {
		case <-c.Done():
		default:
			t.Error("not done")
		}
	})
}
