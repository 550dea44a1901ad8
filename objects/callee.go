package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// nodeXID is the number by which every session knows the peer's node itself.
const nodeXID = 0

// incoming is one call coming in, recycled from call to call.
type incoming struct {
	proxy.Incoming
	s       *session
	id      lifetime.CallID
	e       *served           // the call in the table
	xid     lifetime.XID      // the target, as the peer names it
	object  lifetime.ObjectID // the target; 0 for the node object
	target  any
	method  uint64
	m       *proxy.Method // the target's method of that number; nil if it has none, and for a forwarder
	ctx     *callContext
	payload []byte // owned by the incoming
	held    int64  // of the session's budget for arguments, for a payload that came as a bulk body
	parked  int64  // of the same, for what else the call holds while it waits
	slots   []marshal.Slot
	passing []marshal.Slot // references that a forwarder passes on, both ways
	refused *Error         // why the method is not run at all

	// guarded by serving.mu
	complete bool          // the payload has arrived
	begun    time.Duration // when the call got its place, see [Node.clock]

	extra marshal.Encoder // error trees and runtime errors
}

// receiveCall takes a Call on the reader: it counts the references, finds and
// holds the target, and hands the call on in the order of its target's calls.
func (on *connection) receiveCall(msg []byte) error {
	s, m := on.s, &on.inCall
	reserved := wire.ParseCall(msg, m, s.node.cfg.Limits.References)
	if reserved != nil && !errors.Is(reserved, wire.ErrReserved) {
		return reserved
	}
	r := surfacing
	if len(m.Caps) > 0 {
		r = s.node.exports.receiptFor(s.id, lifetime.XID(m.Target.XID))
	}
	slots, refused, err := on.receiveCaps(m.Caps, r)
	if err != nil {
		return err
	}
	if len(m.Done) > 0 {
		if err := s.serving.acknowledged(on, m.Done); err != nil {
			return err
		}
	}
	in := s.serving.get()
	if r == passing {
		in.passing = append(in.passing[:0], slots...)
	}
	in.ctx = &callContext{Context: s.ctx}
	in.id, in.method, in.xid = lifetime.CallID(m.ID), m.Method, lifetime.XID(m.Target.XID)
	in.slots, in.refused = slots, refused
	if m.Timeout > 0 {
		in.ctx.deadline = time.Now().Add(m.Timeout)
	}
	if reserved != nil {
		in.refused = fault(CodeUnsupported, reserved, "update the node that serves the object")
	} else {
		in.find()
	}
	if !m.Body.Bulk {
		in.payload = append(in.payload[:0], m.Body.Inline...)
	}
	here, err := s.serving.accept(on, in, !m.Body.Bulk)
	switch {
	case err != nil:
		s.letGo(in.object)
		return err
	case here:
		s.serving.runInline(in)
	case m.Body.Bulk:
		return on.receiveArguments(m, in)
	}
	return nil
}

// receiveArguments lets the arguments of a call come on a bulk stream.
func (on *connection) receiveArguments(m *wire.Call, in *incoming) error {
	s := on.s
	return on.bodies.announce(&m.Body, promise{budget: s.arguments, broken: CodeBadArguments, deliver: func(body received) {
		if body.lost == linkLost {
			s.serving.unsee(in)
			return
		}
		in.payload, in.held = body.data, body.held
		in.refused = cmp.Or(in.refused, body.lost)
		s.serving.arrived(in)
	}})
}

// find looks target and method up, and keeps the target alive until the call is
// over.
func (in *incoming) find() {
	if in.xid == nodeXID {
		in.target = peerObject{in.s}
	} else {
		var ok bool
		in.object, in.target, ok = in.s.node.exports.begin(in.s.id, in.xid)
		if !ok {
			in.refused = fault(CodeNoSuchObject, fmt.Errorf("this session knows no object %d", in.xid), "")
			return
		}
	}
	in.m = proxy.SkeletonOf(in.target).Method(proxy.MethodID(in.method))
}

// run serves the call, on a worker; the caller has yet to finish it.
func (in *incoming) run() {
	in.perform((*incoming).reply)
}

// perform runs the method and has it answered, also if it ends its goroutine.
func (in *incoming) perform(reply func(*incoming, answer)) {
	var a answer
	returned := false
	defer func() {
		if !returned {
			a = in.refuse(fault(CodePanic, errGoexit, hintPanic))
		}
		in.ctx.end(context.Canceled)
		reply(in, a)
	}()
	a = in.serve(in.ctx)
	returned = true
}

// errGoexit is the cause of a call whose method ended its goroutine, as the FailNow
// of a test does.
var errGoexit = errors.New("runtime.Goexit was called")

const hintPanic = "the owner's log has the stack"

// settle gives back what the arguments took of the session's budget.
func (in *incoming) settle() {
	in.s.arguments.Release(in.held + in.parked)
	in.held, in.parked = 0, 0
}

