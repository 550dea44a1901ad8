package objects

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/marshal"
)

// serving holds the calls that the peer makes on this node's objects, from
// their message's arrival until their answer is sent.
//
// At most Limits.Running methods run at once, and one more for each call that
// this node has in flight to the same peer: a method that waits for a callback
// therefore leaves its place to what the callback calls, and callbacks nest as
// deep as both sides like, while a peer cannot raise the limit by itself. What
// comes on top waits in a queue; the handshake tells the peer how much of it
// there may be.
type serving struct {
	s    *session
	pool sync.Pool // of *incoming

	mu       sync.Mutex // guards what follows
	table    *lifetime.Results[keptAnswer]
	on       *connection // on which the table sends answers
	inside   int         // calls that have not been finished
	owed     int         // answers that are to be sent again, or are being
	spares   spares
	free     []*served                    // for further calls
	ids      []lifetime.CallID            // scratch
	gone     []*served                    // scratch
	held     map[lifetime.XID][]*incoming // calls behind one whose body is on its way, that one first
	queue    []*incoming                  // calls that wait for a place
	direct   directCalls                  // of other nodes of this process, see local.go
	draining bool
	idle     chan struct{} // closed when draining and no call is left
	workers  workers
	onReader *incoming // the call whose method runs on the reader; nil: none

	open    atomic.Int64 // calls whose answer is not on its way: the peer counts those
	running atomic.Int64 // calls that have a place; changed with mu held
	waiting atomic.Int64 // len(queue); changed with mu held
}

func (v *serving) init(s *session) {
	v.s = s
	v.on = s.conn.Load()
	v.table = lifetime.NewResults[keptAnswer](s.resultLimits())
	v.held = map[lifetime.XID][]*incoming{}
	v.direct.running = map[*direct]struct{}{}
	v.idle = make(chan struct{})
	v.workers.bell = make(chan struct{}, 1)
	v.pool.New = func() any { return &incoming{s: s} }
}

func (v *serving) get() *incoming { return v.pool.Get().(*incoming) }

// accept enters a call into the table. It may run when there is a place for it and,
// if the body of an earlier call on the same target is still on its way, after that
// one; complete tells that its own payload has arrived. If here is true, the caller
// is to run it on the reader. The error is a violation.
func (v *serving) accept(on *connection, in *incoming, complete bool) (here bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if limit := v.s.node.cfg.Limits.calls(); v.open.Load() >= int64(limit) {
		return false, fmt.Errorf("more than %d calls at once", limit)
	}
	e := v.fresh()
	if err := v.table.Begin(on.number, in.id, e); err != nil {
		return false, err
	}
	in.e, e.R.in = e, in
	if v.draining && in.refused == nil {
		in.refused = fault(CodeClosed, reason("the owner's node is closing"), hintLookup)
	}
	v.open.Add(1)
	v.inside++
	in.complete = complete
	if line, waiting := v.held[in.xid]; waiting || !complete {
		v.park(in)
		v.held[in.xid] = append(line, in)
		return false, nil
	}
	if here = v.inline(in); !here {
		v.enter(in)
	}
	return here, nil
}

// arrived lets a call go on whose body has come, and those behind it.
func (v *serving) arrived(in *incoming) {
	v.mu.Lock()
	defer v.mu.Unlock()
	in.complete = true
	v.advanceLine(in.xid, v.held[in.xid])
}

// advanceLine lets the calls of a line go on that have arrived, up to the first that
// has not; v.mu is held.
func (v *serving) advanceLine(xid lifetime.XID, line []*incoming) {
	for len(line) > 0 && line[0].complete {
		v.enter(line[0])
		line = line[1:]
	}
	if len(line) == 0 {
		delete(v.held, xid)
	} else {
		v.held[xid] = line
	}
}

// unsee takes back a call whose connection was lost before its body had come: it is
// as if it had not been sent (rule R1).
func (v *serving) unsee(in *incoming) {
	v.mu.Lock()
	object, passing := in.object, slices.Clone(in.passing)
	line := slices.DeleteFunc(v.held[in.xid], func(o *incoming) bool { return o == in })
	v.advanceLine(in.xid, line)
	v.table.Unbegin(in.e)
	v.recycle(in.e)
	v.open.Add(-1)
	v.remove(in)
	v.mu.Unlock()
	v.s.passed(passing)
	v.s.letGo(object)
}

// enter starts the call, or queues it behind those that wait; v.mu is held.
func (v *serving) enter(in *incoming) {
	if len(v.queue) == 0 && v.running.Load() < v.limit() {
		v.run(in)
		return
	}
	v.park(in)
	v.queue = append(v.queue, in)
	v.waiting.Add(1)
	v.advance()
}

// refCost is what a reference takes in a message that waits, in bytes, beside the
// name of its interface.
const refCost = 64

