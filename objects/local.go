package objects

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// Two nodes of one process have a session like any others, over which references
// are counted. A call, however, goes straight to the object, in the caller's
// goroutine: it is entered at both ends of the session as if it had travelled, but
// for the messages. Whatever would make it fail is left to the way through the
// connection, so that the errors are the same.

// process holds the open nodes of this process, by incarnation.
var process = struct {
	mu    sync.RWMutex
	nodes map[uuid.UUID]*Node
}{nodes: map[uuid.UUID]*Node{}}

func (n *Node) enterProcess() {
	process.mu.Lock()
	defer process.mu.Unlock()
	process.nodes[n.incarnation] = n
}

func (n *Node) leaveProcess() {
	process.mu.Lock()
	defer process.mu.Unlock()
	delete(process.nodes, n.incarnation)
}

// neighbour returns the node of this process to which calls of n go directly if
// its peer's incarnation is the one given, or nil.
func (n *Node) neighbour(incarnation uuid.UUID) *Node {
	process.mu.RLock()
	defer process.mu.RUnlock()
	other := process.nodes[incarnation]
	if other == nil || other.cfg.LocalCallsOnWire || n.cfg.LocalCallsOnWire {
		return nil
	}
	return other
}

// nearby is a session's way to its other end, if that is in this process.
type nearby struct {
	node *Node                   // the peer; nil if it is elsewhere
	end  atomic.Pointer[session] // the peer's session with this node; nil until it is first found
}

// otherEnd returns the peer's side of the session, nil if the peer is elsewhere.
//
// That the two name each other is no proof that they are the ends of one
// connection: a peer may claim any incarnation. But a session lists the objects
// that its own peer was given, so a peer that lies reaches nothing through it that
// it could not call itself.
func (s *session) otherEnd() *session {
	if s.nearby.node == nil {
		return nil
	}
	end := s.nearby.end.Load()
	if end == nil {
		if end = s.nearby.node.sessionOf(s.node.incarnation); end != nil {
			s.nearby.end.Store(end)
		}
	}
	return end
}

// direct is a call that goes to an object of another node of this process.
type direct struct {
	proxy.Direct
	ctx    methodContext
	entry  *imported // at the caller's end
	method *proxy.Method
	owner  *session          // the owner's end
	object lifetime.ObjectID // held until the call ends
}

// Direct implements proxy.DirectBinding.
func (i *imported) Direct(ctx context.Context, m *proxy.Method) *proxy.Direct {
	owner := i.s.otherEnd()
	if owner == nil || i.xid == nodeXID || ctx.Err() != nil || i.fault() != nil || !i.s.connected() {
		return nil
	}
	d := &direct{entry: i, method: m, owner: owner}
	if !owner.serving.enterDirect(d) {
		return nil
	}
	object, target, ok := owner.node.exports.begin(owner.id, i.xid)
	d.object = object
	switch {
	case !ok:
		owner.serving.leaveDirect(d)
		return nil
	case object != i.object, proxy.SkeletonOf(target).Method(m.ID) != m: // also a forwarder, which has no methods
		d.leave()
		return nil
	}
	d.ctx.caller, d.ctx.owner = ctx, owner
	d.Init(&d.ctx, target, &owner.limits, d)
	return &d.Direct
}

// leave ends the hold on the object and the call's place at the owner.
func (d *direct) leave() {
	d.owner.letGo(d.object)
	d.owner.serving.leaveDirect(d)
}

// Carry implements proxy.DirectRunner: it grants the objects at one end of the
// session and receives them at the other.
func (d *direct) Carry(slots []marshal.Slot, results bool) ([]marshal.Slot, error) {
	from, to := d.entry.s, d.owner
	if results {
		from, to = to, from
	}
	var out outgoing
	on := from.conn.Load()
	if fail := on.enlist(&out, slots, nil); fail != nil {
		return nil, cmp.Or(d.over(), fail)
	}
	defer from.imports.unuse(out.used...)
	arrival := to.conn.Load()
	there, _, err := arrival.receiveCaps(out.caps, surfacing)
	if err == nil {
		if results {
			enterScope(d.ctx.caller, there)
		}
		return there, nil
	}
	if over := d.over(); over != nil {
		return nil, over
	}
	if errors.Is(err, lifetime.ErrStale) {
		return nil, linkLost
	}
	arrival.Abort(violation("%v", err))
	return nil, fault(CodeProtocol, err, "")
}

// over is why the session has ended, at either end; nil while it is up.
func (d *direct) over() *Error {
	here, there := context.Cause(d.entry.s.ctx), context.Cause(d.owner.ctx)
	if here == nil && there == nil {
		return nil
	}
	return cmp.Or(d.entry.fault(), asFault(CodeUnreachable, cmp.Or(here, there)))
}

