package objects

import (
	"slices"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
)

// What becomes of the tables of a session between two of its connections.

// pin keeps the objects in the arguments of all calls that may have to be sent again.
func (t *calls) pin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.pending {
		if f.call != nil {
			f.call.pin()
		}
	}
}

// open returns the calls that have no answer, in ascending order.
func (t *calls) open() []lifetime.CallID {
	t.mu.Lock()
	defer t.mu.Unlock()
	ids := make([]lifetime.CallID, 0, len(t.pending))
	for id := range t.pending {
		ids = append(ids, lifetime.CallID(id))
	}
	slices.Sort(ids)
	return ids
}

// unanswered takes back that the Return of call id has come: its body was lost.
func (t *calls) unanswered(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f, known := t.pending[id]; known {
		f.answered = false
		t.pending[id] = f
	}
}

// resolve ends the calls that were asked for and that the peer does not have: whoever
// waits for one makes it again. It returns those that the peer has and that nobody
// waits for.
func (t *calls) resolve(asked, have []lifetime.CallID) (cancelled []lifetime.CallID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range asked {
		f, pending := t.pending[uint64(id)]
		if !pending {
			continue
		}
		_, seen := slices.BinarySearch(have, id)
		switch {
		case seen && f.call == nil:
			cancelled = append(cancelled, id)
		case !seen:
			t.claimed(uint64(id), f)
			if f.call != nil {
				f.call.failed = linkLost
				t.wake(f.call)
			}
		}
	}
	return cancelled
}

// fence lets nothing of the session's connection count (rule R1).
func (x *exports) fence(s lifetime.SessionID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.table.Fence(s)
}

// reconcile takes the statement of what session s holds (rule R4).
func (x *exports) reconcile(s lifetime.SessionID, c lifetime.Conn, held []lifetime.Held) ([]lifetime.Reclaimed[any], []lifetime.XID, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	gone, unknown, err := x.table.Reconcile(s, c, held)
	return x.forget(gone), unknown, err
}

// disownedBy lists what session s holds of objects that are disowned.
func (x *exports) disownedBy(s lifetime.SessionID) (broken []wire.BrokenEntry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for id, why := range x.lost {
		if xid, held := x.table.Holds(s, id); held {
			broken = append(broken, brokenEntry(xid, why))
		}
	}
	return broken
}

// fence lets nothing of the session's connection count (rule R1).
func (m *imports) fence() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.table.Fence()
}

// snapshot states what is held, for connection c, which is the next (rule R2).
func (m *imports) snapshot(c lifetime.Conn) []lifetime.Held {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Snapshot(c)
}
