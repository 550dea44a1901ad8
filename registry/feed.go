package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/netobj/netobj/objects"
)

// feed is the log of a server's latest events. Watchers read it at their own
// pace; who falls behind its length begins anew with the names that are there.
// So a slow watcher costs a server no more than a fast one. Server.mu guards
// it.
type feed struct {
	log      []Event // event number n is at n % feedLength
	next     uint64  // number of the next event
	watchers map[*subscription]struct{}
}

const (
	feedLength  = 1024
	notifyBatch = 256 // events in one Notify
)

func (f *feed) init() {
	f.log = make([]Event, feedLength)
	f.watchers = map[*subscription]struct{}{}
}

// publish appends e and wakes the watchers; s.mu is held.
func (s *Server) publish(e Event) {
	f := &s.feed
	f.log[f.next%feedLength] = e
	f.next++
	for w := range f.watchers {
		select {
		case w.wake <- struct{}{}:
		default: // it will look anyway
		}
	}
}

// subscription is one watch: a reader of the feed.
type subscription struct {
	s         *Server
	prefix    string
	principal string
	watcher   Watcher
	ctx       context.Context // ends when the watch is stopped, the watcher gone, or the server ended
	cancel    context.CancelFunc
	wake      chan struct{} // holds one token when there may be something to read

	// The fields below belong to run. A watch walks through the names that are
	// there in their order, and on the way tells the events of those that it has
	// passed; so it never holds a copy of the names.
	at     uint64 // the next event to read
	seen   string // the names up to this one are told
	caught bool   // all names are
}

// Watch implements Registry.
func (s *Server) Watch(ctx context.Context, prefix string, watcher Watcher) (Subscription, error) {
	if err := validatePrefix(prefix); err != nil {
		return nil, err
	}
	if watcher == nil {
		return nil, fmt.Errorf("watch %q: the watcher is nil", prefix)
	}
	_, _, principal := s.caller(ctx)
	w := &subscription{s: s, prefix: prefix, principal: principal, watcher: watcher, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errEnded("Watch")
	}
	if s.watches[principal] >= MaxWatches {
		return nil, fmt.Errorf("watch %q: %w: %d are open for this caller, which is the limit; stop some", prefix, ErrTooManyWatches, MaxWatches)
	}
	s.watches[principal]++
	s.feed.watchers[w] = struct{}{}
	w.ctx, w.cancel = context.WithCancel(s.ctx)
	w.rewind()
	s.tasks.Go(w.run) // ends with w.ctx
	return w, nil
}

// Stop implements Subscription.
func (w *subscription) Stop(context.Context) error {
	w.cancel()
	return nil
}

func (w *subscription) life() context.Context { return w.ctx }

// Unreferenced is called when the client let go of the subscription, or its
// session ended.
func (w *subscription) Unreferenced() { w.cancel() }

// run delivers events until the watch ends.
func (w *subscription) run() {
	defer w.end()
	defer context.AfterFunc(objects.Alive(w.watcher), w.cancel)()
	for w.ctx.Err() == nil {
		events := w.read()
		if len(events) == 0 {
			select {
			case <-w.wake:
			case <-w.ctx.Done():
			}
			continue
		}
		if err := w.watcher.Notify(w.ctx, events); err != nil {
			return
		}
	}
}

func (w *subscription) end() {
	w.cancel()
	objects.Forget(w.watcher)
	objects.Disown(w.s.node, w, errors.New("the watch has ended")) // if it was not the client that ended it
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	delete(w.s.feed.watchers, w)
	if w.s.watches[w.principal]--; w.s.watches[w.principal] == 0 {
		delete(w.s.watches, w.principal)
	}
}

// read returns the events to send next; none if the watcher has seen all.
func (w *subscription) read() []Event {
	w.s.mu.RLock()
	defer w.s.mu.RUnlock()
	var b batch
	if w.s.feed.next-w.at > feedLength {
		w.rewind()
		b.add(Event{Kind: Resync})
	}
	if w.readFeed(&b) && !w.caught {
		w.caught = w.readNames(&b)
	}
	return b.events
}

// rewind puts the watch at its beginning; Server.mu is held.
func (w *subscription) rewind() { w.at, w.seen, w.caught = w.s.feed.next, "", false }

// readFeed adds the events of names that the watcher was told of, and reports
// whether that was all; Server.mu is held.
func (w *subscription) readFeed(b *batch) bool {
	for f := &w.s.feed; w.at < f.next; w.at++ {
		e := f.log[w.at%feedLength]
		told := strings.HasPrefix(e.Entry.Name, w.prefix) && (w.caught || e.Entry.Name <= w.seen)
		if told && !b.add(e) {
			return false
		}
	}
	return true
}

// readNames adds the names that the watcher was not told of, as they are now,
// and reports whether that was all; Server.mu is held.
func (w *subscription) readNames(b *batch) bool {
	for bound := range w.s.names.from(w.prefix, w.seen) {
		kind := Bound
		if bound.ref == nil {
			kind = Unreachable
		}
		if !b.add(Event{kind, bound.entry()}) {
			return false
		}
		w.seen = bound.record.Name
	}
	return true
}

// batch collects the events of one Notify.
type batch struct {
	events []Event
	bytes  int
}

// add reports false if e does not fit any more.
func (b *batch) add(e Event) bool {
	size := e.Entry.size()
	if len(b.events) == notifyBatch || len(b.events) > 0 && b.bytes+size > pageBytes {
		return false
	}
	b.events = append(b.events, e)
	b.bytes += size
	return true
}
