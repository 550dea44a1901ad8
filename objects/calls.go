package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// calls holds the calls that this node makes through one session.
type calls struct {
	s    *session
	pool sync.Pool // of *call; per session, so that a synctest bubble keeps its channels

	mu       sync.Mutex // guards what follows
	places   quota      // calls that the peer lets be unfinished
	small    quota      // bytes of the arguments of those that travel on the lane
	large    quota      // of those that travel on bulk streams; apart, so that they delay no small one
	lastBulk uint64
	table    *lifetime.Calls[flight]
	on       *connection // on which calls are made; nil while there is none
	zombies  int         // cancelled calls in the table
	acks     acks
	err      *Error // why no call can be made; nil before the session ends

	awaited atomic.Int64 // calls in the table that somebody waits for; changed with mu held
	due     atomic.Int64 // callers of prompt calls that were woken and have not resumed: most have another call to make
}

// flight is a call whose Return has not come.
type flight struct {
	call     *call  // nil: cancelled
	room     *quota // small or large
	size     int64  // bytes of its arguments, taken of room
	answered bool   // the Return has come, and its body may be on its way
}

func (t *calls) init(s *session) {
	t.s = s
	own, theirs := &s.node.cfg.Limits, &s.peer.limits
	t.places.limit = agreedLimit(int64(own.calls()), theirs.Calls)
	bytes := agreedLimit(own.arguments(), theirs.Arguments)
	t.small.limit = bytes / 4
	t.large.limit = bytes - t.small.limit
	t.table = lifetime.NewCalls[flight](s.resumable())
	t.on = s.conn.Load()
	t.pool.New = func() any { return &call{s: s, done: make(chan signal, 1)} }
}

// begin returns a call of m on i.
func (t *calls) begin(ctx context.Context, i *imported, m *proxy.Method) *call {
	c := t.pool.Get().(*call)
	c.entry = i
	c.sent, c.refused, c.relayed = false, false, false
	c.Init(ctx, m, c)
	c.Args.Reset(&t.s.limits)
	return c
}

// register gives c its number. While the peer has as much as it takes, it waits, no
// longer than ctx. The call is to be sent on the connection that is returned, or, if
// that is nil, in its turn.
func (t *calls) register(ctx context.Context, c *call, size int64) (*connection, *Error) {
	nested := t.s.serving.busy()
	t.mu.Lock()
	defer t.mu.Unlock()
	f := flight{call: c, room: &t.small, size: size}
	if size > bulkThreshold {
		f.room = &t.large
	}
	if fail := t.admit(ctx, f, nested); fail != nil {
		return nil, fail
	}
	id, send := t.table.Begin(f)
	c.id = id
	c.prompt = size <= bulkThreshold
	t.awaited.Add(1)
	if send == 0 {
		c.pin()
		return nil, nil
	}
	if t.acks.due(t.table) {
		c.acks = t.acks.take(t.table, send, c.acks)
	}
	return t.on, nil
}

// admit waits until f may be made; t.mu is held, but not while waiting. A nested
// call does not wait for bytes: those that have them may be waiting for it.
func (t *calls) admit(ctx context.Context, f flight, nested bool) *Error {
	switch {
	case t.err != nil:
		return cmp.Or(f.call.entry.fault(), t.err) // which may know better
	case t.zombies >= t.s.node.cfg.Limits.Cancelled:
		return fault(CodeLimit, reason("too many cancelled calls have not ended at the peer"), "try again in a moment; if it stays so, let its methods return when their context ends")
	case nested:
		f.room.take(f.size)
	default:
		if fail := t.await(ctx, f.call, f.room, f.size); fail != nil {
			return fail
		}
	}
	fail := t.await(ctx, f.call, &t.places, 1)
	if fail != nil {
		f.room.leave(f.size)
	}
	return fail
}

// await takes n places of q for call c, waiting for them if need be; t.mu is held,
// but not meanwhile.
func (t *calls) await(ctx context.Context, c *call, q *quota, n int64) *Error {
	place := q.enter(n)
	if place == nil {
		return nil
	}
	c.pin() // the connection may be another one when it is over
	t.mu.Unlock()
	select {
	case <-place.admitted:
	case <-ctx.Done():
	}
	t.mu.Lock()
	switch {
	case t.err != nil:
		return t.err
	case ctx.Err() != nil:
		q.quit(place)
		return fault(CodeContext, context.Cause(ctx), "")
	}
	return nil
}

