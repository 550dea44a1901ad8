package sim

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/transport"
)

// The faults, as a run counts them.
const (
	faultBreak        = "break"
	faultHalfOpen     = "half-open"
	faultLoss         = "one-way loss"
	faultDelay        = "delay"
	faultReorder      = "reorder between streams"
	faultStall        = "stall"
	faultSlowReader   = "slow reader"
	faultWriteTimeout = "write timeout"
	faultCrash        = "crash"
	faultRestart      = "restart"
	faultPause        = "pause beyond G"
	faultDoubleDial   = "double dial"
	faultCollect      = "collection"
	faultQuota        = "full quota"
	faultClockJump    = "clock jump"
)

// Faults lists them.
var Faults = []string{
	faultBreak, faultHalfOpen, faultLoss, faultDelay, faultReorder, faultStall, faultSlowReader, faultWriteTimeout,
	faultCrash, faultRestart, faultPause, faultDoubleDial, faultCollect, faultQuota, faultClockJump,
}

// lasting is a fault that lasts until it is mended.
type lasting struct {
	pair *pair
	link *transport.PipeLink
}

func (w *world) fired(fault string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count[fault]++
}

// link returns what lies between places A and B, if both are there, connected, and no
// lasting fault is between them.
func (w *world) link(s Step) (both, there *transport.PipeLink, p *pair) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, b := w.at(s.A), w.at(s.B)
	if a == nil || b == nil || a == b || !w.connected(a, b) {
		return nil, nil, nil
	}
	if p = w.between(a, b); p.impaired > 0 {
		return nil, nil, nil
	}
	x, y := a.place.host(), b.place.host()
	return w.net.Link(x, y), w.net.OneWay(x, y), p
}

// connected reports whether the two have a session with a connection, as a knows.
func (w *world) connected(a, b *life) bool {
	inc := b.node.Incarnation()
	for _, s := range w.snapshot(a).Sessions {
		if s.Incarnation == inc {
			return true
		}
	}
	return false
}

// trouble notes a fault between two places.
func (w *world) trouble(p *pair, fault string, lasting int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.trouble(lasting)
	if fault != "" {
		w.count[fault]++
	}
}

// breakPair breaks the connections between A and B; both are told.
func (w *world) breakPair(s Step) {
	if both, _, p := w.link(s); p != nil {
		w.trouble(p, faultBreak, 0)
		both.Cut()
	}
}

// halfOpen breaks them at B's end; A is not told.
func (w *world) halfOpen(s Step) {
	if _, there, p := w.link(s); p != nil {
		w.trouble(p, faultHalfOpen, 0)
		there.Sever()
	}
}

// lose loses what A sends to B: on the connections that there are or, until it is
// mended, on all.
func (w *world) lose(s Step) {
	_, there, p := w.link(s)
	switch {
	case p == nil:
	case s.X%4 > 0:
		w.trouble(p, faultLoss, 0)
		there.Freeze()
	default:
		w.trouble(p, faultLoss, 1)
		there.Lose()
		w.faults = append(w.faults, lasting{p, there})
	}
}

// stall holds back what A sends to B until it is mended.
func (w *world) stall(s Step) {
	if _, there, p := w.link(s); p != nil {
		w.trouble(p, faultStall, 1)
		there.Stall()
		w.faults = append(w.faults, lasting{p, there})
	}
}

// slowReader lets what A sends to B take its time until it is mended.
func (w *world) slowReader(s Step) {
	if _, there, p := w.link(s); p != nil {
		w.trouble(p, faultSlowReader, 1)
		there.Rate(60_000 + int(s.X%100_000))
		w.faults = append(w.faults, lasting{p, there})
	}
}

// writeTimeout lets B take nothing until A gives its connection up.
func (w *world) writeTimeout(s Step) {
	_, there, p := w.link(s)
	if p == nil {
		return
	}
	w.trouble(p, faultWriteTimeout, 1)
	there.Stall()
	w.callThing(s)
	w.wait(4*time.Second + time.Duration(s.Y%3000)*time.Millisecond)
	there.Heal()
	w.trouble(p, "", -1)
}

