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

	// The fields below belong to run.
	at      uint64  // the next event to read
	backlog []Event // to be sent before that one
}

// Watch implements Registry.
func (s *Server) Watch(ctx context.Context, prefix string, watcher Watcher) (Subscription, error) {
	if err := validatePrefix(prefix); err != nil {
		return nil, err
	}
	if watcher == nil {
		return nil, errors.New("watch: the watcher is nil")
	}
	_, _, principal := s.caller(ctx)
	w := &subscription{s: s, prefix: prefix, principal: principal, watcher: watcher, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return nil, errEnded("Watch")
	}
	if s.watches[principal] >= MaxWatches {
		return nil, fmt.Errorf("%w: %d are open for this caller, which is the limit", ErrTooManyWatches, MaxWatches)
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
	f := &w.s.feed
	if len(w.backlog) == 0 && f.next-w.at > feedLength {
		w.rewind()
		w.backlog = append([]Event{{Kind: Resync}}, w.backlog...)
	}
	var b batch
	for len(w.backlog) > 0 && b.add(w.backlog[0]) {
		w.backlog = w.backlog[1:]
	}
	for ; len(w.backlog) == 0 && w.at < f.next; w.at++ {
		e := f.log[w.at%feedLength]
		if strings.HasPrefix(e.Entry.Name, w.prefix) && !b.add(e) {
			break
		}
	}
	return b.events
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

// rewind puts the watch at its beginning: the names that are there, then the
// events that follow. s.mu is held.
func (w *subscription) rewind() {
	w.at = w.s.feed.next
	w.backlog = nil
	for _, entry := range w.s.entries(w.prefix, "") {
		kind := Bound
		if !entry.Reachable {
			kind = Unreachable
		}
		w.backlog = append(w.backlog, Event{kind, entry})
	}
}
