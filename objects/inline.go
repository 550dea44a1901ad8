package objects

import (
	"errors"
	"fmt"
	"time"

	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/transport"
)

// A method under //objgen:inline runs on the reader, without a worker. Everything
// else from the peer waits meanwhile: answers, cancellations, signs of life. So it
// does so only when it could start at once anyway, and its answer never waits for
// room in the queue: two readers that did so for one another would wait for ever.

// inlineLimit is how long a method may hold up the reader before the log names it:
// longer than the kernel mostly lets other processes run in between on a busy machine,
// so that it is the method's own time. With thousands of goroutines ready to run, Go
// itself may set the reader aside for 20 ms; the text says so.
const inlineLimit = 10 * time.Millisecond

// inlineHold is how long a method may take whose answer waits, for others to join it,
// until the reader has delivered what it has read. That may be hundreds of calls.
const inlineHold = 20 * time.Microsecond

// inline gives the call its place if its method may run on the reader: no call waits
// that it would overtake. v.mu is held.
func (v *serving) inline(in *incoming) bool {
	if in.m == nil || !in.m.Inline || in.refused != nil {
		return false
	}
	_, behind := v.held[in.xid]
	if behind || len(v.queue) > 0 || v.workers.behind() || v.running.Load() >= v.limit() {
		return false
	}
	v.running.Add(1)
	in.begun = v.s.node.clock()
	v.onReader = in
	return true
}

// runInline serves the call on the reader.
func (v *serving) runInline(in *incoming) {
	s, returned := v.s, false
	defer func() {
		if !returned { // the method has called runtime.Goexit: nobody reads any more
			s.conn.Load().Abort(errGoexit)
			s.finish(errGoexit)
		}
	}()
	in.perform((*incoming).replyInline)
	returned = true
}

// replyInline answers, from a goroutine of its own if it would have to wait.
func (in *incoming) replyInline(a answer) {
	v := &in.s.serving
	took := v.leaveReader(in)
	on := in.finish(a)
	if on != nil && !on.trySendAnswer(in.e, took < inlineHold) {
		v.workers.all.Go(func() {
			on.sendAnswer(in.e)
			in.letGo()
			v.done(in)
		})
		return
	}
	in.letGo()
	v.done(in)
}

// trySendAnswer is sendAnswer for the reader, which must not wait. It reports false if
// there is no room.
func (on *connection) trySendAnswer(e *served, others bool) bool {
	a := &e.R
	if len(a.body) > bulkThreshold || !on.mayBegin() {
		return false
	}
	if !on.grantAnswer(e) {
		return true
	}
	err := on.TrySend(a.appendReturn(e.ID()), a.body, others)
	if errors.Is(err, transport.ErrFull) {
		on.ungrant(&a.out)
		return false
	}
	on.conclude(e, err)
	return true
}

// leaveReader notes that the reader goes on, and complains if it could not for long.
func (v *serving) leaveReader(in *incoming) (took time.Duration) {
	v.mu.Lock()
	v.onReader = nil
	v.mu.Unlock()
	if took = v.s.node.clock() - in.begun; took > inlineLimit {
		v.complain(in.m, took)
	}
	return took
}

// done ends a call that no worker runs.
func (v *serving) done(in *incoming) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.finish(in)
}

// watchReader complains of a method that the reader is in for long; it is called
// from time to time, because such a method may never return.
func (v *serving) watchReader() {
	v.mu.Lock()
	var m *proxy.Method
	var took time.Duration
	if in := v.onReader; in != nil {
		m, took = in.m, v.s.node.clock()-in.begun
	}
	v.mu.Unlock()
	if took > inlineLimit {
		v.complain(m, took)
	}
}

// complain logs, once for each method, that it has held up a reader.
func (v *serving) complain(m *proxy.Method, took time.Duration) {
	if _, known := v.s.node.slow.LoadOrStore(m, true); known {
		return
	}
	v.s.log.Warn("a method holds up its caller's connection: it is marked //objgen:inline, and must not block; "+
		"make it return at once, or remove the mark and run objgen (where the process is short of CPU, it may be blameless)",
		"method", m.FullName(), "took", fmt.Sprint(took.Round(time.Millisecond)), "limit", fmt.Sprint(inlineLimit))
}