// mend ends a lasting fault, or parts a pair for a while.
func (w *world) mend(s Step) {
	if len(w.faults) == 0 {
		return
	}
	n := int(s.X) % len(w.faults)
	f := w.faults[n]
	w.faults = append(append([]lasting(nil), w.faults[:n]...), w.faults[n+1:]...)
	f.link.Heal()
	f.link.Rate(0)
	w.trouble(f.pair, "", -1)
}

// setDelay changes how long messages from A to B take.
func (w *world) setDelay(s Step) {
	a, b := w.places[s.A%len(w.places)], w.places[s.B%len(w.places)]
	if a == b {
		return
	}
	delays := [...]time.Duration{100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, 600 * time.Millisecond}
	w.fired(faultDelay)
	w.net.OneWay(a.host(), b.host()).Delay(w.delay(a, b, delays[s.X%5]))
}

// reorder changes how much longer bulk bodies from A to B take than messages.
func (w *world) reorder(s Step) {
	a, b := w.places[s.A%len(w.places)], w.places[s.B%len(w.places)]
	if a == b {
		return
	}
	delays := [...]time.Duration{0, time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond}
	w.fired(faultReorder)
	w.net.OneWay(a.host(), b.host()).DelayBodies(w.delay(b, a, delays[s.X%4]))
}

// crash ends the node at A: its host sends what a dead process does (X odd), or nothing.
func (w *world) crash(s Step) {
	l := w.end(s.A)
	if l == nil {
		return
	}
	w.fired(faultCrash)
	link := w.net.Link(l.place.host(), "")
	link.Freeze()
	w.busy.Go(func() {
		dead, cancel := context.WithCancel(context.Background())
		cancel()
		l.node.Shutdown(dead)
	})
	synctest.Wait()
	if s.X%2 == 1 {
		link.Cut()
	}
}

// close ends the node at A in order.
func (w *world) close(s Step) {
	if l := w.end(s.A); l != nil {
		w.busy.Go(func() { l.node.Close() })
	}
}

// end takes the life at a place out of the truth. The last but one stays.
func (w *world) end(at int) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.at(at)
	living := 0
	for i := range w.places {
		if w.at(i) != nil {
			living++
		}
	}
	if l == nil || living <= 2 {
		return nil
	}
	l.ended = true
	close(l.gone)
	l.held, l.own = nil, nil
	clear(l.refs)
	for _, p := range w.places {
		if p != l.place {
			w.pairOf(p, l.place).trouble(0)
		}
	}
	for _, c := range w.calls {
		if c.caller == l {
			c.cancel()
		}
	}
	return l
}

// restart begins another life at A, if there is none.
func (w *world) restart(s Step) {
	w.mu.Lock()
	p := w.places[s.A%len(w.places)]
	dead := w.at(s.A) == nil
	w.mu.Unlock()
	if dead {
		w.fired(faultRestart)
		w.startAt(p)
	}
}

// pause lets nothing come from or to the host of A for longer than G: what is sent is
// kept, as it is for a process that was stopped.
func (w *world) pause(s Step) {
	w.mu.Lock()
	l := w.at(s.A)
	w.mu.Unlock()
	if l == nil {
		return
	}
	w.fired(faultPause)
	link := w.net.Link(l.place.host(), "")
	w.troubleAll(l.place, 1)
	link.Stall()
	w.wait(lease + 20*time.Second + time.Duration(s.X%20_000)*time.Millisecond)
	link.Heal()
	w.troubleAll(l.place, -1)
}

func (w *world) troubleAll(p *place, lasting int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, other := range w.places {
		if other != p {
			w.pairOf(p, other).trouble(lasting)
		}
	}
}

// doubleDial has A and B dial each other at once.
func (w *world) doubleDial(s Step) {
	w.mu.Lock()
	a, b := w.at(s.A), w.at(s.B)
	w.mu.Unlock()
	if a == nil || b == nil || a == b {
		return
	}
	if both, _, p := w.link(s); p != nil { // they are connected: not any more
		w.trouble(p, faultBreak, 0)
		both.Cut()
	}
	w.fired(faultDoubleDial)
	w.busy.Go(func() { w.openRoot(a, b.place) })
	w.busy.Go(func() { w.openRoot(b, a.place) })
}

// clockJump lets much more time than G pass at once. What was well stays well.
func (w *world) clockJump(s Step) {
	w.fired(faultClockJump)
	w.wait(2*lease + time.Duration(s.X%100_000)*time.Millisecond)
}
