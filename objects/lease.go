package objects

import (
	"sync"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
)

// leases holds the sessions whose connection broke, until their references may
// be dropped. The rule (O5) is that of lifetime.Leases; this adds the lock and the
// clock.
type leases struct {
	node *Node

	mu      sync.Mutex
	down    *lifetime.Leases[time.Duration]
	stopped bool
	ticking bool
	done    chan struct{} // closed by stop
}

func (l *leases) init(n *Node) {
	l.node = n
	l.down = lifetime.NewLeases(n.cfg.Limits.Sessions, time.Second)
	l.done = make(chan struct{})
}

// add starts the lease of a session that lost its connection. It reports false
// when the node is closing and leases mean nothing any more.
//
// There are at most Limits.Sessions leases; one too many ends the oldest.
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
	if l.stopped || !l.ticking && !l.node.spawn(l.run) {
		return 0, false
	}
	l.ticking = true
	return l.down.Start(id, l.node.cfg.Lease), true
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
	expired = l.down.Tick(tick)
	l.ticking = l.down.Len() > 0
	return expired, l.ticking
}

// stop ends every lease at once: the node is closing.
func (l *leases) stop() {
	close(l.done)
	l.mu.Lock()
	l.stopped = true
	down := l.down.End()
	l.mu.Unlock()
	for _, id := range down {
		l.node.reclaim(l.node.exports.endSession(id))
	}
}
