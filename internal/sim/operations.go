package sim

import (
	"context"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// The operations, in the order of [opNames].
const (
	opOpen Op = iota
	opCall
	opNote
	opFinish
	opCancel
	opDrop
	opRelease
	opDisown
	opPin
	opUnpin
	opCollect
	opFlood
	opBreak
	opHalfOpen
	opLose
	opDelay
	opReorder
	opStall
	opSlowReader
	opWriteTimeout
	opMend
	opCrash
	opRestart
	opClose
	opPause
	opDoubleDial
	opClockJump
)

// operations carry out steps; w.mu is not held.
var operations = [...]func(*world, Step){
	opOpen:         (*world).open,
	opCall:         (*world).callThing,
	opNote:         (*world).callThing,
	opFinish:       (*world).finishCall,
	opCancel:       (*world).cancelCall,
	opDrop:         (*world).dropThing,
	opRelease:      (*world).releaseThing,
	opDisown:       (*world).disown,
	opPin:          (*world).pin,
	opUnpin:        (*world).unpin,
	opCollect:      (*world).collect,
	opFlood:        (*world).flood,
	opBreak:        (*world).breakPair,
	opHalfOpen:     (*world).halfOpen,
	opLose:         (*world).lose,
	opDelay:        (*world).setDelay,
	opReorder:      (*world).reorder,
	opStall:        (*world).stall,
	opSlowReader:   (*world).slowReader,
	opWriteTimeout: (*world).writeTimeout,
	opMend:         (*world).mend,
	opCrash:        (*world).crash,
	opRestart:      (*world).restart,
	opClose:        (*world).close,
	opPause:        (*world).pause,
	opDoubleDial:   (*world).doubleDial,
	opClockJump:    (*world).clockJump,
}

// pick chooses a thing that the program of l may pass. w.mu is held.
func (w *world) pick(l *life, v uint32) held {
	switch n := v / 4; {
	case v%4 == 0:
		o := w.newObject(l)
		return held{thing: o.item, object: o}
	case v%4 == 1 || len(l.held) == 0:
		o := l.own[int(n)%len(l.own)]
		return held{thing: o.item, object: o}
	default:
		return l.held[int(n)%len(l.held)]
	}
}

// open has the program at A get the root of the node at B.
func (w *world) open(s Step) {
	w.mu.Lock()
	a, b := w.at(s.A), w.places[s.B%len(w.places)]
	w.mu.Unlock()
	if a != nil && a.place != b {
		w.busy.Go(func() { w.openRoot(a, b) })
	}
}

func (w *world) openRoot(a *life, b *place) {
	ctx, cancel := context.WithTimeout(context.Background(), 19_333_777*time.Microsecond)
	defer cancel()
	thing, err := objects.Open[Thing](ctx, a.node, b.url, "root")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trace.note("%s opens the root of place %d: %v", a.name, b.number, err != nil)
	if err != nil || a.ended {
		w.count["open fails"]++
		return
	}
	w.count["open"]++
	peer := w.peerOf(thing.(proxy.Proxy).ProxyRef().String())
	if peer == nil || peer.place != b {
		w.violate("S8", "%s opens place %d and gets %v", a.name, b.number, thing.(proxy.Proxy).ProxyRef())
		return
	}
	w.hold(a, w.receive(a, thing, peer.root, peer, w.pass(peer.root, nil, peer, a, w.releases)))
}

// callThing has the program at A call the Bth of the things that it holds; if it has
// none, it opens a root.
func (w *world) callThing(s Step) {
	w.mu.Lock()
	a := w.at(s.A)
	if a != nil && len(a.held) == 0 {
		w.mu.Unlock()
		w.open(s)
		return
	}
	defer w.mu.Unlock()
	if a == nil {
		return
	}
	p := planOf(s)
	var args []held
	if !p.inline {
		for _, v := range p.args {
			args = append(args, w.pick(a, v))
		}
	}
	w.begin(a, a.held[s.B%len(a.held)], args, p)
}

// begin makes a call, in a goroutine of the program; w.mu is held.
func (w *world) begin(by *life, target held, args []held, p plan) {
	for _, h := range args {
		h.object.passed = true
	}
	w.count["call"]++
	c := w.newCall(context.Background(), by, target, args, p)
	w.busy.Go(func() {
		got := w.do(c)
		w.drop(by, got, true)
		w.giveUp(by, target, c)
	})
}

// giveUp has a program forget what it cannot use any more.
func (w *world) giveUp(by *life, what held, c *call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.err == nil || w.reliable(what.ref) {
		return
	}
	by.held = slices.DeleteFunc(by.held, func(h held) bool {
		if h.ref == what.ref {
			h.letGo()
		}
		return h.ref == what.ref
	})
}

// flood has the program at A pass more new objects at once than the peer may hold.
func (w *world) flood(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.at(s.A)
	if a == nil || len(a.held) == 0 {
		return
	}
	target := a.held[s.B%len(a.held)]
	var args []held
	for range maxListed + 1 {
		args = append(args, w.pick(a, 0))
	}
	w.begin(a, target, args, plan{})
}

// finishCall lets the Xth method that waits return.
func (w *world) finishCall(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var waiting []*call
	for _, c := range w.calls {
		if c.plan.wait && !c.left {
			waiting = append(waiting, c)
		}
	}
	if len(waiting) > 0 {
		waiting[int(s.X)%len(waiting)].letReturn()
	}
}

func (c *call) letReturn() {
	if !c.left {
		c.left = true
		close(c.leave)
	}
}

// cancelCall has the caller of the Xth call give up.
func (w *world) cancelCall(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.calls); n > 0 {
		w.count["cancel"]++
		w.calls[int(s.X)%n].cancel()
	}
}

