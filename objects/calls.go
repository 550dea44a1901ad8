package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

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
	lastID   uint64
	lastBulk uint64
	pending  map[uint64]flight
	zombies  int    // cancelled calls in pending
	err      *Error // why no call can be made; nil before the session ends

	awaited atomic.Int64 // calls in pending that somebody waits for; changed with mu held
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
	t.pending = map[uint64]flight{}
	t.pool.New = func() any { return &call{s: s, done: make(chan struct{}, 1)} }
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

// register gives c its number, and one to its body if that is bulk. While the
// peer has as much as it takes, it waits, no longer than ctx.
func (t *calls) register(ctx context.Context, c *call, size int64, bulk bool, msg *wire.Call) *Error {
	nested := t.s.serving.busy()
	t.mu.Lock()
	defer t.mu.Unlock()
	f := flight{call: c, room: &t.small, size: size}
	if bulk {
		f.room = &t.large
	}
	if fail := t.admit(ctx, f, nested); fail != nil {
		return fail
	}
	t.lastID++
	c.id, msg.ID = t.lastID, t.lastID
	c.prompt = !bulk
	if bulk {
		t.lastBulk++
		msg.Body.Bulk, msg.Body.BulkID = true, t.lastBulk
	}
	t.pending[c.id] = f
	t.awaited.Add(1)
	return nil
}

// admit waits until f may be made; t.mu is held, but not while waiting. A nested
// call does not wait for bytes: those that have them may be waiting for it.
func (t *calls) admit(ctx context.Context, f flight, nested bool) *Error {
	switch {
	case t.err != nil:
		return t.err
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

// withdraw takes back a call that was not sent.
func (t *calls) withdraw(c *call) {
	t.mu.Lock()
	f, pending := t.pending[c.id]
	if pending {
		t.claimed(c.id, f)
	}
	t.mu.Unlock()
	if f.call != c { // the session ended meanwhile, or the peer has not seen it, and it was signalled
		<-c.done
		t.resumed(c)
	}
}

// remove ends a flight; t.mu is held.
func (t *calls) remove(id uint64, f flight) {
	delete(t.pending, id)
	f.room.leave(f.size)
	t.places.leave(1)
}

// abandon makes c a zombie, unless its reply is being delivered.
func (t *calls) abandon(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.pending[c.id]
	if f.call != c {
		return false
	}
	f.call = nil
	t.pending[c.id] = f
	t.zombies++
	t.awaited.Add(-1)
	return true
}

// answering notes that the Return of call id has come, and says what becomes of
// its references. With a call that nobody waits for they pass, to nowhere.
func (t *calls) answering(id uint64) (receipt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.pending[id]
	if !known || f.answered {
		return passing, errUnknownReturn
	}
	f.answered = true
	t.pending[id] = f
	return receipt(f.call == nil || f.call.relayed), nil
}

// settle is answering and claim at once.
func (t *calls) settle(id uint64) (*call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.pending[id]
	if !known || f.answered {
		return nil, errUnknownReturn
	}
	t.claimed(id, f)
	return f.call, nil
}

// claim takes the call numbered id out of the table, to deliver its reply. It
// is nil if nobody waits any more.
func (t *calls) claim(id uint64) *call {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, known := t.pending[id]
	if known {
		t.claimed(id, f)
	}
	return f.call
}

// claimed ends a flight whose reply is being delivered; t.mu is held.
func (t *calls) claimed(id uint64, f flight) {
	if f.call == nil {
		t.zombies--
	} else {
		t.awaited.Add(-1)
	}
	t.remove(id, f)
}

// fail ends every waiting call: the session is over.
func (t *calls) fail(why *Error) {
	t.mu.Lock()
	t.err = why
	pending := t.pending
	t.pending = map[uint64]flight{}
	t.zombies = 0
	t.awaited.Store(0)
	t.places.end()
	t.small.end()
	t.large.end()
	t.mu.Unlock()
	for _, f := range pending {
		if f.call != nil {
			f.call.failed = why
			t.wake(f.call)
		}
	}
}

// refuse ends the calls that have no answer: the peer has not taken them up and takes no
// more. Their Returns may still come.
func (t *calls) refuse(why *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = why
	for id, f := range t.pending {
		if c := f.call; c != nil && !f.answered {
			c.failed, c.refused = why, true
			t.wake(c)
			f.call = nil
			t.pending[id] = f
			t.zombies++
			t.awaited.Add(-1)
		}
	}
}

// wake tells the caller of c that it has its reply, or that there will be none.
func (t *calls) wake(c *call) {
	if c.prompt {
		t.due.Add(1)
	}
	c.done <- struct{}{}
}

// resumed notes that the caller of c was woken. The last one sees to what the others
// have sent meanwhile.
func (t *calls) resumed(c *call) {
	if c.prompt && t.due.Add(-1) == 0 {
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
	r, err := s.calls.answering(m.ID)
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
	c := s.calls.claim(m.ID)
	if c != nil {
		a.payload = append(c.reply.payload[:0], m.Body.Inline...)
	}
	s.answer(c, a, r)
	return nil
}

// receiveInline takes a Return without references whose payload came with it: most
// do, and the table is asked once.
func (on *connection) receiveInline(m *wire.Return) error {
	c, err := on.s.calls.settle(m.ID)
	if c != nil {
		on.s.answer(c, reply{status: m.Status, payload: append(c.reply.payload[:0], m.Body.Inline...)}, surfacing)
	}
	return err
}

// receiveResults lets the results of a Return come on a bulk stream. It stands
// apart from receiveReturn, where what the function literal keeps would be allocated
// for every call.
func (on *connection) receiveResults(m *wire.Return, a reply, r receipt) error {
	s, id := on.s, m.ID
	return on.bodies.announce(&m.Body, promise{budget: s.results, patient: true, broken: CodeBadResults, deliver: func(body received) {
		if body.lost == linkLost {
			s.calls.unanswered(id)
			s.forgo(a.slots, r)
			return
		}
		c := s.calls.claim(id)
		a.payload, a.held, a.fault = body.data, body.held, cmp.Or(a.fault, body.lost)
		s.answer(c, a, r)
	}})
}

var errUnknownReturn = errors.New("peer answered a call that was not made, or twice")

// answer gives call c its reply and wakes the caller; c is nil if nobody waits.
func (s *session) answer(c *call, a reply, r receipt) {
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
