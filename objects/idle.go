package objects

import (
	"fmt"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
)

// IdleLimiter is implemented by exported values that are to end although peers hold
// them, when none has called them for a time: a peer may have forgotten them, or be
// part of a cycle. IdleLimit is asked when the value is passed, and counts from the
// first time on; zero or less means no limit. Then the value is no longer exported:
// its holders' calls fail with [ErrGone], their [Alive] contexts end, and its
// Unreferenced method is called if it has one. That is noticed within a sixth of
// Config.KeepAlive. A running method, a published name and a [Pin] keep the value.
// Passed again, it is exported anew.
type IdleLimiter interface {
	IdleLimit() time.Duration
}

// idling is what few exports have: a limit, in seconds, and when they were exported.
type idling struct{ limit, born uint32 }

// ended is what is left of an export that was idle for too long, until its holders
// have given it back.
type ended struct{ why *Error }

// idleLimit asks target, outside all locks.
func idleLimit(target any) time.Duration {
	if l, ok := target.(IdleLimiter); ok {
		return l.IdleLimit()
	}
	return 0
}

// limitIdle notes the limit of a new export, in whole seconds, one more rather than
// one less; x.mu is held.
func (x *exports) limitIdle(id lifetime.ObjectID, limit time.Duration, now uint32) {
	if limit > 0 {
		x.idle.Put(id, idling{uint32(min(limit/time.Second+1, 1<<31)), now})
	}
}

// expired takes the exports that were idle for too long out of the way, at most once
// a second; the calls of their holders find an ended in their place.
func (x *exports) expired() (gone []lifetime.Reclaimed[any]) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.tick()
	if x.idle.Len() == 0 || x.swept == now {
		return nil
	}
	x.swept = now
	for id, i := range x.idle.All() {
		e, _ := x.table.Export(id)
		if e.Pins == 0 && e.Running == 0 && now-max(e.Called, i.born) >= i.limit {
			gone = append(gone, lifetime.Reclaimed[any]{ID: id, Target: e.Target})
		}
	}
	for _, r := range gone {
		i, _ := x.idle.Get(r.ID)
		x.table.Replace(r.ID, ended{idleFault(time.Duration(i.limit-1) * time.Second)})
		x.forget([]lifetime.Reclaimed[any]{r})
	}
	return gone
}

func idleFault(limit time.Duration) *Error {
	return fault(CodeGone, fmt.Errorf("nobody called it for %v, its owner's limit", limit), hintLookup)
}

// endIdle ends the exports that were idle for too long, and tells their holders.
func (n *Node) endIdle() {
	gone := n.exports.expired()
	for _, r := range gone {
		n.exports.mu.Lock()
		e, held := n.exports.table.Export(r.ID)
		n.exports.mu.Unlock()
		if held {
			n.exports.disown(r.ID, e.Target.(ended).why)
		}
	}
	n.reclaim(gone)
}