// letGo ends the hold on a call's target that find took.
func (s *session) letGo(object lifetime.ObjectID) {
	if object != 0 {
		s.node.reclaim(s.node.exports.end(object))
	}
}

// answer is what goes back to the caller: a payload in two parts, so that the
// results need not be copied behind the error, and its references.
type answer struct {
	status  wire.Status
	prefix  []byte
	results []byte
	slots   []marshal.Slot
}

// serve runs the method and returns what to answer.
func (in *incoming) serve(ctx context.Context) answer {
	switch {
	case in.refused == nil:
	case in.refused.Code == CodeClosed:
		return in.fault(in.refused, NotSent)
	default:
		return in.refuse(in.refused)
	}
	if ref, forwarder := in.target.(*proxy.Ref); forwarder {
		return in.relay(ctx, ref)
	}
	m := in.m
	if m == nil {
		if e, over := in.target.(ended); over {
			return in.refuse(e.why)
		}
		return in.refuse(fault(CodeNoSuchMethod, fmt.Errorf("%T", in.target), "compare the versions of the interface on both sides"))
	}
	if err := marshal.Check(in.payload, &in.s.limits); err != nil {
		return in.refuse(fault(CodeBadArguments, err, ""))
	}
	in.Args.Reset(in.payload, in.slots, &in.s.limits, in.s.arguments)
	in.Args.Prepay(max(in.held-int64(cap(in.payload)), 0))
	if in.held > 0 {
		in.Args.Give()
	}
	in.Args.Tuple()
	in.Results.Reset(&in.s.limits)
	err := in.invoke(ctx, m)
	bad := in.Args.Err()
	in.Args.Release()
	if bad != nil {
		return in.refuse(fault(CodeBadArguments, argumentError(m, bad), ""))
	}
	if fail, panicked := err.(*panicError); panicked {
		return in.refuse(fault(CodePanic, fail, hintPanic))
	}
	return in.answer(m, err)
}

// panicError is a panic of a method; user code cannot return one.
type panicError struct{ value any }

func (p *panicError) Error() string { return fmt.Sprint(p.value) }

// panicked logs that m panicked with v, while the stack is still there.
func (s *session) panicked(m *proxy.Method, v any) *panicError {
	s.log.Error("method panicked; the caller gets an error", "method", m.FullName(), "panic", v, "stack", string(debug.Stack()))
	return &panicError{v}
}

// invoke calls the method and survives its panics.
func (in *incoming) invoke(ctx context.Context, m *proxy.Method) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		v := recover()
		if v == nil {
			v = errGoexit // goes on: run answers
		}
		err = in.s.panicked(m, v)
	}()
	err = m.Serve(ctx, in.target, &in.Incoming)
	returned = true
	return err
}

// answer builds the payload of a method that returned.
func (in *incoming) answer(m *proxy.Method, err error) answer {
	results := in.Results.Data()
	if bad := in.Results.Err(); bad != nil {
		return in.refuse(fault(CodeBadResults, resultError(m, bad), ""))
	}
	if max := in.s.limits.MaxMessage; len(results) > max {
		return in.refuse(fault(CodeLimit, resultSizeError(m, results, max), hintSize))
	}
	if err == nil {
		return answer{wire.StatusOK, nil, results, in.Results.Slots()}
	}
	in.extra.Reset(&in.s.limits)
	in.extra.Array(2)
	in.extra.Error(err)
	return answer{wire.StatusError, in.extra.Data(), results, in.Results.Slots()}
}

// size is the number of bytes of the payload.
func (a *answer) size() int { return len(a.prefix) + len(a.results) }

// refuse builds the payload of a failure of this node's runtime, before the method
// ran or afterwards.
func (in *incoming) refuse(f *Error) answer { return in.fault(f, FailedThere) }

func (in *incoming) fault(f *Error, outcome Outcome) answer {
	in.extra.Reset(&in.s.limits)
	encodeFault(&in.extra, f, outcome)
	return answer{status: wire.StatusFault, prefix: in.extra.Data()}
}

func encodeFault(e *marshal.Encoder, f *Error, outcome Outcome) {
	e.Array(4)
	e.Uint(uint64(f.Code))
	e.Error(f.Cause)
	e.String(f.Hint)
	e.Uint(uint64(outcome))
}

// reply sends the Return. It travels whether or not the caller still waits, for
// its number and its references must be accounted for.
func (in *incoming) reply(a answer) {
	if on := in.finish(a); on != nil {
		on.sendAnswer(in.e)
	}
	in.letGo()
}

// finish makes a the answer of the call, and returns the connection on which to send
// it. If there is none, the answer is sent on the next one, if the caller still asks.
func (in *incoming) finish(a answer) *connection {
	in.e.R.hold(in, a)
	in.settle() // before the peer can know that there is room again
	return in.s.serving.finished(in.e)
}

// letGo lets go of what the call held, which has been answered.
func (in *incoming) letGo() {
	in.s.passed(in.passing)
	in.s.letGo(in.object)
}
