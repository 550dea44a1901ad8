package lifetime

import (
	"errors"
	"fmt"
	"slices"
)

// Results is the callee's side of the calls of one session (C1, C2): the peer's
// calls that run, the answers of which it is not known that they have come, and the
// numbers of all calls that have come. R is a call, and later its answer.
//
// Answers are kept for the case that the connection breaks, within bounds of bytes
// and number; the oldest are dropped first, and one that is larger than the bound
// at once. Their numbers stay known, so that none is run again.
type Results[R any] struct {
	limits         ResultLimits
	conn           Conn
	fenced         bool // conn is lost, and the next one is not reconciled
	seen           seen
	calls          numbered[*Served[R]]
	oldest, newest *Served[R] // kept answers, a list
	running        int
	kept           int
	bytes          int
}

// ResultLimits bounds the answers that a callee keeps for one session.
type ResultLimits struct {
	Kept  int // answers; 0: none is kept
	Bytes int // of them
}

// Served is one of the peer's calls. Its memory is the user's, who may use it for
// another when the table has said that it is gone.
type Served[R any] struct {
	R R

	id           CallID
	state        serving
	size         int        // bytes of a kept answer
	older, newer *Served[R] // kept answers beside it
}

type serving uint8

const (
	absent  serving = iota
	running         // its method runs, or waits
	unasked         // it runs, and the caller does not wait for its answer
	kept            // answered, and the answer is there
)

// ID returns the number of the call.
func (s *Served[R]) ID() CallID { return s.id }

// NewResults returns an empty table, on FirstConn.
func NewResults[R any](limits ResultLimits) *Results[R] {
	return &Results[R]{limits: limits, conn: FirstConn}
}

// Begin enters a call that came on connection c, before its method starts: it
// starts at most once for each number (C1). The error is ErrStale if that was an
// old connection: the call is then as if it had not come. Any other is a violation
// of the protocol.
func (t *Results[R]) Begin(c Conn, id CallID, s *Served[R]) error {
	switch {
	case t.fenced || c != t.conn:
		return ErrStale
	case id == 0 || t.seen.old(id) && t.Get(id) != nil || !t.seen.add(id):
		return fmt.Errorf("call number %d was used before", id)
	}
	s.id, s.state = id, running
	t.calls.Put(id, s)
	t.running++
	return nil
}

// Get returns a call that runs, or whose answer is kept; nil if there is none.
func (t *Results[R]) Get(id CallID) *Served[R] {
	s, _ := t.calls.Get(id)
	return s
}

// Unbegin takes back a call of which not all has come, and which has not started: it
// is as if it had not been sent.
func (t *Results[R]) Unbegin(s *Served[R]) {
	t.seen.remove(s.id)
	t.leave(s)
}

// leave takes a running call out.
func (t *Results[R]) leave(s *Served[R]) {
	t.calls.Delete(s.id)
	t.running--
	s.state = absent
}

// Finish keeps the answer, of size bytes, of a call that ran. If send is not 0, the
// caller sends the answer on that connection, and on no other; otherwise there is
// none, and if the peer still asks, Reconcile will return the answer. What is not kept
// any more is appended to gone, perhaps this one among it: what such answers hold can
// be let go once they are sent.
func (t *Results[R]) Finish(s *Served[R], size int, gone []*Served[R]) (send Conn, _ []*Served[R]) {
	asked := s.state == running
	if asked && !t.fenced {
		send = t.conn
	}
	if !asked || t.limits.Kept <= 0 || size > t.limits.Bytes {
		t.leave(s)
		return send, append(gone, s)
	}
	t.running--
	t.keep(s, size)
	for t.kept > t.limits.Kept || t.bytes > t.limits.Bytes {
		gone = append(gone, t.oldest)
		t.drop(t.oldest)
	}
	return send, gone
}

// keep makes s the newest answer.
func (t *Results[R]) keep(s *Served[R], size int) {
	s.state, s.size = kept, size
	t.kept++
	t.bytes += size
	if s.older = t.newest; s.older != nil {
		s.older.newer = s
	} else {
		t.oldest = s
	}
	t.newest = s
}

// drop forgets a kept answer.
func (t *Results[R]) drop(s *Served[R]) {
	t.calls.Delete(s.id)
	t.kept--
	t.bytes -= s.size
	if s.older != nil {
		s.older.newer = s.newer
	} else {
		t.oldest = s.newer
	}
	if s.newer != nil {
		s.newer.older = s.older
	} else {
		t.newest = s.older
	}
	s.older, s.newer, s.state, s.size = nil, nil, absent, 0
}