// take removes the nth thing that the program holds. w.mu is held.
func (l *life) take(n int) (h held, ok bool) {
	if l == nil || len(l.held) == 0 {
		return h, false
	}
	n %= len(l.held)
	h = l.held[n]
	l.held = append(append([]held(nil), l.held[:n]...), l.held[n+1:]...)
	h.letGo()
	return h, true
}

// dropThing has the program at A forget one of its things.
func (w *world) dropThing(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at(s.A).take(int(s.X))
}

// releaseThing has the program at A give one of its things back.
func (w *world) releaseThing(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.at(s.A)
	h, ok := a.take(int(s.X))
	if !ok {
		return
	}
	w.releases++
	a.released[h.object] = w.releases
	objects.Release(h.thing)
}

// disown has the node at A end an object though others hold it.
func (w *world) disown(s Step) {
	w.mu.Lock()
	a := w.at(s.A)
	var o *object
	if a != nil {
		if o = a.own[int(s.X)%len(a.own)]; o == a.root || o.unpin != nil {
			o = nil
		} else {
			o.disowned = true
		}
	}
	w.mu.Unlock()
	if o != nil {
		objects.Disown(a.node, o.item, errScripted)
	}
}

// pin has the node at A keep an object.
func (w *world) pin(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.at(s.A)
	if a == nil {
		return
	}
	if o := a.own[int(s.X)%len(a.own)]; o.unpin == nil && !o.disowned {
		unpin, err := objects.Pin(a.node, o.item)
		if err != nil {
			w.violate("pin", "%v", err)
		}
		o.unpin = unpin
		o.passed = true
	}
}

// unpin ends that.
func (w *world) unpin(s Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.at(s.A)
	if a == nil {
		return
	}
	for i := range a.own {
		if o := a.own[(int(s.X)+i)%len(a.own)]; o.unpin != nil {
			o.unpin()
			o.unpin = nil
			return
		}
	}
}

// collect runs the garbage collector, and all cleanups.
func (w *world) collect(Step) {
	w.fired(faultCollect)
	collectGarbage()
}

func collectGarbage() {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/cleanups/queued:cleanups"}, {Name: "/gc/cleanups/executed:cleanups"}}
	for {
		metrics.Read(sample)
		if sample[1].Value.Uint64() >= sample[0].Value.Uint64() {
			return
		}
		runtime.Gosched()
	}
}
