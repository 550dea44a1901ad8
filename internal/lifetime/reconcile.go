package lifetime

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// This file holds what happens to references between two connections of a
// session: both sides fence the old one (R1), the holder states what it holds and
// forgets what it was about to return (R2), and the owner takes that for its own
// counts (R4). Nothing is granted in between (R3). What comes of a session that is
// not resumed is EndSession's, on both sides (R5).

// ErrStale refuses what is about a connection that is lost, or that is not yet
// reconciled.
var ErrStale = errors.New("the connection is not the session's present one")

// Held is what a holder states: it has n grants of one reference.
type Held struct {
	XID XID
	N   Grants
}

// current returns what session s holds if c is its connection, and stands.
func (x *Exports[T]) current(s SessionID, c Conn) (*holdings, error) {
	h := x.sessions[s]
	switch {
	case h == nil:
		return nil, ErrEnded
	case h.fenced || h.conn != c:
		return nil, ErrStale
	}
	return h, nil
}

// Fence tells that the connection of session s is lost or replaced. From now on
// nothing that came on it counts, and nothing can be granted, until Reconcile (R1,
// R3). What the session holds stays. Fencing twice is fencing once.
func (x *Exports[T]) Fence(s SessionID) {
	if h := x.sessions[s]; h != nil {
		h.fenced = true
	}
}

// Reconcile makes the holder's statement the owner's counts, on a new connection
// c: what it does not name is not held any more (R4). held is in ascending order,
// as Snapshot returns it. What it names and the session does not hold is returned
// as unknown; the holder is told with Broken.
//
// An error is a violation of the protocol, and nothing has changed: a connection
// that is not new, a statement out of order, or of more than was granted.
func (x *Exports[T]) Reconcile(s SessionID, c Conn, held []Held) (gone []Reclaimed[T], unknown []XID, err error) {
	h := x.sessions[s]
	switch {
	case h == nil:
		return nil, nil, ErrEnded
	case !h.fenced || c <= h.conn:
		return nil, nil, fmt.Errorf("references are stated anew on connection %d, after connection %d", c, h.conn)
	}
	if err := h.verify(held); err != nil {
		return nil, nil, err
	}
	h.conn, h.fenced = c, false
	for _, e := range held {
		if l := h.byXID.Get(e.XID); l != nil {
			l.n = e.N
		} else {
			unknown = append(unknown, e.XID)
		}
	}
	if len(held)-len(unknown) == h.byXID.Len() {
		return nil, unknown, nil // all that was listed is held, the usual case
	}
	for xid, o := range h.absent(held) {
		gone = append(gone, x.delist(s, xid, o)...)
	}
	return gone, unknown, nil
}

// absent returns what is listed and not stated.
func (h *holdings) absent(held []Held) map[XID]ObjectID {
	absent := map[XID]ObjectID{}
	for xid, l := range h.byXID.All() {
		_, stated := slices.BinarySearchFunc(held, xid, func(e Held, xid XID) int { return cmp.Compare(e.XID, xid) })
		if !stated {
			absent[xid] = l.object
		}
	}
	return absent
}

// verify checks a statement before anything is changed.
func (h *holdings) verify(held []Held) error {
	last := XID(0)
	for _, e := range held {
		l := h.byXID.Get(e.XID)
		switch {
		case e.XID <= last:
			return fmt.Errorf("reference %d is stated after reference %d", e.XID, last)
		case e.N == 0:
			return fmt.Errorf("reference %d is stated with no grants", e.XID)
		case l != nil && e.N > l.n:
			return fmt.Errorf("the peer states %d grants of reference %d, it was given %d", e.N, e.XID, l.n)
		}
		last = e.XID
	}
	return nil
}

// Fence tells that the session's connection is lost or replaced: nothing that
// came on it counts any more (R1). Proxies live on, and may end meanwhile. Fencing
// twice is fencing once.
func (m *Imports) Fence() { m.fenced = true }

// Snapshot begins connection c, which is the next. It returns all that is held,
// in ascending order, for the first message on it; and it empties the batch, for
// the owner takes what is not stated as returned (R2). It does both at once, since
// cleanups go on after the fence.
func (m *Imports) Snapshot(c Conn) []Held {
	m.conn, m.fenced = c, false
	m.batch = nil
	held := make([]Held, 0, m.entries.Len())
	for xid, e := range m.entries.All() {
		held = append(held, Held{xid, e.n})
	}
	slices.SortFunc(held, func(a, b Held) int { return cmp.Compare(a.XID, b.XID) })
	return held
}

// Void forgets a reference of which the owner says that the session does not hold
// it (R4): its grants count for nothing and are not returned.
func (m *Imports) Void(xid XID) {
	if e := m.entries.Get(xid); e != nil {
		m.remove(xid, e)
	}
}
