package objects

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/internal/buffers"
	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/transport"
)

// bulkThreshold is the size in bytes beyond which arguments and results leave
// the lane and travel on a bulk stream, so that small calls do not wait behind
// them.
const bulkThreshold = 32 << 10

// call is one call going out, recycled from call to call.
type call struct {
	proxy.Call
	s       *session
	entry   *imported
	id      uint64
	sent    bool
	refused bool // the peer has ended without having taken it up
	relayed bool // made for a peer, see relay.go
	prompt  bool // its caller resumes at once when it is woken: it is not sending a body
	out     outgoing
	head    []byte
	done    chan struct{} // the reader signals that reply is filled in; capacity 1
	reply   reply
	failed  *Error              // set instead of reply when the session ended, or the peer has not seen the call
	slots   []marshal.Slot      // of the arguments, while the call is made
	pinned  []lifetime.ObjectID // objects among them, kept for the next connection; guarded by calls.mu while the call is pending
}

// reply is a Return as it came.
type reply struct {
	status  wire.Status
	payload []byte // owned by the call
	held    int64  // of the session's budget for results
	slots   []marshal.Slot
	fault   *Error // what was wrong with the Return's references or body
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
	if pc.Results.Given() {
		c.reply.payload = nil
	}
	pc.Results.Release()
	c.s.results.Release(c.reply.held)
	pc.Results.Reset(nil, nil, nil, nil)
	pc.Args.Reset(nil)
	c.entry = nil
	c.failed = nil
	c.reply = reply{payload: keep(c.reply.payload)}
	c.s.calls.pool.Put(c)
	return err
}

