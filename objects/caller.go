package objects

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// bulkThreshold is the size in bytes beyond which arguments and results leave
// the lane and travel on a bulk stream, so that small calls do not wait behind
// them.
const bulkThreshold = 32 << 10

// calls holds the calls that this node makes through one session.
type calls struct {
	s    *session
	pool sync.Pool // of *call; per session, so that a synctest bubble keeps its channels

	mu       sync.Mutex // guards what follows
	limit    int        // calls that the peer lets be unfinished
	lastID   uint64
	lastBulk uint64
	pending  map[uint64]*call // nil value: cancelled, its Return has not come yet
	zombies  int              // nil values in pending
	waiting  []chan struct{}  // callers that wait for a place in pending, first come first
	err      *Error           // why no call can be made; nil while the session is up
}

// call is one call going out, recycled from call to call.
type call struct {
	proxy.Call
	s       *session
	entry   *imported
	id      uint64
	sent    bool
	relayed bool // made for a peer, see relay.go
	out     outgoing
	head    []byte
	done    chan struct{} // the reader signals that reply is filled in; capacity 1
	reply   reply
	failed  *Error // set instead of reply when the session ended
}

// reply is a Return as it came.
type reply struct {
	status  wire.Status
	payload []byte // owned by the call
	slots   []marshal.Slot
	fault   *Error // what was wrong with the Return's references or body
}

func (t *calls) init(s *session) {
	t.s = s
	t.limit = s.node.cfg.Limits.calls()
	if theirs := s.peer.limits.Calls; theirs > 0 {
		t.limit = int(min(theirs, uint64(t.limit)))
	}
	t.pending = map[uint64]*call{}
	t.pool.New = func() any { return &call{s: s, done: make(chan struct{}, 1)} }
}

// begin returns a call of m on i.
func (t *calls) begin(ctx context.Context, i *imported, m *proxy.Method) *call {
	c := t.pool.Get().(*call)
	c.entry = i
	c.sent, c.relayed = false, false
	c.Init(ctx, m, c)
	c.Args.Reset(&t.s.limits)
	return c
}

// Run implements proxy.Runner: it makes the call and opens the results.
func (c *call) Run(pc *proxy.Call) error {
	if err := pc.Args.Err(); err != nil {
		return c.failure(fault(CodeBadArguments, argumentError(pc.Method(), err), ""))
	}
	if fail := c.roundTrip(pc.Context(), uint64(pc.Method().ID), pc.Args.Data(), pc.Args.Slots()); fail != nil {
		return c.failure(fail)
	}
	return c.open(pc)
}

// Finish implements proxy.Runner: it reports what was wrong with the results
// and recycles the call.
func (c *call) Finish(pc *proxy.Call, results error) error {
	var err error
	if results != nil {
		err = &Error{Code: CodeBadResults, Op: c.Method().FullName(), Object: c.entry.number(), Peer: c.s.peer.addr,
			Outcome: FailedThere, Cause: resultError(c.Method(), results)}
	}
	pc.Results.Release()
	pc.Results.Reset(nil, nil, nil, nil)
	pc.Args.Reset(nil)
	c.entry = nil
	c.failed = nil
	c.reply = reply{payload: keep(c.reply.payload)}
	c.s.calls.pool.Put(c)
	return err
}

// keep returns buf for the next use, empty, unless it grew so much that it
// would only hold memory.
func keep(buf []byte) []byte {
	if cap(buf) > 64<<10 {
		return nil
	}
	return buf[:0]
}

// open points the call's results at the reply.
func (c *call) open(pc *proxy.Call) error {
	r := &c.reply
	if r.fault != nil {
		fail := c.failure(r.fault)
		fail.Outcome = FailedThere
		return fail
	}
	pc.Results.Reset(r.payload, r.slots, &c.s.limits, c.s.budget)
	if _, err := marshal.Check(r.payload, &c.s.limits); err != nil {
		pc.Results.Reset(nil, nil, nil, nil)
		return &Error{Code: CodeBadResults, Op: pc.Method().FullName(), Object: c.entry.number(), Peer: c.s.peer.addr, Outcome: FailedThere, Cause: err}
	}
	pc.Results.Tuple()
	switch r.status {
	case wire.StatusOK:
		return nil
	case wire.StatusError: // [error, [results]]
		err := pc.Results.Next().Error()
		pc.Results.Next().Tuple()
		if err == nil {
			err = errors.New("unknown error")
		}
		return err
	default: // [code, cause, hint, outcome]
		fail := c.failure(fault(Code(pc.Results.Next().Uint16()), pc.Results.Next().Error(), pc.Results.Next().String()))
		fail.Outcome = Outcome(pc.Results.Next().Uint8())
		return fail
	}
}