// nextBulk returns a number for a body that this node sends.
func (t *calls) nextBulk() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lastBulk++
	return t.lastBulk
}

// withdraw takes back a call that was to be sent on a connection, which stands.
func (t *calls) withdraw(c *call, on *connection) {
	t.mu.Lock()
	t.acks.putBack(t.table, on.number, c.acks)
	c.acks = c.acks[:0]
	open := t.isOpen(c)
	if open {
		t.leave(c)
	}
	t.mu.Unlock()
	if !open { // the session ended meanwhile
		c.settled(<-c.done)
	}
}

// isOpen reports whether c has neither an answer nor failed; t.mu is held.
func (t *calls) isOpen(c *call) bool {
	f, open := t.table.Get(c.id)
	return open && f.call == c
}

// leave takes out a call that was not sent, and lets the next in line take its turn;
// t.mu is held.
func (t *calls) leave(c *call) {
	t.unturn(c)
	f, _ := t.table.Withdraw(c.id)
	t.remove(f)
	t.awaited.Add(-1)
	t.advance()
}

// unturn takes back the turn of a call whose caller has not looked at it; t.mu is held.
func (t *calls) unturn(c *call) {
	if c.turn != nil {
		c.turn = nil
		<-c.done
	}
}

// remove ends a flight; t.mu is held.
func (t *calls) remove(f flight) {
	f.room.leave(f.size)
	t.places.leave(1)
}

// abandoned is what becomes of a call whose caller gives up.
type abandoned int

const (
	answered  abandoned = iota // its reply is being delivered
	withdrawn                  // it was not sent
	cancelled                  // its number stays known until its Return has come
)

// abandon ends the wait of c's caller.
func (t *calls) abandon(c *call) abandoned {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !t.isOpen(c):
		return answered
	case t.table.Waits(c.id):
		t.leave(c)
		return withdrawn
	}
	t.unturn(c)
	t.desert(c.id)
	return cancelled
}

// desert makes call id one that nobody waits for; t.mu is held.
func (t *calls) desert(id lifetime.CallID) {
	f, _ := t.table.Get(id)
	f.call = nil
	t.table.Set(id, f)
	t.zombies++
	t.awaited.Add(-1)
}

// answering notes that the Return of call id has come, and says what becomes of
// its references. With a call that nobody waits for they pass, to nowhere.
func (t *calls) answering(id lifetime.CallID) (receipt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.table.Get(id)
	if !known || f.answered || t.table.Waits(id) {
		return passing, errUnknownReturn
	}
	f.answered = true
	t.table.Set(id, f)
	return receipt(f.call == nil || f.call.relayed), nil
}

// settle is answering and claim at once.
func (t *calls) settle(on *connection, id lifetime.CallID) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f, _ := t.table.Get(id); f.answered { // it stays in the table: its caller waits for the body, or for the session's end
		return nil, errUnknownReturn
	}
	f, err := t.table.Return(on.number, id)
	if err != nil {
		return nil, err
	}
	t.claimed(f)
	return f.call, nil
}

// claim takes the call numbered id out of the table, to deliver its reply, which has
// references. The call is nil if nobody waits any more. It fails if connection on has
// been lost: then the answer comes again.
func (t *calls) claim(on *connection, id lifetime.CallID) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := t.table.Return(on.number, id)
	if err != nil {
		return nil, err
	}
	t.claimed(f)
	return f.call, nil
}

// claimed ends a flight whose reply is being delivered; t.mu is held.
func (t *calls) claimed(f flight) {
	if f.call == nil {
		t.zombies--
	} else {
		t.awaited.Add(-1)
	}
	t.remove(f)
}

// fail ends every waiting call: the session is over.
func (t *calls) fail(why *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err, t.on = why, nil
	for _, f := range t.table.End() {
		if c := f.call; c != nil {
			c.failed = why
			if c.turn == nil { // else it has a signal, and looks
				t.wake(c)
			}
		}
	}
	t.zombies = 0
	t.awaited.Store(0)
	t.places.end()
	t.small.end()
	t.large.end()
}

