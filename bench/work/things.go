package work

import "sync/atomic"

// Things counts the objects that a server made and that somebody still holds.
type Things struct{ live atomic.Int64 }

// Thing is an object to hold references to.
type Thing struct{ of *Things }

// New returns one more thing.
func (t *Things) New() *Thing {
	t.live.Add(1)
	return &Thing{t}
}

// Live returns how many things have not been dropped.
func (t *Things) Live() int { return int(t.live.Load()) }

// Drop tells that nobody holds the thing any more.
func (t *Thing) Drop() { t.of.live.Add(-1) }
