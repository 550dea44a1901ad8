package lifetime

import (
	"fmt"
	"maps"
	"slices"
)

// CallID numbers the calls that one side of a session makes. It counts up from 1
// and is never used again in the session.
type CallID uint64

// Calls is the caller's side of the calls of one session (C1, C2): those that have
// no answer, and the answers of which the callee does not know that they have come.
// C is what a call is to the user of the table.
//
// After a break each call that is open is one of three to the callee: running or
// answered, then its answer comes on the new connection; answered, and the answer
// dropped for want of room, then word of that comes as its answer; or never seen,
// then Reconcile says that it is to be sent again, under its old number.
type Calls[C any] struct {
	last   CallID
	conn   Conn
	fenced bool // conn is lost, and the next one is not reconciled
	open   map[CallID]C
	done   []CallID // answered, and not acknowledged
}

// NewCalls returns an empty table, on FirstConn.
func NewCalls[C any]() *Calls[C] { return &Calls[C]{conn: FirstConn, open: map[CallID]C{}} }

// Begin enters a call and gives it its number.
func (t *Calls[C]) Begin(call C) CallID {
	t.last++
	t.open[t.last] = call
	return t.last
}

// Get returns an open call.
func (t *Calls[C]) Get(id CallID) (call C, ok bool) {
	call, ok = t.open[id]
	return call, ok
}

// Set replaces what an open call is.
func (t *Calls[C]) Set(id CallID, call C) { t.open[id] = call }

// Withdraw takes back a call that was never sent, or that Reconcile found never
// seen: its outcome is "not sent". Any other must wait for its answer, also if
// nobody else does.
func (t *Calls[C]) Withdraw(id CallID) (call C, ok bool) {
	call, ok = t.open[id]
	delete(t.open, id)
	return call, ok
}

// Return ends a call: its whole answer has come on connection c. The error is
// ErrStale if that was an old connection: then the answer is dropped, and comes
// once more (R1). Any other, for a call that is not open, is a violation of the
// protocol.
func (t *Calls[C]) Return(c Conn, id CallID) (call C, err error) {
	if t.fenced || c != t.conn {
		return call, ErrStale
	}
	call, ok := t.open[id]
	if !ok {
		return call, fmt.Errorf("answer to call %d, which was not made, or is answered", id)
	}
	delete(t.open, id)
	t.done = append(t.done, id)
	return call, nil
}

// Done appends to ids up to max calls whose answers have come, to be acknowledged in
// a message on connection c. It takes none if c is an old one.
func (t *Calls[C]) Done(c Conn, max int, ids []CallID) []CallID {
	if t.fenced || c != t.conn {
		return ids
	}
	n := min(max, len(t.done))
	ids = append(ids, t.done[:n]...)
	t.done = t.done[:copy(t.done, t.done[n:])]
	return ids
}

// Due returns the number of calls that Done would take.
func (t *Calls[C]) Due() int { return len(t.done) }

// Fence tells that the session's connection is lost or replaced: answers that
// came on it count no more (R1), and until Reconcile no call may be sent. What was
// to be acknowledged needs it no more: what Open leaves out is.
func (t *Calls[C]) Fence() {
	t.fenced = true
	t.done = t.done[:0]
}

// Open returns the numbers of the open calls, in ascending order, for the first
// message on a new connection.
func (t *Calls[C]) Open() []CallID { return slices.Sorted(maps.Keys(t.open)) }

// Reconcile begins connection c: of the calls of this side the callee has those in
// have, which is in ascending order. All other open ones it has never seen. They
// are returned in the order in which they were begun, and are to be sent, again or
// for the first time, before any later call. After an error, which is a violation
// of the protocol, nothing has changed.
func (t *Calls[C]) Reconcile(c Conn, have []CallID) (unseen []CallID, err error) {
	switch {
	case !t.fenced || c <= t.conn:
		return nil, fmt.Errorf("calls are stated anew on connection %d, after connection %d", c, t.conn)
	case !ascending(have):
		return nil, errCallOrder
	case len(have) > 0 && have[len(have)-1] > t.last:
		return nil, fmt.Errorf("the peer has call %d, which was not made", have[len(have)-1])
	}
	t.conn, t.fenced = c, false
	for _, id := range t.Open() {
		if _, seen := slices.BinarySearch(have, id); !seen {
			unseen = append(unseen, id)
		}
	}
	return unseen, nil
}

// End takes out all open calls: the session is over, and the outcome of those that
// were sent is unknown (R5).
func (t *Calls[C]) End() map[CallID]C {
	open := t.open
	t.open, t.done, t.fenced = map[CallID]C{}, nil, true
	return open
}

// Len returns the number of open calls.
func (t *Calls[C]) Len() int { return len(t.open) }

var errCallOrder = fmt.Errorf("calls are not stated in ascending order")

// ascending reports whether numbers grow from 1 on.
func ascending(ids []CallID) bool {
	last := CallID(0)
	for _, id := range ids {
		if id <= last {
			return false
		}
		last = id
	}
	return true
}