// refuse ends the calls that have no answer: the peer has not taken them up and takes no
// more. Their Returns may still come.
func (t *calls) refuse(why *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = why
	for id, f := range t.table.All() {
		c := f.call
		if c == nil || f.answered {
			continue
		}
		c.failed, c.refused = why, true
		if c.turn == nil { // else it has a signal, and looks
			t.wake(c)
		}
		if !t.table.Waits(id) {
			t.desert(id)
			continue
		}
		t.table.Withdraw(id)
		t.claimed(f)
	}
}

// signal wakes a caller.
type signal bool

const (
	over signal = false // it has its reply, or there will be none
	next signal = true  // it is the call's turn to be sent
)

// wake tells the caller of c that it has its reply, or that there will be none.
func (t *calls) wake(c *call) {
	if c.prompt {
		t.due.Add(1)
	}
	c.done <- over
}

// settled notes that the caller of c has taken a signal. Of those that were woken the
// last one sees to what the others have sent meanwhile.
func (c *call) settled(what signal) {
	if t := &c.s.calls; what == over && c.prompt && t.due.Add(-1) == 0 {
		t.s.conn.Load().Flush()
	}
}

// receiveReturn takes a Return on the reader.
func (on *connection) receiveReturn(msg []byte) error {
	s, m := on.s, &on.inReturn
	reserved := wire.ParseReturn(msg, m, s.node.cfg.Limits.References)
	if reserved != nil && !errors.Is(reserved, wire.ErrReserved) {
		return reserved
	}
	if len(m.Caps) == 0 && !m.Body.Bulk && reserved == nil {
		return on.receiveInline(m)
	}
	r, err := s.calls.answering(lifetime.CallID(m.ID))
	if err != nil {
		return err
	}
	slots, fail, err := on.receiveCaps(m.Caps, r)
	if err != nil {
		return err
	}
	if reserved != nil {
		fail = fault(CodeUnsupported, fmt.Errorf("answer of kind %d: %w", m.Status, reserved), "update the node that called")
	}
	a := reply{status: m.Status, slots: slots, fault: fail}
	if m.Body.Bulk {
		return on.receiveResults(m, a, r)
	}
	c, err := s.calls.claim(on, lifetime.CallID(m.ID))
	if err != nil {
		return err
	}
	if c != nil {
		a.payload = append(c.reply.payload[:0], m.Body.Inline...)
	}
	s.answer(c, a, r)
	return nil
}

// receiveInline takes a Return without references whose payload came with it: most
// do, and the table is asked once.
func (on *connection) receiveInline(m *wire.Return) error {
	c, err := on.s.calls.settle(on, lifetime.CallID(m.ID))
	if c != nil {
		on.s.answer(c, reply{status: m.Status, payload: append(c.reply.payload[:0], m.Body.Inline...)}, surfacing)
	}
	return err
}

// receiveResults lets the results of a Return come on a bulk stream. It stands
// apart from receiveReturn, where what the function literal keeps would be allocated
// for every call.
func (on *connection) receiveResults(m *wire.Return, a reply, r receipt) error {
	s, id := on.s, lifetime.CallID(m.ID)
	return on.bodies.announce(&m.Body, promise{budget: s.results, patient: true, broken: CodeBadResults, deliver: func(body received) {
		a.payload, a.held, a.fault = body.data, body.held, cmp.Or(a.fault, body.lost)
		var c *call
		if body.lost != linkLost { // else the answer comes again
			c, _ = s.calls.claim(on, id)
		}
		s.answer(c, a, r)
	}})
}

var errUnknownReturn = errors.New("peer answered a call that was not made, or twice")

// answer gives call c its reply and wakes the caller; c is nil if nobody waits.
func (s *session) answer(c *call, a reply, r receipt) {
	if len(a.slots) > 0 {
		s.calls.owe()
	}
	if c != nil {
		c.reply = a
		s.calls.wake(c)
		return
	}
	s.results.Release(a.held)
	s.forgo(a.slots, r)
}

// forgo ends the receipt of references that nobody gets.
func (s *session) forgo(slots []marshal.Slot, r receipt) {
	if r == passing {
		s.passed(slots)
	}
}
