package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/netobj/netobj/objects"
)

// call is a call of a program on a proxy, as the ledger knows it.
type call struct {
	id       uint64
	plan     plan
	caller   *life
	target   held
	args     []held
	begun    time.Time
	troubles int // of the connections, when it began
	releases int // that there had been then
	ctx      context.Context
	cancel   context.CancelFunc

	runs     int
	running  *life         // where its method runs; nil: nowhere
	leave    chan struct{} // closed when its method may return
	left     bool          // leave is closed
	given    []held        // what its method has returned
	finished bool          // its method has returned
	returned bool          // the caller has heard
	outcome  objects.Outcome
	err      error
}

// newCall enters a call; w.mu is held. What it names is in hand until it returns.
func (w *world) newCall(ctx context.Context, caller *life, target held, args []held, p plan) *call {
	w.lastID++
	c := &call{id: w.lastID, plan: p, caller: caller, target: target.take(), begun: time.Now(), releases: w.releases, leave: make(chan struct{})}
	for _, a := range args {
		c.args = append(c.args, a.take())
	}
	c.troubles, _ = w.troublesOf(c)
	if p.deadline > 0 {
		c.ctx, c.cancel = context.WithTimeout(ctx, p.deadline)
	} else {
		c.ctx, c.cancel = context.WithCancel(ctx)
	}
	w.calls = append(w.calls, c)
	w.known[c.id] = c
	w.trace.note("%s calls %d on object %d with %v", caller.name, c.id, target.object.id, ids(args))
	return c
}

// troublesOf counts the faults that may explain that a call fails; well reports whether
// they are over.
func (w *world) troublesOf(c *call) (n int, well bool) {
	n, well = w.troubles(c.target.ref)
	for _, a := range c.args {
		more, also := w.troubles(a.ref)
		n, well = n+more, well && also
	}
	return n, well
}

// undisturbed reports whether all connections that a call took were well all the time.
func (w *world) undisturbed(c *call) bool {
	n, well := w.troublesOf(c)
	return well && n == c.troubles
}

// reliableCall reports whether nothing has happened that may make a call fail for good.
func (w *world) reliableCall(c *call) bool {
	for _, h := range append(append([]held(nil), c.args...), c.given...) {
		if h.object.disowned || !w.reliable(h.ref) || w.releasedOnTheWay(c, h.object) {
			return false
		}
	}
	return !c.caller.ended && w.reliable(c.target.ref)
}

// releasedOnTheWay reports whether a program of a node that relays the call has released
// an object since the call began: the node can then not pass it on.
func (w *world) releasedOnTheWay(c *call, o *object) bool {
	return slices.ContainsFunc(w.way(c.target.ref), func(l *life) bool { return l.released[o] > c.releases })
}

func ids(all []held) (ids []int) {
	for _, h := range all {
		ids = append(ids, h.object.id)
	}
	return ids
}

// do makes the call, and returns what it gave, in hand; w.mu is not held.
func (w *world) do(c *call) []held {
	defer c.cancel()
	var got []held
	if c.plan.inline {
		echo, err := c.target.thing.Note(c.ctx, c.id)
		got = w.returned(c, nil, echo, err)
	} else {
		args := make([]Thing, len(c.args))
		for i, a := range c.args {
			args[i] = a.thing
		}
		results, rest, err := c.target.thing.Do(c.ctx, c.id, args, pattern(c.id, c.plan.body))
		echo := c.id
		if err == nil && !slices.Equal(rest, pattern(c.id, c.plan.rest)) {
			echo = 0
		}
		got = w.returned(c, results, echo, err)
	}
	runtime.KeepAlive(c.target)
	runtime.KeepAlive(c.args)
	w.mu.Lock()
	defer w.mu.Unlock()
	c.target.letGo()
	letGo(c.args)
	c.target.thing, c.args, c.given = nil, nil, nil
	w.forget(c)
	return got
}

// pattern returns bytes that tell calls apart.
func pattern(id uint64, size int) []byte {
	b := make([]byte, size)
	for i := 0; i+8 <= size; i += 8 {
		binary.LittleEndian.PutUint64(b[i:], id)
	}
	return b
}

// forget drops a call of which nothing more is to come; w.mu is held.
func (w *world) forget(c *call) {
	if c.returned && c.running == nil {
		w.calls = slices.DeleteFunc(w.calls, func(o *call) bool { return o == c })
	}
}

// returned judges what the caller was told (S7, S10), and enters what it got.
func (w *world) returned(c *call, results []Thing, echo uint64, err error) (got []held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.returned, c.err, c.outcome = true, err, objects.OutcomeOf(err)
	if c.caller.ended {
		return nil
	}
	w.trace.note("call %d of %s returns, failed %v, %v", c.id, c.caller.name, err != nil, c.outcome)
	w.trace.aside("call %d of %s returns %s", c.id, c.caller.name, brief(err, c.outcome))
	if err != nil && !errors.Is(err, errScripted) && err.Error() != errScripted.Error() {
		w.judge(c)
		return nil
	}
	switch {
	case c.target.object.home.ended: // what it says may be true or not
	case c.runs != 1 || !c.finished:
		w.violate("S7", "call %d is answered (%v), its method ran %d times", c.id, err, c.runs)
	case err == nil && echo != c.id:
		w.violate("S7", "call %d got the answer of another one", c.id)
	case (err != nil) != c.plan.fail:
		w.violate("S7", "call %d returns %v", c.id, err)
	case err == nil && len(results) != len(c.given):
		w.violate("S7", "call %d got %d things, %d were given", c.id, len(results), len(c.given))
	case err == nil:
		back := w.way(c.target.ref)
		slices.Reverse(back)
		for i, thing := range results {
			g := c.given[i]
			got = append(got, w.receive(c.caller, thing, g.object, back[len(back)-2], w.carry(g.object, g.ref, back, c.releases)))
		}
	}
	return got
}

var errScripted = errors.New("sim: the script says so")

func brief(err error, outcome objects.Outcome) string {
	e, ok := errors.AsType[*objects.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%v, %v", e.Code, outcome)
}

// judge looks at an error of the runtime; w.mu is held.
func (w *world) judge(c *call) {
	w.count["error: "+brief(c.err, c.outcome)]++
	if errors.Is(c.err, objects.ErrLimit) {
		w.count[faultQuota]++
	}
	over := c.ctx.Err() != nil
	reliable := w.reliableCall(c)
	switch {
	case c.outcome == objects.NotSent && c.runs > 0:
		w.violate("S7", "call %d is said not to be sent, and has run: %v", c.id, c.err)
	case errors.Is(c.err, context.Canceled) || errors.Is(c.err, context.DeadlineExceeded):
		if !over && !c.methodSaid() {
			w.violate("S10", "call %d gave up, its context has not ended: %v", c.id, c.err)
		}
	case !reliable || over:
	case isFatal(c.err):
		w.violate("S10", "call %d of %s on object %d of %s fails, and should not: %v", c.id, c.caller.name, c.target.object.id, c.target.object.home.name, c.err)
	case errors.Is(c.err, objects.ErrUnreachable) && c.outcome == objects.NotSent:
		w.violate("S10", "call %d of %s fails as if its session had ended: %v", c.id, c.caller.name, c.err)
	case errors.Is(c.err, objects.ErrUnreachable) && w.undisturbed(c):
		w.violate("S7", "call %d of %s has an unknown outcome, and no connection was lost: %v", c.id, c.caller.name, c.err)
	}
}

// methodSaid reports whether the error may be the method's.
func (c *call) methodSaid() bool { return c.finished && c.plan.wait }
