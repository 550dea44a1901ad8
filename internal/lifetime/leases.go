package lifetime

import (
	"iter"
	"maps"
)

// Leases counts the time that sessions have been without a connection, for their
// owner's side: when it is over, what they hold is dropped. It is counted in ticks
// that are cut to a greatest, so that an owner that was itself stopped finds one
// tick gone when it wakes, and expires nobody for having slept (O5). D is a time
// that has passed; this package has no clock.
type Leases[D ~int64] struct {
	limit   int
	longest D // that one tick takes from a lease
	left    map[SessionID]D
}

// NewLeases returns leases for up to limit sessions at once, with ticks that take
// up to longest.
func NewLeases[D ~int64](limit int, longest D) *Leases[D] {
	return &Leases[D]{limit: limit, longest: longest, left: map[SessionID]D{}}
}

// Start begins the lease of a session that lost its connection. A peer that
// connects anew again and again must not pile leases up: one too many ends that
// with the least left, which is returned; otherwise 0.
func (l *Leases[D]) Start(s SessionID, lease D) (evicted SessionID) {
	if _, renewed := l.left[s]; !renewed && len(l.left) >= l.limit {
		evicted = l.oldest()
		delete(l.left, evicted)
	}
	l.left[s] = lease
	return evicted
}

func (l *Leases[D]) oldest() (oldest SessionID) {
	for s, left := range l.left {
		if oldest == 0 || left < l.left[oldest] {
			oldest = s
		}
	}
	return oldest
}

// Stop ends the lease of a session that is resumed, or ended for another reason.
// It reports false if there is none: then the session has expired.
func (l *Leases[D]) Stop(s SessionID) bool {
	_, runs := l.left[s]
	delete(l.left, s)
	return runs
}

// Tick takes the time since the last tick from every lease, and returns the
// sessions whose lease is over.
func (l *Leases[D]) Tick(passed D) (expired []SessionID) {
	passed = min(passed, l.longest)
	for s, left := range l.left {
		if left > passed {
			l.left[s] = left - passed
			continue
		}
		delete(l.left, s)
		expired = append(expired, s)
	}
	return expired
}

// End ends all leases, and returns whose they were: the node is closing.
func (l *Leases[D]) End() (sessions []SessionID) {
	for s := range l.left {
		sessions = append(sessions, s)
	}
	clear(l.left)
	return sessions
}

// All yields the sessions whose leases run, with what is left of them.
func (l *Leases[D]) All() iter.Seq2[SessionID, D] { return maps.All(l.left) }

// Len returns the number of leases that run.
func (l *Leases[D]) Len() int { return len(l.left) }
