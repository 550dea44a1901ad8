package lifetime

import (
	"math"
	"time"
)

// Leases counts the time that sessions have been without a connection, for their
// owner's side: when it is over, what they hold is dropped. It is counted in ticks
// of at most MaxTick, so that an owner that was itself stopped finds one tick gone
// when it wakes, and expires nobody for having slept (O5).
type Leases struct {
	limit int
	left  map[SessionID]time.Duration
}

// MaxTick is the most that one tick takes from a lease.
const MaxTick = time.Second

// NewLeases returns leases for up to limit sessions at once.
func NewLeases(limit int) *Leases {
	return &Leases{limit: limit, left: map[SessionID]time.Duration{}}
}

// Start begins the lease of a session that lost its connection. A peer that
// connects anew again and again must not pile leases up: one too many ends that
// with the least left, which is returned; otherwise 0.
func (l *Leases) Start(s SessionID, lease time.Duration) (evicted SessionID) {
	if _, renewed := l.left[s]; !renewed && len(l.left) >= l.limit {
		evicted = l.oldest()
		delete(l.left, evicted)
	}
	l.left[s] = lease
	return evicted
}

func (l *Leases) oldest() (oldest SessionID) {
	least := time.Duration(math.MaxInt64)
	for s, left := range l.left {
		if left < least {
			oldest, least = s, left
		}
	}
	return oldest
}

// Stop ends the lease of a session that is resumed, or ended for another reason.
// It reports false if there is none: then the session has expired.
func (l *Leases) Stop(s SessionID) bool {
	_, running := l.left[s]
	delete(l.left, s)
	return running
}

// Tick takes the time since the last tick from every lease, and returns the
// sessions whose lease is over.
func (l *Leases) Tick(passed time.Duration) (expired []SessionID) {
	passed = min(passed, MaxTick)
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

// Len returns the number of leases that run.
func (l *Leases) Len() int { return len(l.left) }