// park takes what a call that must wait holds in memory from the session's
// budget, unless that is done; if it is used up, the call is refused. v.mu is held.
func (v *serving) park(in *incoming) {
	if in.parked > 0 {
		return
	}
	var n int64
	if in.held == 0 {
		n = int64(len(in.payload))
	}
	for i := range in.slots {
		n += refCost + int64(len(in.slots[i].Iface))
	}
	if err := v.s.arguments.Reserve(n); err != nil {
		in.payload, in.slots = nil, nil
		in.refused = cmp.Or(in.refused, fault(CodeLimit, err, "send less at once"))
		return
	}
	in.parked = n
}

// run gives the call its place; v.mu is held.
func (v *serving) run(in *incoming) {
	v.running.Add(1)
	in.begun = v.s.node.clock()
	v.add(in)
}

// limit is the number of calls that may run now.
func (v *serving) limit() int64 { return int64(v.s.node.cfg.Limits.Running) + v.s.calls.awaited.Load() }

// busy reports whether methods are running that the peer has called.
func (v *serving) busy() bool { return v.running.Load() > 0 }

// kick starts queued calls for which there is a place now.
func (v *serving) kick() {
	if v.waiting.Load() == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.advance()
}

func (v *serving) advance() {
	for len(v.queue) > 0 && v.running.Load() < v.limit() {
		next := v.queue[0]
		v.queue[0] = nil
		v.queue = v.queue[1:]
		v.waiting.Add(-1)
		v.run(next)
	}
}

// cancel ends the context of call id. An unknown id is a call that has just ended.
func (v *serving) cancel(id uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if e := v.table.Get(lifetime.CallID(id)); e != nil && e.R.in != nil {
		e.R.in.ctx.end(context.Canceled)
	}
}

// cancelAll ends the contexts of all calls: the session is over.
func (v *serving) cancelAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for e := range v.table.Running() {
		e.R.in.ctx.end(context.Canceled)
	}
}

// finish takes the call back and gives its place to the next; v.mu is held.
func (v *serving) finish(in *incoming) {
	v.running.Add(-1)
	v.sent(in.e)
	v.remove(in)
	v.advance()
}

// remove ends a call; v.mu is held.
func (v *serving) remove(in *incoming) {
	v.inside--
	in.settle()
	in.recycle()
	v.pool.Put(in)
	v.restIfIdle()
}

// recycle makes in ready for another call.
func (in *incoming) recycle() {
	in.retire()
	in.Args.Reset(nil, nil, nil, nil)
	in.Results.Reset(nil)
	in.extra.Reset(nil)
	clear(in.passing) // a worker may rest with it, and keep the references
	*in = incoming{
		Incoming: in.Incoming,
		s:        in.s,
		payload:  keep(in.payload),
		passing:  in.passing[:0],
		extra:    in.extra,
	}
}

// dropQueue forgets the calls that had not started: the session is over and
// nobody could hear the answer.
func (v *serving) dropQueue() {
	v.mu.Lock()
	loose := v.discard(v.table.End())
	waiting := v.queue
	for _, line := range v.held {
		waiting = append(waiting, line...)
	}
	v.queue = nil
	v.waiting.Store(0)
	clear(v.held)
	var targets []lifetime.ObjectID
	var passing []marshal.Slot
	for _, in := range waiting {
		targets = append(targets, in.object)
		passing = append(passing, in.passing...)
		v.table.Finish(in.e, 0, v.gone[:0])
		v.recycle(in.e)
		v.remove(in)
	}
	v.mu.Unlock()
	v.letGoOf(loose)
	v.s.passed(passing)
	for _, object := range targets {
		v.s.letGo(object)
	}
}

// drain makes every further call fail.
func (v *serving) drain() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.draining = true
	v.restIfIdle()
}

// restIfIdle tells, once the session is draining, that no call is left; v.mu is
// held.
func (v *serving) restIfIdle() {
	if !v.draining || v.inside+len(v.direct.running) > 0 {
		return
	}
	select {
	case <-v.idle:
	default:
		close(v.idle)
	}
}

// wait returns when the drained session has no call left, or with the error of
// ctx.
func (v *serving) wait(ctx context.Context) error {
	select {
	case <-v.idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rests reports whether the drained session has no call left, and all answers are sent.
// Whatever comes is refused.
func (v *serving) rests() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.idle:
		return v.owed == 0
	default:
		return false
	}
}

// holders names the calls that are still running, for the error of a Close that
// they hold up.
func (v *serving) holders() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var names []string
	for e := range v.table.Running() {
		in := e.R.in
		name := fmt.Sprintf("method %x", in.method)
		if in.m != nil {
			name = in.m.FullName()
		}
		names = append(names, fmt.Sprintf("%s for %s since %v", name, v.s.peer.addr, (v.s.node.clock()-in.begun).Round(time.Millisecond)))
	}
	for d := range v.direct.running {
		names = append(names, fmt.Sprintf("%s for %s, called directly", d.method.FullName(), v.s.peer.addr))
	}
	return names
}
