package lifetime

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Results is the callee's side of the calls of one session (C1, C2): the peer's
// calls that run, and the answers of which it is not known that they have come. R
// is an answer.
//
// Answers are kept for the case that the connection breaks, within bounds of bytes
// and number; the oldest are dropped first, and one that is larger than the bound
// at once. A call whose answer is dropped stays known, so that it is not run again,
// until the caller acknowledges it.
type Results[R any] struct {
	limits ResultLimits
	conn   Conn
	fenced bool // conn is lost, and the next one is not reconciled
	calls  map[CallID]served[R]
	order  []CallID // of kept answers, oldest first; may name more
	kept   int
	bytes  int
}

// ResultLimits bounds what a callee keeps for one session.
type ResultLimits struct {
	Calls int // known calls: running ones, and answered ones that are not acknowledged
	Kept  int // answers
	Bytes int // of kept answers
}

// served is one of the peer's calls.
type served[R any] struct {
	state  serving
	answer R   // of a kept call
	size   int // bytes of it
}

type serving uint8

const (
	running serving = iota
	kept            // answered, and the answer is there
	dropped         // answered, and the answer is not kept
)

// Answer is a kept answer that is to be sent again.
type Answer[R any] struct {
	ID     CallID
	Answer R
}

// NewResults returns an empty table, on FirstConn.
func NewResults[R any](limits ResultLimits) *Results[R] {
	return &Results[R]{limits: limits, conn: FirstConn, calls: map[CallID]served[R]{}}
}

// Begin enters a call that came on connection c, before its method starts: it
// starts at most once for each number (C1). The error is ErrStale if that was an
// old connection: the call is then as if it had not come. Any other is a violation
// of the protocol.
func (t *Results[R]) Begin(c Conn, id CallID) error {
	_, known := t.calls[id]
	switch {
	case t.fenced || c != t.conn:
		return ErrStale
	case id == 0 || known:
		return fmt.Errorf("call number %d is in use", id)
	case len(t.calls) >= t.limits.Calls:
		return fmt.Errorf("more than %d calls without acknowledgement", t.limits.Calls)
	}
	t.calls[id] = served[R]{}
	return nil
}

// Finish keeps the answer of a call that ran, of size bytes. If send is not 0, the
// caller sends the answer on that connection, and on no other; otherwise there is
// none, and if the peer still asks, Reconcile will return the answer. gone are
// answers that are not kept any more, perhaps this one among them: what they hold
// can be let go once they are sent.
func (t *Results[R]) Finish(id CallID, answer R, size int) (send Conn, gone []R) {
	if call, known := t.calls[id]; !known || call.state != running {
		return 0, []R{answer} // the session ended, or the peer does not ask any more
	}
	if !t.fenced {
		send = t.conn
	}
	if size > t.limits.Bytes {
		t.calls[id] = served[R]{state: dropped}
		return send, []R{answer}
	}
	t.calls[id] = served[R]{kept, answer, size}
	t.order = append(t.order, id)
	t.kept++
	t.bytes += size
	for t.kept > t.limits.Kept || t.bytes > t.limits.Bytes {
		gone = append(gone, t.dropOldest()...)
	}
	t.compact()
	return send, gone
}

// dropOldest drops the answer that has been kept for longest.
func (t *Results[R]) dropOldest() []R {
	id := t.order[0]
	t.order = t.order[1:]
	call := t.calls[id]
	if call.state != kept {
		return nil
	}
	t.forget(call)
	t.calls[id] = served[R]{state: dropped}
	return []R{call.answer}
}

// forget takes a kept answer off the account.
func (t *Results[R]) forget(call served[R]) {
	t.kept--
	t.bytes -= call.size
}

// compact removes from order what is not kept, when that is most of it.
func (t *Results[R]) compact() {
	if len(t.order) > 2*t.kept+16 {
		t.order = slices.DeleteFunc(t.order, func(id CallID) bool { return t.calls[id].state != kept })
	}
}

// Ack forgets calls whose answers the peer says, on connection c, that it has
// (C1), and appends to gone those that were kept. To acknowledge a call that has
// not been answered is a violation of the protocol; one that is not known any more
// is let pass.
func (t *Results[R]) Ack(c Conn, ids []CallID, gone []R) ([]R, error) {
	if t.fenced || c != t.conn {
		return gone, ErrStale
	}
	for _, id := range ids {
		call, known := t.calls[id]
		switch {
		case !known:
		case call.state == running:
			return gone, fmt.Errorf("the peer acknowledges call %d, which is not answered", id)
		default:
			gone = t.end(id, call, gone)
		}
	}
	return gone, nil
}

// end forgets a call, and appends its answer to gone if that is kept.
func (t *Results[R]) end(id CallID, call served[R], gone []R) []R {
	delete(t.calls, id)
	if call.state != kept {
		return gone
	}
	t.forget(call)
	if t.kept == 0 {
		t.order = t.order[:0]
	}
	return append(gone, call.answer)
}

// Fence tells that the session's connection is lost or replaced: calls and
// acknowledgements that came on it count no more (R1), and until Reconcile no
// answer may be sent.
func (t *Results[R]) Fence() { t.fenced = true }

// Have returns the numbers of the known calls, in ascending order, for the first
// message on a new connection. It comes after Fence, so that none can be added.
func (t *Results[R]) Have() []CallID { return slices.Sorted(maps.Keys(t.calls)) }

// Resumed is what becomes of the peer's calls on a new connection.
type Resumed[R any] struct {
	Answers []Answer[R] // to be sent again, their references granted anew
	Dropped []CallID    // to be answered with an unknown outcome
	Gone    []R         // answers that have come, and are not kept any more
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
	for _, id := range t.Have() {
		call := t.calls[id]
		_, asked := slices.BinarySearch(open, id)
		switch {
		case !asked:
			r.Gone = t.end(id, call, r.Gone)
		case call.state == kept:
			r.Answers = append(r.Answers, Answer[R]{id, call.answer})
		case call.state == dropped:
			r.Dropped = append(r.Dropped, id)
		}
	}
	return r, nil
}

// End forgets everything and returns the answers that were kept: the session is
// over.
func (t *Results[R]) End() (gone []R) {
	for id, call := range t.calls {
		gone = t.end(id, call, gone)
	}
	t.fenced = true
	return gone
}

// Len returns the number of known calls, and of answers that are kept with their
// bytes.
func (t *Results[R]) Len() (calls, kept, bytes int) { return len(t.calls), t.kept, t.bytes }

// Check verifies the table against itself; tests call it after every step.
func (t *Results[R]) Check() error {
	var n, bytes int
	for id, call := range t.calls {
		if call.state == kept {
			n++
			bytes += call.size
			if !slices.Contains(t.order, id) {
				return fmt.Errorf("the answer of call %d is kept and has no place in the order", id)
			}
		}
	}
	if n != t.kept || bytes != t.bytes {
		return fmt.Errorf("%d answers of %d bytes are kept, %d of %d are counted", n, bytes, t.kept, t.bytes)
	}
	if t.kept > t.limits.Kept || t.bytes > t.limits.Bytes || len(t.calls) > t.limits.Calls {
		return errors.New("more is kept than the limits allow")
	}
	return nil
}
