package objects

import (
	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
)

// What becomes of the tables of a session between two of its connections.

// fence lets no call be made until there is another connection, and keeps the objects
// in the arguments of those that may have to be sent again.
func (t *calls) fence() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.table.Fence()
	t.on, t.acks = nil, acks{}
	for id, f := range t.table.All() {
		if f.call != nil {
			f.call.pin()
		}
		if f.answered { // the rest of it was lost
			f.answered = false
			t.table.Set(id, f)
		}
	}
}

// open returns the calls that have no answer, in ascending order.
func (t *calls) open() []lifetime.CallID {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.Open()
}

// reconcile begins connection on: the peer has the calls in have, and the others are
// sent again, one after the other, before any later one. It returns those that the peer
// has and that nobody waits for. An error is a violation.
func (t *calls) reconcile(on *connection, have []lifetime.CallID) (cancelled []lifetime.CallID, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	unseen, err := t.table.Reconcile(on.number, have)
	if err != nil {
		return nil, err
	}
	t.on = on
	for _, id := range unseen {
		if f, _ := t.table.Get(id); f.call == nil {
			t.table.Withdraw(id)
			t.claimed(f)
		}
	}
	for _, id := range have {
		if f, open := t.table.Get(id); open && f.call == nil {
			cancelled = append(cancelled, id)
		}
	}
	t.advance()
	return cancelled, nil
}

// advance gives the turn to the call that is next in line; t.mu is held.
func (t *calls) advance() {
	if t.on == nil {
		return
	}
	id, f, ok := t.table.Turn(t.on.number)
	if !ok || !t.table.Waits(id) || f.call.turn == t.on { // it is being sent, or knows
		return
	}
	signalled := f.call.turn != nil
	f.call.turn = t.on
	if !signalled {
		f.call.done <- next
	}
}

// take returns the connection on which it is the turn of c, which has got the signal;
// nil if that is lost meanwhile. The error is why the call will never be sent.
func (t *calls) take(c *call) (*connection, *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	on := c.turn
	c.turn = nil
	switch {
	case c.failed != nil:
		return nil, c.failed
	case !t.table.Send(on.number, c.id):
		return nil, nil
	}
	return on, nil
}

// pass gives the turn to the next call: c has been sent on a connection, or will not
// be.
func (t *calls) pass(on *connection, c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.table.Pass(on.number, c.id)
	t.advance()
}

// fence lets no answer be sent until there is another connection (rule R1).
func (v *serving) fence() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.table.Fence()
	v.on = nil
}

// reconcile begins connection on, to whose peer the calls in open have no answer (rule
// C2). Those that are returned to be sent again count as being sent. An error is a
// violation.
func (v *serving) reconcile(on *connection, open []lifetime.CallID) (lifetime.Resumed[keptAnswer], error) {
	v.mu.Lock()
	r, err := v.table.Reconcile(on.number, open)
	if err == nil {
		v.on = on
	}
	loose := v.discard(r.Gone)
	again := r.Again[:0]
	for _, e := range r.Again {
		if e.R.next == nil {
			v.owed++
		}
		if e.R.sending {
			e.R.next = on
			continue
		}
		e.R.sending = true
		again = append(again, e)
	}
	r.Again, r.Gone = again, nil
	v.mu.Unlock()
	v.letGoOf(loose)
	return r, err
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
