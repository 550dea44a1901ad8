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
	id      lifetime.CallID
	sent    bool
	refused bool // the peer has ended without having taken it up
	relayed bool // made for a peer, see relay.go
	prompt  bool // its caller resumes at once when it is woken: it is not sending a body
	out     outgoing
	head    []byte
	acks    []lifetime.CallID // answers that the message tells of
	told    []uint64          // the same, as it tells them
	done    chan signal       // capacity 1
	reply   reply             // filled in by the reader before the signal over
	slots   []marshal.Slot    // of the arguments, while the call is made

	// guarded by calls.mu while the call is in the table
	failed *Error              // set instead of reply when the session has ended
	turn   *connection         // on which the call may be sent now; the signal turn has been given and not been looked at
	pinned []lifetime.ObjectID // objects among slots, kept for the next connection
}

// reply is a Return as it came.
type reply struct {
	status  wire.Status
	payload []byte // owned by the call
	held    int64  // of the session's budget for results
	slots   []marshal.Slot
	fault   *Error // what was wrong with the Return's references or body
}

// Run implements proxy.Runner: it makes the call and opens the results. If the answer
// was lost, and the method may run again, the call is made again.
func (c *call) Run(pc *proxy.Call) error {
	if err := pc.Args.Err(); err != nil {
		return c.failure(fault(CodeBadArguments, argumentError(pc.Method(), err), ""))
	}
	args := pc.Args.Data()
	err := c.once(pc, args)
	if !pc.Method().Idempotent {
		return err
	}
	again := false
	for pause := time.Duration(0); c.mayRepeat(pc.Context(), err, pause); pause = min(2*pause+firstPause, longestPause) {
		again = true
		c.dropReply(pc)
		err = c.once(pc, args)
	}
	if e, ok := err.(*Error); ok && again && !e.foreign && e.Outcome == NotSent { // this time
		e.Outcome = OutcomeUnknown
	}
	return err
}

// once makes the call, without a second try.
func (c *call) once(pc *proxy.Call, args []byte) error {
	if fail := c.roundTrip(pc.Context(), uint64(pc.Method().ID), args, pc.Args.Slots()); fail != nil {
		return c.failure(fail)
	}
	return c.open(pc)
}