// keep returns buf for the next use, empty, unless it grew so much that it
// would only hold memory: then it goes to whoever needs such a one next.
func keep(buf []byte) []byte {
	if cap(buf) > 64<<10 {
		buffers.Put(buf)
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
	enterScope(pc.Context(), r.slots)
	pc.Results.Reset(r.payload, r.slots, &c.s.limits, c.s.results)
	pc.Results.Prepay(max(r.held-int64(cap(r.payload)), 0))
	if r.held > 0 {
		pc.Results.Give()
	}
	if err := marshal.Check(r.payload, &c.s.limits); err != nil {
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
		fail.Outcome = min(Outcome(pc.Results.Next().Uint8()), FailedThere)
		return fail
	}
}

// failure completes what went wrong with who and where.
func (c *call) failure(f *Error) *Error {
	e := *f
	e.Op, e.Object, e.Peer = c.Method().FullName(), c.entry.number(), c.s.peer.addr
	e.Outcome = NotSent
	if c.sent && !c.refused {
		e.Outcome = OutcomeUnknown
	}
	return &e
}

// roundTrip sends the call and waits for its reply, no longer than ctx. What the
// peer has not seen of it when a connection is lost is sent on the next one.
func (c *call) roundTrip(ctx context.Context, method uint64, args []byte, slots []marshal.Slot) *Error {
	if max := c.s.limits.MaxMessage; len(args) > max {
		return fault(CodeLimit, sizeError(c.Method(), args, max), hintSize)
	}
	on := c.s.conn.Load()
	c.slots = slots
	fail := c.attempt(ctx, on, method, args)
	for fail == linkLost {
		c.pin()
		c.sent, c.failed = false, nil
		if on, fail = c.s.await(ctx, on); fail == nil {
			fail = c.attempt(ctx, on, method, args)
		}
	}
	c.slots = nil
	if c.pinned != nil {
		c.unpin()
	}
	return fail
}

// pin keeps the objects among the arguments from being reclaimed until the call is
// over: they may have to be granted once more, after the peer has said that it holds
// none.
func (c *call) pin() {
	if c.pinned == nil {
		c.pinned = c.s.pinAll(c.slots)
	}
}

func (c *call) unpin() {
	c.s.unpinAll(c.pinned)
	c.pinned = nil
}

// attempt makes the call on one connection. The error is linkLost if the peer has
// not seen it.
func (c *call) attempt(ctx context.Context, on *connection, method uint64, args []byte) *Error {
	if err := ctx.Err(); err != nil {
		return fault(CodeContext, context.Cause(ctx), "")
	}
	if fail := on.enlist(&c.out, c.slots, c.entry); fail != nil {
		return cmp.Or(c.entry.fault(), fail) // to an object that is lost nothing can be granted
	}
	used := c.out.used
	fail := c.transmit(ctx, on, method, args)
	c.s.imports.unuse(used...)
	if fail != nil {
		return fail
	}
	return c.wait(ctx)
}

const hintSize = "pass large data in parts, or raise Limits.MessageSize on both sides"

// transmit hands the call to the connection.
func (c *call) transmit(ctx context.Context, on *connection, method uint64, args []byte) *Error {
	msg := wire.Call{Target: wire.Target{XID: uint64(c.entry.xid)}, Method: method, Caps: c.out.caps}
	if deadline, ok := ctx.Deadline(); ok {
		msg.Timeout = max(time.Until(deadline), time.Microsecond)
	}
	bulk := len(args) > bulkThreshold
	if fail := c.s.calls.register(ctx, c, int64(len(args)), bulk, &msg); fail != nil {
		on.ungrant(&c.out)
		return fail
	}
	inline := args
	if bulk {
		inline = nil
		msg.Body.Size = uint64(len(args))
	}
	c.head = msg.AppendHead(c.head[:0], len(inline))
	var err error
	if bulk {
		err = on.Queue(ctx, c.head, nil) // SendBody has it written
	} else {
		err = on.sendCall(ctx, &c.s.calls.due, c.head, args)
	}
	if err != nil {
		c.s.calls.withdraw(c)
		on.ungrant(&c.out)
		return cmp.Or(c.failed, on.sendFault(ctx, err))
	}
	c.sent = true
	if bulk {
		if on.SendBody(ctx, msg.Body.BulkID, args) != nil {
			// It shows at wait: the context or the connection has ended, or the
			// peer answers the broken call. The body may still be read.
			c.Args.Abandon()
		}
	}
	return nil
}

// sendCall sends a message of a call. While others are about to send theirs, as due
// tells, it waits for them, so that one write has all of them: whoever makes due 0
// flushes the connection. The others may be in need of a processor, so once in maxJoin
// nobody waits: the first of 64 methods that each computed for 8 ms was answered with
// the last of them, after 200 ms.
func (c *connection) sendCall(ctx context.Context, due *atomic.Int64, head, body []byte) error {
	err := c.Queue(ctx, head, body)
	if err == nil && (due.Load() == 0 || c.overdue()) {
		c.Flush()
	}
	return err
}

// maxJoin is how long messages of calls may go on joining others that wait: those of
// 512 busy callers are together in less.
const maxJoin = time.Millisecond

// overdue reports, once in maxJoin, that what waits is to be written.
func (c *connection) overdue() bool {
	now, last := int64(c.s.node.clock()), c.flushed.Load()
	return now-last > int64(maxJoin) && c.flushed.CompareAndSwap(last, now)
}

// sendFault explains why a message was not taken by the connection.
func (c *connection) sendFault(ctx context.Context, err error) *Error {
	switch {
	case ctx.Err() != nil:
		return fault(CodeContext, context.Cause(ctx), "")
	case errors.Is(err, transport.ErrTooLarge):
		return fault(CodeLimit, err, hintSize)
	}
	c.Abort(err) // if it has not ended, it is of no use any more
	return linkLost
}

// wait waits for the reply. When ctx ends first, the peer is told, and the
// call's number stays known until its Return has come and its references have
// been counted (rule H8).
func (c *call) wait(ctx context.Context) *Error {
	c.s.serving.kick() // one more may run for each call that waits
	select {
	case <-c.done:
		c.s.calls.resumed(c)
		return c.failed
	case <-ctx.Done():
	}
	if !c.s.calls.abandon(c) { // the reply came at the same moment
		<-c.done
		c.s.calls.resumed(c)
		return c.failed
	}
	c.s.conn.Load().sendLater(&wire.Cancel{ID: c.id})
	return fault(CodeContext, context.Cause(ctx), "")
}