// Return implements proxy.DirectRunner.
func (d *direct) Return(err error, panicked any) error {
	d.ctx.end()
	d.leave()
	switch p := panicked.(type) {
	case nil:
		if err != nil {
			return d.failed(err)
		}
		return nil
	case *proxy.CopyError:
		return d.notCopied(p)
	}
	return d.failure(fault(CodePanic, d.owner.panicked(d.method, panicked), hintPanic), FailedThere)
}

// failed is what the caller gets for the method's error. A method that says no
// more than that its context ended leaves the word to what ended it.
func (d *direct) failed(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if d.ctx.caller.Err() != nil {
			return d.failure(fault(CodeContext, context.Cause(d.ctx.caller), ""), OutcomeUnknown)
		}
		if over := d.over(); over != nil {
			return d.failure(over, OutcomeUnknown)
		}
	}
	return onward(err)
}

// notCopied is the error of a call of which not all could be passed on.
func (d *direct) notCopied(bad *proxy.CopyError) error {
	if bad.Results {
		return d.failure(asFault(CodeBadResults, valueAt("result", bad.Index, d.method.Results, bad.Err)), FailedThere)
	}
	return d.failure(asFault(CodeBadArguments, valueAt("argument", bad.Index, d.method.Params, bad.Err)), NotSent)
}

// failure completes what went wrong with who and where.
func (d *direct) failure(f *Error, outcome Outcome) *Error {
	e := *f
	e.Op, e.Object, e.Peer, e.Outcome = d.method.FullName(), d.entry.number(), d.entry.s.peer.addr, outcome
	return &e
}

// onward is a method's own error as its caller gets it. It is the same value, unless
// it has an Error of the runtime in it: that one concerns a call which the method
// made, and must not be taken for the outcome of this one.
func onward(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.foreign {
		return err
	}
	theirs := *e
	theirs.foreign = true
	if err == error(e) {
		return &theirs
	}
	return &onwardError{err, &theirs}
}

// onwardError is an error around an Error that belongs to another call.
type onwardError struct {
	error
	theirs *Error
}

func (o *onwardError) Unwrap() error { return o.error }

// As makes errors.As find the Error as what it is here.
func (o *onwardError) As(target any) bool {
	e, ok := target.(**Error)
	if ok {
		*e = o.theirs
	}
	return ok
}

// directCalls are those that run on the objects of a session's node.
type directCalls struct {
	running map[*direct]struct{} // guarded by serving.mu
	all     sync.WaitGroup
}

// enterDirect enters a direct call; false means that the owner is closing or the
// session has ended.
func (v *serving) enterDirect(d *direct) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.draining || v.s.ctx.Err() != nil {
		return false
	}
	v.direct.running[d] = struct{}{}
	v.direct.all.Add(1) // before end joins them: it locks v.mu after it has ended s.ctx
	return true
}

func (v *serving) leaveDirect(d *direct) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.direct.running, d)
	v.restIfIdle()
	v.direct.all.Done()
}

// methodContext is what the method of a direct call gets, with all that a context
// has which travelled: it ends with the caller's context, with the session, and when the
// method returns, and it knows the peer but none of the caller's values.
type methodContext struct {
	caller context.Context
	owner  *session

	mu    sync.Mutex      // guards what follows
	live  context.Context // made for the first who waits for the end; most methods never do
	kill  context.CancelCauseFunc
	stop  func() bool // of the watch of the session
	ended bool
}

func (c *methodContext) Deadline() (deadline time.Time, ok bool) { return c.caller.Deadline() }

func (c *methodContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		c.live, c.kill = context.WithCancelCause(valueless{c.caller})
		c.stop = context.AfterFunc(c.owner.ctx, func() { c.kill(context.Cause(c.owner.ctx)) })
		switch {
		case c.ended:
			c.kill(nil)
		case c.owner.ctx.Err() != nil:
			c.kill(context.Cause(c.owner.ctx))
		}
	}
	return c.live.Done()
}

func (c *methodContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.live != nil:
		return c.live.Err()
	case c.ended:
		return context.Canceled
	}
	return cmp.Or(c.caller.Err(), c.owner.ctx.Err())
}

func (c *methodContext) Value(key any) any {
	if key == (peerKey{}) {
		return &c.owner.peer
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == nil {
		return nil
	}
	return c.live.Value(key) // by which package context recognizes its own
}

// end ends the context: the method has returned.
func (c *methodContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.live != nil {
		c.stop()
		c.kill(nil)
	}
}

// valueless is a context without its values.
type valueless struct{ context.Context }

func (valueless) Value(any) any { return nil }

// AfterFunc lets package context watch the end without a goroutine.
func (v valueless) AfterFunc(f func()) func() bool { return context.AfterFunc(v.Context, f) }