// mayRepeat reports, after a pause, whether an idempotent call may be made again that
// ended with err: the peer has answered that the outcome is unknown, and the session
// goes on.
func (c *call) mayRepeat(ctx context.Context, err error, pause time.Duration) bool {
	e, ok := err.(*Error)
	if !ok || e.foreign || e.Code != CodeUnreachable || e.Outcome != OutcomeUnknown || c.reply.status != wire.StatusFault || c.entry.fault() != nil {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Finish implements proxy.Runner: it reports what was wrong with the results
// and recycles the call.
func (c *call) Finish(pc *proxy.Call, results error) error {
	var err error
	if results != nil {
		err = &Error{Code: CodeBadResults, Op: c.Method().FullName(), Object: c.entry.number(), Peer: c.s.peer.addr,
			Outcome: FailedThere, Cause: resultError(c.Method(), results)}
	}
	c.dropReply(pc)
	pc.Args.Reset(nil)
	c.entry = nil
	c.failed = nil
	c.s.calls.pool.Put(c)
	return err
}

// dropReply ends the use of the reply.
func (c *call) dropReply(pc *proxy.Call) {
	if pc.Results.Given() {
		c.reply.payload = nil
	}
	pc.Results.Release()
	c.s.results.Release(c.reply.held)
	pc.Results.Reset(nil, nil, nil, nil)
	c.reply = reply{payload: keep(c.reply.payload)}
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
// peer has not seen of it when a connection is lost is sent on the next one, in its
// turn.
func (c *call) roundTrip(ctx context.Context, method uint64, args []byte, slots []marshal.Slot) *Error {
	if max := c.s.limits.MaxMessage; len(args) > max {
		return fault(CodeLimit, sizeError(c.Method(), args, max), hintSize)
	}
	if ctx.Err() != nil {
		return fault(CodeContext, context.Cause(ctx), "")
	}
	c.slots = slots
	on, fail := c.s.calls.register(ctx, c, int64(len(args)))
	for turn := false; fail == nil; turn = true {
		if on != nil {
			if fail = c.attempt(ctx, on, method, args, turn); fail != nil && fail != linkLost {
				c.s.calls.withdraw(c, on)
				break
			}
			c.acks = c.acks[:0]
		}
		if on, fail = c.wait(ctx); on == nil {
			break
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
		c.pinned = c.s.pinAll(nil, c.slots)
	}
}

func (c *call) unpin() {
	c.s.unpinAll(c.pinned)
	c.pinned = nil
}

// attempt makes the call on one connection, perhaps because it is its turn. The error
// is linkLost if the connection did not take it: then the call waits for the next.
func (c *call) attempt(ctx context.Context, on *connection, method uint64, args []byte, turn bool) *Error {
	c.sent = false
	if fail := on.ready(ctx); fail != nil {
		return fail
	}
	if fail := on.enlist(&c.out, c.slots, c.entry); fail != nil {
		return cmp.Or(c.entry.fault(), fail) // to an object that is lost nothing can be granted
	}
	used := c.out.used
	fail := c.transmit(ctx, on, method, args, turn)
	c.s.imports.unuse(used...)
	return fail
}

const hintSize = "pass large data in parts, or raise Limits.MessageSize on both sides"

// transmit hands the call to the connection.
func (c *call) transmit(ctx context.Context, on *connection, method uint64, args []byte, turn bool) *Error {
	msg := wire.Call{ID: uint64(c.id), Target: wire.Target{XID: uint64(c.entry.xid)}, Method: method, Caps: c.out.caps}
	if deadline, ok := ctx.Deadline(); ok {
		msg.Timeout = max(time.Until(deadline), time.Microsecond)
	}
	bulk := len(args) > bulkThreshold
	err := c.tellApart(ctx, on, len(args))
	switch {
	case err != nil:
	case bulk:
		msg.Body = wire.Body{Bulk: true, BulkID: c.s.calls.nextBulk(), Size: uint64(len(args))}
		c.head = msg.AppendHead(c.head[:0], 0)
		err = on.Queue(ctx, c.head, nil) // SendBody has it written
	default:
		err = on.sendCall(ctx, &c.s.calls.due, c.appendHead(&msg, args), c.inline(args))
	}
	if err != nil {
		on.ungrant(&c.out)
		return on.sendFault(ctx, err)
	}
	c.sent = true
	if turn {
		c.s.calls.pass(on, c)
	}
	if bulk && on.SendBody(ctx, msg.Body.BulkID, args) != nil {
		// It shows at wait: the context or the connection has ended, or the
		// peer answers the broken call. The body may still be read.
		c.Args.Abandon()
	}
	return nil
}

// appendHead returns what comes before the inline arguments: all of the message, if it
// tells of answers, which comes behind them.
func (c *call) appendHead(msg *wire.Call, args []byte) []byte {
	if len(c.acks) == 0 {
		c.head = msg.AppendHead(c.head[:0], len(args))
		return c.head
	}
	c.told = c.told[:0]
	for _, id := range c.acks {
		c.told = append(c.told, uint64(id))
	}
	msg.Done = c.told
	c.head = append(msg.AppendHead(c.head[:0], len(args)), args...)
	c.head = msg.AppendTail(c.head)
	return c.head
}

// inline returns the arguments, unless appendHead has them.
func (c *call) inline(args []byte) []byte {
	if len(c.acks) > 0 {
		return nil
	}
	return args
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
	c.giveUp(err)
	return linkLost
}

// givenUpAfter is how long a connection that takes no messages may go on.
const givenUpAfter = time.Second

// giveUp sees to the end of a connection that did not take a message for the reason err.
// Mostly that is near, and what has come before it, such as a Bye, is still to be read.
func (c *connection) giveUp(err error) {
	if c.givenUp.Swap(true) {
		return
	}
	c.s.node.spawn(func() {
		timer := time.NewTimer(givenUpAfter)
		defer timer.Stop()
		select {
		case <-c.lost:
		case <-timer.C:
			c.Abort(err)
		}
	})
}

// wait waits for the reply, or for the call's turn on the connection that it returns.
// When ctx ends first, the peer is told, and the call's number stays known until its
// Return has come and its references have been counted (rule H8); a call that was not
// sent is taken back.
func (c *call) wait(ctx context.Context) (*connection, *Error) {
	c.s.serving.kick() // one more may run for each call that waits
	for {
		var what signal
		select {
		case what = <-c.done:
		case <-ctx.Done():
			if gone, fail := c.giveUp(ctx); gone {
				return nil, fail
			}
			what = <-c.done // the reply came at the same moment
		}
		c.settled(what)
		if what == over {
			return nil, c.failed
		}
		if on, fail := c.s.calls.take(c); on != nil || fail != nil {
			return on, fail
		}
	}
}

// giveUp ends the wait of the caller. It reports false if its reply is being delivered.
func (c *call) giveUp(ctx context.Context) (bool, *Error) {
	switch c.s.calls.abandon(c) {
	case answered:
		return false, nil
	case withdrawn:
		c.sent = false
	case cancelled:
		c.s.conn.Load().sendLater(&wire.Cancel{ID: uint64(c.id)})
	}
	return true, fault(CodeContext, context.Cause(ctx), "")
}
