package objects

import (
	"math"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
)

// leases holds the sessions whose connection broke, until their references may
// be dropped (lifetimes rule O5). The clock is counted in ticks of at most a
// second: a process that was stopped for an hour finds one tick gone when it
// wakes, and expires nobody for having slept.
type leases struct {
	node *Node

	mu      sync.Mutex
	down    map[lifetime.SessionID]time.Duration // what is left of the lease; nil after stop
	ticking bool
	done    chan struct{} // closed by stop
}

func (l *leases) init(n *Node) {
	l.node = n
	l.down = map[lifetime.SessionID]time.Duration{}
	l.done = make(chan struct{})
}

// add starts the lease of a session that lost its connection. It reports false
// when the node is closing and leases mean nothing any more.
//
// There are at most Limits.Sessions leases: a peer that connects anew again and
// again must not pile them up. One too many ends the oldest.
func (l *leases) add(id lifetime.SessionID) bool {
	evicted, ok := l.enter(id)
	if evicted != 0 {
		l.node.log.Warn("references of a lost peer are dropped before its lease is over: too many peers were lost",
			"most", l.node.cfg.Limits.Sessions)
		l.node.reclaim(l.node.exports.endSession(evicted))
	}
	return ok
}

func (l *leases) enter(id lifetime.SessionID) (evicted lifetime.SessionID, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down == nil || !l.ticking && !l.node.spawn(l.run) {
		return 0, false
	}
	l.ticking = true
	if len(l.down) >= l.node.cfg.Limits.Sessions {
		evicted = l.oldest()
		delete(l.down, evicted)
	}
	l.down[id] = l.node.cfg.Lease
	return evicted, true
}

// oldest returns the lease with the least left; l.mu is held.
func (l *leases) oldest() (id lifetime.SessionID) {
	least := time.Duration(math.MaxInt64)
	for other, left := range l.down {
		if left < least {
			id, least = other, left
		}
	}
	return id
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
		expired, more := l.tick(tick)
		for _, id := range expired {
			l.node.reclaim(l.node.exports.endSession(id))
		}
		if !more {
			return
		}
	}
}

// tick takes one tick off every lease and returns those that are over.
func (l *leases) tick(tick time.Duration) (expired []lifetime.SessionID, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, left := range l.down {
		if left -= tick; left > 0 {
			l.down[id] = left
			continue
		}
		delete(l.down, id)
		expired = append(expired, id)
	}
	l.ticking = len(l.down) > 0
	return expired, l.ticking
}

// stop ends every lease at once: the node is closing.
func (l *leases) stop() {
	close(l.done)
	l.mu.Lock()
	down := l.down
	l.down = nil
	l.mu.Unlock()
	for id := range down {
		l.node.reclaim(l.node.exports.endSession(id))
	}
}
