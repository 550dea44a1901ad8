package lifetime

import (
	"errors"
	"fmt"
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
// not kept, then word of that comes as its answer; or never seen. The latter, and
// those that are made while there is no connection, stand in line, in the order in
// which they were made, and later ones behind them until all have been sent.
type Calls[C any] struct {
	last   CallID
	conn   Conn
	fenced bool // conn is lost, and the next one is not reconciled
	ended  bool
	open   numbered[flight[C]]
	asked  []CallID // open ones that the peer was asked for
	line   []CallID // what is to be sent on conn before any later call; may name some that were withdrawn
	acks   bool
	done   []CallID // answered, and not acknowledged
}

// flight is an open call.
type flight[C any] struct {
	call  C
	waits bool // it stands in line, or will when there is a connection
}

// NewCalls returns an empty table, on FirstConn. acks tells that the callee keeps
// answers: Done then has something to tell.
func NewCalls[C any](acks bool) *Calls[C] {
	return &Calls[C]{conn: FirstConn, acks: acks}
}

// Begin enters a call and gives it its number. The call is to be sent on connection
// send, or, if that is 0, when Turn says so. After End there is no call: id is 0.
func (t *Calls[C]) Begin(call C) (id CallID, send Conn) {
	if t.ended {
		return 0, 0
	}
	t.last++
	waits := t.fenced || len(t.line) > 0
	t.open.Put(t.last, flight[C]{call, waits})
	if !waits {
		return t.last, t.conn
	}
	if !t.fenced { // else Reconcile makes the line
		t.line = append(t.line, t.last)
	}
	return t.last, 0
}

// Get returns an open call.
func (t *Calls[C]) Get(id CallID) (call C, ok bool) {
	f, ok := t.open.Get(id)
	return f.call, ok
}

// Set replaces what an open call is.
func (t *Calls[C]) Set(id CallID, call C) { t.open.Put(id, flight[C]{call, t.Waits(id)}) }

// Waits reports whether an open call is certain not to have been seen: it may be
// withdrawn.
func (t *Calls[C]) Waits(id CallID) bool {
	f, _ := t.open.Get(id)
	return f.waits
}

// Withdraw takes back a call that was never sent, or that Reconcile found never
// seen: its outcome is "not sent". Any other must wait for its answer, also if
// nobody else does.
func (t *Calls[C]) Withdraw(id CallID) (call C, ok bool) {
	f, ok := t.open.Get(id)
	t.open.Delete(id)
	return f.call, ok
}

// Turn returns the call at the head of the line, if it may be sent on connection c.
func (t *Calls[C]) Turn(c Conn) (id CallID, call C, ok bool) {
	if t.fenced || c != t.conn {
		return 0, call, false
	}
	for len(t.line) > 0 {
		id = t.line[0]
		if f, open := t.open.Get(id); open {
			return id, f.call, true
		}
		t.line = t.line[1:]
	}
	t.line = nil
	return 0, call, false
}

// Send tells that a call whose turn it is is about to be sent on connection c. It
// reports false if its turn is over: it waits for another one.
func (t *Calls[C]) Send(c Conn, id CallID) bool {
	f, open := t.open.Get(id)
	if !open || t.fenced || c != t.conn || !f.waits {
		return false
	}
	f.waits = false
	t.open.Put(id, f)
	return true
}

// Pass tells that a call whose turn it was on connection c has been sent, or will not
// be.
func (t *Calls[C]) Pass(c Conn, id CallID) {
	if !t.fenced && c == t.conn && len(t.line) > 0 && t.line[0] == id {
		t.line = t.line[1:]
	}
}

// Return ends a call: its whole answer has come on connection c. The error is
// ErrStale if that was an old connection: then the answer is dropped, and comes
// once more (R1). Any other, for a call that is not open or was not sent, is a
// violation of the protocol.
func (t *Calls[C]) Return(c Conn, id CallID) (call C, err error) {
	f, open := t.open.Get(id)
	switch {
	case t.fenced || c != t.conn:
		return call, ErrStale
	case !open || f.waits:
		return call, errUnknownReturn
	}
	t.open.Delete(id)
	if t.acks {
		t.done = append(t.done, id)
	}
	return f.call, nil
}

var errUnknownReturn = errors.New("peer answered a call that was not made, or twice")

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

// Undone takes back a Done whose message was not sent.
func (t *Calls[C]) Undone(c Conn, ids []CallID) {
	if !t.fenced && c == t.conn {
		t.done = append(t.done, ids...)
	}
}

// Due returns the number of calls that Done would take.
func (t *Calls[C]) Due() int { return len(t.done) }

// Fence tells that the session's connection is lost or replaced: answers that
// came on it count no more (R1), and until Reconcile no call may be sent. What was
// to be acknowledged needs it no more: what Open leaves out is.
func (t *Calls[C]) Fence() {
	t.fenced = true
	t.line = nil
	t.done = t.done[:0]
}

// Open returns the numbers of the open calls, in ascending order, for the first
// message on a new connection.
func (t *Calls[C]) Open() []CallID {
	t.asked = t.open.IDs()
	return t.asked
}

// Reconcile begins connection c: of the calls that Open returned the callee has those
// in have, which is in ascending order. All other open ones it has never seen. They
// are returned in the order in which they were begun, and stand in line now. After an
// error, which is a violation of the protocol, nothing has changed.
func (t *Calls[C]) Reconcile(c Conn, have []CallID) (unseen []CallID, err error) {
	switch {
	case !t.fenced || c <= t.conn:
		return nil, fmt.Errorf("calls are stated anew on connection %d, after connection %d", c, t.conn)
	case !ascending(have):
		return nil, errCallOrder
	}
	for _, id := range have {
		_, asked := slices.BinarySearch(t.asked, id)
		if f, open := t.open.Get(id); !asked || open && f.waits {
			return nil, fmt.Errorf("the peer has call %d, which was not sent", id)
		}
	}
	t.conn, t.fenced, t.asked = c, false, nil
	for id, f := range t.open.All() {
		_, seen := slices.BinarySearch(have, id)
		f.waits = !seen
		t.open.Put(id, f)
		if !seen {
			unseen = append(unseen, id)
		}
	}
	slices.Sort(unseen)
	t.line = slices.Clone(unseen)
	return unseen, nil
}

// End takes out all open calls: the session is over, and the outcome of those that
// were sent is unknown (R5).
func (t *Calls[C]) End() map[CallID]C {
	open := make(map[CallID]C, t.open.Len())
	for id, f := range t.open.All() {
		open[id] = f.call
	}
	*t = Calls[C]{last: t.last, conn: t.conn, fenced: true, ended: true, acks: t.acks}
	return open
}

// All yields the open calls, in no order. Meanwhile the table must not change.
func (t *Calls[C]) All() func(yield func(CallID, C) bool) {
	return func(yield func(CallID, C) bool) {
		for id, f := range t.open.All() {
			if !yield(id, f.call) {
				return
			}
		}
	}
}

// Len returns the number of open calls.
func (t *Calls[C]) Len() int { return t.open.Len() }

var errCallOrder = errors.New("calls are not stated in ascending order")

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