// failure completes what went wrong with who and where.
func (c *call) failure(f *Error) *Error {
	e := *f
	e.Op, e.Object, e.Peer = c.Method().FullName(), c.entry.number(), c.s.peer.addr
	e.Outcome = NotSent
	if c.sent {
		e.Outcome = OutcomeUnknown
	}
	return &e
}

// roundTrip sends the call and waits for its reply, no longer than ctx.
func (c *call) roundTrip(ctx context.Context, method uint64, args []byte, slots []marshal.Slot) *Error {
	if err := ctx.Err(); err != nil {
		return fault(CodeContext, context.Cause(ctx), "")
	}
	if max := c.s.limits.MaxMessage; len(args) > max {
		return fault(CodeLimit, sizeError(c.Method(), args, max), hintSize)
	}
	if fail := c.s.grant(&c.out, slots); fail != nil {
		return fail
	}
	c.out.used = append(c.out.used, c.entry)
	used := c.out.used
	if fail := c.s.imports.use(used...); fail != nil {
		c.s.ungrant(&c.out)
		return fail
	}
	fail := c.transmit(ctx, method, args)
	c.s.imports.unuse(used...)
	if fail != nil {
		return fail
	}
	return c.wait(ctx)
}

const hintSize = "pass large data in parts, or raise Limits.MessageSize on both sides"

// transmit hands the call to the connection.
func (c *call) transmit(ctx context.Context, method uint64, args []byte) *Error {
	msg := wire.Call{Target: wire.Target{XID: uint64(c.entry.xid)}, Method: method, Caps: c.out.caps}
	if deadline, ok := ctx.Deadline(); ok {
		msg.Timeout = max(time.Until(deadline), time.Microsecond)
	}
	bulk := len(args) > bulkThreshold
	if fail := c.s.calls.register(ctx, c, bulk, &msg); fail != nil {
		c.s.ungrant(&c.out)
		return fail
	}
	inline := args
	if bulk {
		inline = nil
		msg.Body.Size = uint64(len(args))
	}
	c.head = msg.AppendHead(c.head[:0], len(inline))
	if err := c.s.conn.Send(ctx, c.head, inline); err != nil {
		c.s.calls.withdraw(c)
		c.s.ungrant(&c.out)
		return sendFault(ctx, err)
	}
	c.sent = true
	if bulk {
		if c.s.conn.SendBody(ctx, msg.Body.BulkID, args) != nil {
			// It shows at wait: the context or the connection has ended, or the
			// peer answers the broken call. The body may still be read.
			c.Args.Abandon()
		}
	}
	return nil
}

// sendFault explains why a message was not taken by the connection.
func sendFault(ctx context.Context, err error) *Error {
	if ctx.Err() != nil {
		return fault(CodeContext, context.Cause(ctx), "")
	}
	return fault(CodeUnreachable, err, hintLookup)
}

// register gives c its number. While the peer has as many calls as it takes, it
// waits, no longer than ctx.
func (t *calls) register(ctx context.Context, c *call, bulk bool, msg *wire.Call) *Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.err == nil && len(t.pending) >= t.limit {
		if fail := t.awaitPlace(ctx); fail != nil {
			return fail
		}
	}
	switch {
	case t.err != nil:
		return t.err
	case t.zombies >= t.s.node.cfg.Limits.Cancelled:
		return fault(CodeLimit, reason("too many cancelled calls have not ended at the peer"), "let its methods return when their context ends")
	}
	t.lastID++
	c.id, msg.ID = t.lastID, t.lastID
	if bulk {
		t.lastBulk++
		msg.Body.Bulk, msg.Body.BulkID = true, t.lastBulk
	}
	t.pending[c.id] = c
	return nil
}