// Kept reports whether s is an answer that is kept.
func (t *Results[R]) Kept(s *Served[R]) bool { return s.state == kept }

// Ack forgets calls whose answers the peer says, on connection c, that it has
// (C1), and appends to gone those that were kept. To acknowledge a call that has
// not been answered is a violation of the protocol; one that is not known any more
// is let pass.
func (t *Results[R]) Ack(c Conn, ids []CallID, gone []*Served[R]) ([]*Served[R], error) {
	if t.fenced || c != t.conn {
		return gone, ErrStale
	}
	for _, id := range ids {
		s := t.Get(id)
		switch {
		case s == nil && t.seen.has(id):
		case s == nil || s.state != kept:
			return gone, fmt.Errorf("the peer acknowledges call %d, which is not answered", id)
		default:
			t.drop(s)
			gone = append(gone, s)
		}
	}
	return gone, nil
}

// Fence tells that the session's connection is lost or replaced: calls and
// acknowledgements that came on it count no more (R1), and until Reconcile no
// answer may be sent.
func (t *Results[R]) Fence() { t.fenced = true }

// Resumed is what becomes of the peer's calls on a new connection.
type Resumed[R any] struct {
	Have  []CallID     // calls that have come, for the peer to know
	Again []*Served[R] // answers to be sent again, their references granted anew
	Lost  []CallID     // to be answered with an unknown outcome
	Gone  []*Served[R] // answers that have come, and are not kept any more
}

// Reconcile begins connection c: open are the calls, in ascending order, that the
// caller has no answer to. Others it does not ask for any more. Of the open ones
// those that run will be answered as if nothing had happened, and those that are
// not known the caller sends again. After an error, which is a violation of the
// protocol, nothing has changed.
func (t *Results[R]) Reconcile(c Conn, open []CallID) (r Resumed[R], err error) {
	switch {
	case !t.fenced || c <= t.conn:
		return r, fmt.Errorf("calls are stated anew on connection %d, after connection %d", c, t.conn)
	case !ascending(open):
		return r, errCallOrder
	}
	t.conn, t.fenced = c, false
	for _, id := range t.calls.IDs() {
		if _, asked := slices.BinarySearch(open, id); asked {
			continue
		}
		if s := t.Get(id); s.state == kept {
			t.drop(s)
			r.Gone = append(r.Gone, s)
		} else {
			s.state = unasked
		}
	}
	for _, id := range open {
		if !t.seen.has(id) {
			continue
		}
		r.Have = append(r.Have, id)
		switch s := t.Get(id); {
		case s == nil:
			r.Lost = append(r.Lost, id)
		case s.state == kept:
			r.Again = append(r.Again, s)
		default:
			s.state = running
		}
	}
	return r, nil
}

// End returns the answers that were kept: the session is over. Calls that run are
// known until they finish.
func (t *Results[R]) End() (gone []*Served[R]) {
	t.fenced = true
	for _, s := range t.calls.All() {
		if s.state == kept {
			t.drop(s)
			gone = append(gone, s)
		} else {
			s.state = unasked
		}
	}
	return gone
}

// Running yields the calls that run. Meanwhile the table must not change.
func (t *Results[R]) Running() func(yield func(*Served[R]) bool) {
	return func(yield func(*Served[R]) bool) {
		for _, s := range t.calls.All() {
			if s.state != kept && !yield(s) {
				return
			}
		}
	}
}

// Len returns the number of calls that run, and of answers that are kept with their
// bytes.
func (t *Results[R]) Len() (running, kept, bytes int) { return t.running, t.kept, t.bytes }

// Check verifies the table against itself; tests call it after every step.
func (t *Results[R]) Check() error {
	var n, bytes, runs int
	for s := t.oldest; s != nil; s = s.newer {
		n++
		bytes += s.size
		if t.Get(s.id) != s || s.state != kept || s.newer == nil && s != t.newest {
			return fmt.Errorf("the answer of call %d is in the list and not in the table", s.id)
		}
	}
	for id, s := range t.calls.All() {
		if s.state != kept {
			runs++
		}
		if s.id != id || s.state == absent || !t.seen.has(id) {
			return fmt.Errorf("call %d is known as %d, in state %d", s.id, id, s.state)
		}
	}
	if n != t.kept || bytes != t.bytes || runs != t.running || n+runs != t.calls.Len() {
		return fmt.Errorf("%d answers of %d bytes are kept and %d calls run, %d of %d and %d are counted", n, bytes, runs, t.kept, t.bytes, t.running)
	}
	if t.kept > max(t.limits.Kept, 0) || t.bytes > max(t.limits.Bytes, 0) {
		return errors.New("more is kept than the limits allow")
	}
	return nil
}
