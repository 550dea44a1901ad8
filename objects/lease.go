package objects

import (
	"fmt"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
)

// leases holds the sessions whose connection broke, until they have another one or
// end. The rule (O5) is that of lifetime.Leases; this adds the lock and the
// clock.
type leases struct {
	node *Node

	mu       sync.Mutex
	down     *lifetime.Leases[time.Duration]
	sessions map[lifetime.SessionID]*session // whose leases run
	stopped  bool
	ticking  bool
	done     chan struct{} // closed by stop
}

func (l *leases) init(n *Node) {
	l.node = n
	l.down = lifetime.NewLeases(n.cfg.Limits.Sessions, time.Second)
	l.sessions = map[lifetime.SessionID]*session{}
	l.done = make(chan struct{})
}

// add starts the lease of a session that lost its connection. It reports false
// when the node is closing and leases mean nothing any more.
//
// There are at most Limits.Sessions leases; one too many ends the oldest of those whose
// peers come from where most do: who connects anew again and again ends their own.
func (l *leases) add(s *session) bool {
	evicted, ok := l.enter(s)
	if evicted != nil {
		l.node.complain(evicted.log, "references of a lost peer are dropped before its lease is over: too many peers were lost",
			"most", l.node.cfg.Limits.Sessions)
		evicted.endSoon(fault(CodeUnreachable, reason("too many peers are lost"), hintLookup))
	}
	return ok
}

func (l *leases) enter(s *session) (evicted *session, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped || !l.ticking && !l.node.spawn(l.run) {
		return nil, false
	}
	l.ticking = true
	if l.sessions[s.id] == nil && len(l.sessions) >= l.node.cfg.Limits.Sessions {
		evicted = l.crowd()
		l.take(evicted.id)
		l.down.Stop(evicted.id)
	}
	l.sessions[s.id] = s
	l.down.Start(s.id, l.node.cfg.Lease)
	return evicted, true
}

// crowd returns the session with the oldest lease of those whose peers have the origin
// that most have; l.mu is held.
func (l *leases) crowd() (oldest *session) {
	from := map[string]int{}
	for _, s := range l.sessions {
		from[s.peer.origin]++
	}
	least := time.Duration(0)
	for id, left := range l.down.All() {
		s := l.sessions[id]
		more := 1
		if oldest != nil {
			more = from[s.peer.origin] - from[oldest.peer.origin]
		}
		if more > 0 || more == 0 && left < least {
			oldest, least = s, left
		}
	}
	return oldest
}

// take returns the session numbered id, and forgets it; l.mu is held.
func (l *leases) take(id lifetime.SessionID) *session {
	s := l.sessions[id]
	delete(l.sessions, id)
	return s
}

// remove ends the lease of a session that goes on, or has ended for another reason. It
// reports false if there is none.
func (l *leases) remove(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(s.id)
	return l.down.Stop(s.id)
}

// run ticks while a lease is open; it ends with the last one, or at stop.
func (l *leases) run() {
	tick := min(time.Second, max(l.node.cfg.Lease/16, time.Millisecond))
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-ticker.C:
		}
		l.node.endIdle() // where no connection stands, no heart beats for it
		l.node.fallen.tell()
		expired, more := l.tick(tick)
		for _, s := range expired {
			l.node.tasks.Go(func() { s.end(l.expiry()) }) // it waits for methods that still run
		}
		if !more {
			return
		}
	}
}

// expiry is why a session ends that had no connection for too long.
func (l *leases) expiry() *Error {
	return fault(CodeUnreachable, fmt.Errorf("no connection for %v", l.node.cfg.Lease), hintLookup)
}

// tick takes one tick off every lease and returns the sessions whose lease is over.
func (l *leases) tick(tick time.Duration) (expired []*session, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.down.Tick(tick) {
		expired = append(expired, l.take(id))
	}
	l.ticking = l.down.Len() > 0
	return expired, l.ticking
}

// stop ends every lease: the node is closing, and so are its sessions.
func (l *leases) stop() {
	close(l.done)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	l.down.End()
	clear(l.sessions)
}
