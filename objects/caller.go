package objects

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/netobj/netobj/internal/buffers"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
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
	relayed bool // made for a peer, see relay.go
	prompt  bool // its caller resumes at once when it is woken: it is not sending a body
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
		return cmp.Or(c.entry.fault(), fail) // to an object that is lost nothing can be granted
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
	if fail := c.s.calls.register(ctx, c, int64(len(args)), bulk, &msg); fail != nil {
		c.s.ungrant(&c.out)
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
		err = c.s.conn.Queue(ctx, c.head, nil) // SendBody has it written
	} else {
		err = c.s.sendCall(ctx, &c.s.calls.due, c.head, args)
	}
	if err != nil {
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
	c.s.sendLater(&wire.Cancel{ID: c.id})
	return fault(CodeContext, context.Cause(ctx), "")
}