// awaitPlace waits until a call has ended; t.mu is held, but not meanwhile.
func (t *calls) awaitPlace(ctx context.Context) *Error {
	turn := make(chan struct{})
	t.waiting = append(t.waiting, turn)
	t.mu.Unlock()
	defer t.mu.Lock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, turn); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	} else {
		t.yieldPlace() // it was this caller's turn already
	}
	return fault(CodeContext, context.Cause(ctx), "")
}

// yieldPlace wakes the next caller that waits; t.mu is held.
func (t *calls) yieldPlace() {
	if len(t.waiting) > 0 {
		close(t.waiting[0])
		t.waiting = t.waiting[1:]
	}
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
	_, pending := t.pending[c.id]
	delete(t.pending, c.id)
	t.yieldPlace()
	t.mu.Unlock()
	if !pending { // the session ended meanwhile and signalled it
		<-c.done
	}
}

// count returns the number of calls in flight that somebody waits for.
func (t *calls) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.pending) - t.zombies
}

// wait waits for the reply. When ctx ends first, the peer is told, and the
// call's number stays known until its Return has come and its references have
// been counted (rule H8).
func (c *call) wait(ctx context.Context) *Error {
	c.s.serving.kick() // one more may run for each call that waits
	select {
	case <-c.done:
		return c.failed
	case <-ctx.Done():
	}
	if !c.s.calls.abandon(c) {
		<-c.done // the reply came at the same moment
		return c.failed
	}
	c.s.sendLater(&wire.Cancel{ID: c.id})
	return fault(CodeContext, context.Cause(ctx), "")
}

// abandon makes c a zombie, unless its reply is being delivered.
func (t *calls) abandon(c *call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending[c.id] != c {
		return false
	}
	t.pending[c.id] = nil
	t.zombies++
	return true
}

// receiptFor says what becomes of the references in the Return of call id. With
// a call that nobody waits for they pass, to nowhere.
func (t *calls) receiptFor(id uint64) receipt {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.pending[id]
	return receipt(c == nil || c.relayed)
}

// claim takes the call numbered id out of the table, to deliver its reply. It
// is nil if nobody waits any more.
func (t *calls) claim(id uint64) (c *call, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, known = t.pending[id]
	if known && c == nil {
		t.zombies--
	}
	delete(t.pending, id)
	t.yieldPlace()
	return c, known
}

// fail ends every waiting call: the session is over.
func (t *calls) fail(why *Error) {
	t.mu.Lock()
	t.err = why
	pending := t.pending
	t.pending = map[uint64]*call{}
	t.zombies = 0
	for len(t.waiting) > 0 {
		t.yieldPlace()
	}
	t.mu.Unlock()
	for _, c := range pending {
		if c != nil {
			c.failed = why
			c.done <- struct{}{}
		}
	}
}

// receiveReturn takes a Return on the reader.
func (s *session) receiveReturn(msg []byte) error {
	m := &s.inReturn
	if err := wire.ParseReturn(msg, m); err != nil {
		return err
	}
	r := s.calls.receiptFor(m.ID)
	slots, fail, err := s.receiveCaps(m.Caps, r)
	if err != nil {
		return err
	}
	if m.Body.Bulk {
		id, status := m.ID, m.Status
		return s.bodies.announce(&m.Body, func(body []byte, lost *Error) {
			if c, _ := s.calls.claim(id); c != nil {
				c.finish(reply{status: status, payload: body, slots: slots, fault: cmp.Or(fail, lost)})
			} else if r == passing {
				s.passed(slots)
			}
		})
	}
	c, known := s.calls.claim(m.ID)
	if !known {
		return errUnknownReturn
	}
	if c != nil {
		c.finish(reply{status: m.Status, payload: append(c.reply.payload[:0], m.Body.Inline...), slots: slots, fault: fail})
	} else if r == passing {
		s.passed(slots)
	}
	return nil
}

var errUnknownReturn = errors.New("peer answered a call that was not made, or twice")

// finish gives the call its reply and wakes the caller.
func (c *call) finish(r reply) {
	c.reply = r
	c.done <- struct{}{}
}
