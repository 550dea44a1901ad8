package registry

import (
	"context"
	"errors"
	"iter"

	"github.com/netobj/netobj/objects"
)

// Watch yields what happens to the names that begin with prefix: each name that
// is there, as [Bound] or [Unreachable], and then every change of it. When
// events were lost, because the loop body was slow or the connection broke, it
// yields an event of kind [Resync] and begins anew with the names that are
// there. It survives restarts of the registry.
//
// It ends with ctx, with the client, or when the registry refuses the watch; the
// reason is the last pair's error, and the only one. Leaving the loop ends the
// watch. The sequence can be ranged over several times, also at once. A loop that
// stays slow keeps one of the handlers busy that this node runs for the
// registry's, see [objects.Limits].
func (c *Client) Watch(ctx context.Context, prefix string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(c.ctx, func() { cancel(errClosed) })()
		err := c.watch(ctx, prefix, func(e Event) bool { return yield(e, nil) })
		if err != nil && err != errLoopLeft {
			yield(Event{}, err)
		}
	}
}

// watch subscribes, again and again when the registry was lost, until ctx ends
// or the loop is left. Only the first subscription may fail.
func (c *Client) watch(ctx context.Context, prefix string, yield func(Event) bool) error {
	if err := validatePrefix(prefix); err != nil {
		return err
	}
	var p pauses
	for begun := false; ; {
		sub, w, err := c.subscribe(ctx, prefix)
		if err != nil && !begun {
			return err
		}
		if err == nil {
			err = errLoopLeft
			if !begun || yield(Event{Kind: Resync}) {
				err = w.deliver(ctx, sub, yield)
			}
			w.end(sub)
			if err != errSubscriptionLost {
				return err
			}
			begun, p = true, pauses{}
		}
		if !p.wait(ctx) {
			return context.Cause(ctx)
		}
	}
}

var (
	errLoopLeft         = errors.New("the loop over the watch was left")
	errSubscriptionLost = errors.New("the registry ended the watch")
)

// watch is the client's end of one subscription. It implements [Watcher].
type watch struct {
	events chan []Event
	done   chan struct{} // closed when nobody reads events any more
}

// watchAhead is how many batches a client keeps for a slow loop.
const watchAhead = 16

func (c *Client) subscribe(ctx context.Context, prefix string) (sub Subscription, w *watch, err error) {
	w = &watch{make(chan []Event, watchAhead), make(chan struct{})}
	err = c.call(ctx, true, func(r Registry) (err error) {
		sub, err = r.Watch(ctx, prefix, w)
		return err
	})
	return sub, w, err
}

// Notify implements Watcher. It waits while the loop is slow.
func (w *watch) Notify(ctx context.Context, events []Event) error {
	select {
	case w.events <- events:
		return nil
	case <-w.done:
		return errLoopLeft
	case <-ctx.Done():
		return ctx.Err()
	}
}

// deliver yields events until ctx ends, the loop is left, or sub is lost.
func (w *watch) deliver(ctx context.Context, sub Subscription, yield func(Event) bool) error {
	ended := endOf(sub).Done()
	for {
		select {
		case events := <-w.events:
			for _, e := range events {
				if !yield(e) {
					return errLoopLeft
				}
			}
		case <-ended:
			return errSubscriptionLost
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// end lets go of the subscription; the registry notices.
func (w *watch) end(sub Subscription) {
	close(w.done)
	if local, ok := sub.(*subscription); ok {
		local.cancel()
	}
	objects.Release(sub)
}
