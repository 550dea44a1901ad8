package sim

import (
	"context"
	"runtime"
)

// item is what a [Thing] is at its home.
type item struct {
	w      *world
	object *object
}

// Unreferenced implements objects.Unreferencer.
func (i *item) Unreferenced() {
	i.w.mu.Lock()
	defer i.w.mu.Unlock()
	i.object.unreferenced++
	if !i.object.home.ended {
		i.w.trace.note("object %d of %s is unreferenced", i.object.id, i.object.home.name)
	}
}

// Note implements Thing.
func (i *item) Note(_ context.Context, id uint64) (uint64, error) {
	c := i.w.enterMethod(i.object, id)
	if c == nil {
		return 0, errScripted
	}
	return id, i.w.leaveMethod(c, nil)
}

// Do implements Thing.
func (i *item) Do(ctx context.Context, id uint64, args []Thing, body []byte) ([]Thing, []byte, error) {
	w, home := i.w, i.object.home
	c := w.enterMethod(i.object, id)
	if c == nil {
		return nil, nil, errScripted
	}
	got := w.receiveArguments(c, home, args)
	if c.plan.wait {
		if err := w.await(ctx, c, home); err != nil {
			w.drop(home, got, false)
			w.leaveMethod(c, nil)
			return nil, nil, err
		}
	}
	w.callOn(ctx, c, home, got)
	give := w.give(c, i.object, got)
	w.drop(home, got, c.plan.keep)
	things := make([]Thing, len(give))
	for k, h := range give {
		things[k] = h.thing
	}
	runtime.KeepAlive(args)
	if err := w.leaveMethod(c, give); err != nil {
		return nil, nil, err
	}
	return things, body[:min(len(body), c.plan.rest)], nil
}

// enterMethod notes that a method runs. It returns nil if that does not count, or is
// a violation (S7, S8).
func (w *world) enterMethod(o *object, id uint64) *call {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.home.ended {
		return nil
	}
	c := w.known[id]
	if c == nil {
		w.violate("S7", "call %d was never made", id)
		return nil
	}
	c.runs++
	w.trace.note("%s runs call %d on object %d", o.home.name, id, o.id)
	switch {
	case c.target.object != o:
		w.violate("S8", "call %d on object %d reaches object %d", id, c.target.object.id, o.id)
	case c.runs > 1:
		w.violate("S7", "the method of call %d runs %d times", id, c.runs)
	case c.returned && c.outcome == 0 && c.err != nil:
		w.violate("S7", "call %d is said not to be sent, and runs", id)
	}
	c.running = o.home
	return c
}

// leaveMethod notes that it returns, and what it gives; in hand no more.
func (w *world) leaveMethod(c *call, give []held) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.finished, c.running = true, nil
	if !c.returned {
		c.given = give
	}
	letGo(give)
	w.forget(c)
	if c.plan.fail {
		return errScripted
	}
	return nil
}

// receiveArguments enters what a method got, in hand.
func (w *world) receiveArguments(c *call, by *life, args []Thing) (got []held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(args) != len(c.args) {
		if !c.returned {
			w.violate("S7", "call %d got %d things, %d were passed", c.id, len(args), len(c.args))
		}
		return nil
	}
	way := w.way(c.target.ref)
	for k, thing := range args {
		a := c.args[k]
		got = append(got, w.receive(by, thing, a.object, way[len(way)-2], w.carry(a.object, a.ref, way, c.releases)))
	}
	return got
}

// await waits until the method may return.
func (w *world) await(ctx context.Context, c *call, home *life) error {
	select {
	case <-c.leave:
		return nil
	case <-home.gone:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}

// callOn makes the call that the method makes, if any.
func (w *world) callOn(ctx context.Context, c *call, home *life, got []held) {
	w.mu.Lock()
	target, args, ok := w.nested(c, home, got)
	if !ok || home.ended || target.ref == nil {
		w.mu.Unlock()
		return
	}
	inner := w.newCall(ctx, home, target, args, plan{give: []uint32{1}})
	w.mu.Unlock()
	more := w.do(inner)
	w.drop(home, more, false)
}

// nested chooses what a method calls; w.mu is held.
func (w *world) nested(c *call, home *life, got []held) (target held, args []held, ok bool) {
	switch {
	case c.plan.nested == back && len(got) > 0:
		return got[0], nil, true
	case c.plan.nested == forward && len(home.held) > 0:
		return home.held[int(c.id)%len(home.held)], got[:min(len(got), 1)], true
	}
	return held{}, nil, false
}

// give chooses what a method returns, in hand.
func (w *world) give(c *call, self *object, got []held) (give []held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if self.home.ended {
		return nil
	}
	for _, v := range c.plan.give {
		switch {
		case v%8 == 0:
			give = append(give, held{thing: self.item, object: self})
		case v%8 < 3 && len(got) > 0:
			give = append(give, got[int(v/8)%len(got)].take())
		default:
			give = append(give, w.pick(self.home, v).take())
		}
	}
	for _, h := range give {
		h.object.passed = true
	}
	return give
}

// drop ends having things in hand; keep makes the program hold them instead.
func (w *world) drop(by *life, got []held, keep bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range got {
		if keep && !by.ended && h.ref != nil {
			w.hold(by, h)
		} else {
			h.letGo()
		}
	}
	clear(got)
}

// maxHeld is how many things a program holds.
const maxHeld = 24

// hold makes a thing in hand one that the program holds; w.mu is held.
func (w *world) hold(by *life, h held) {
	by.held = append(by.held, h)
	if len(by.held) > maxHeld {
		by.held[0].letGo()
		by.held = append([]held(nil), by.held[1:]...)
	}
}
