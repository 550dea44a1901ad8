package transport

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// PipeLink is what lies between two hosts of a [PipeNet], or one direction of it,
// whoever dials. Its methods may be called at any time, for the connections that there
// are and those to come, and concurrently. Nothing of it is random.
type PipeLink struct {
	net  *pipeNetwork
	ways []ends
}

// Link returns what lies between two hosts, in both directions. An empty name stands
// for every host.
func (n *PipeNet) Link(a, b string) *PipeLink {
	return &PipeLink{n.pipeNetwork, []ends{{a, b}, {b, a}}}
}

// OneWay returns the direction from one host to another of the link between them.
func (n *PipeNet) OneWay(from, to string) *PipeLink {
	return &PipeLink{n.pipeNetwork, []ends{{from, to}}}
}

// Delay has everything that is sent from now on arrive d later than it would. The order
// stays as it is.
func (l *PipeLink) Delay(d time.Duration) { l.change(func(c *conditions) { c.delay = d }) }

// DelayBodies has bulk bodies arrive d later than messages that are sent at the same
// time; see [Conn.SendBody].
func (l *PipeLink) DelayBodies(d time.Duration) { l.change(func(c *conditions) { c.bodies = d }) }

// Rate bounds what each connection carries, in bytes a second. Zero means no bound.
func (l *PipeLink) Rate(bytes int) { l.change(func(c *conditions) { c.rate = bytes }) }

// Stall keeps back what is sent until [PipeLink.Heal], as a receiver does that does not
// read. A connection on which something was sent and not taken for Config.WriteTimeout
// ends at the sender's end.
func (l *PipeLink) Stall() { l.change(func(c *conditions) { c.stalled = true }) }

// Lose loses what is sent until [PipeLink.Heal], and nobody is told. A connection that
// has lost something stays silent in that direction for good, as a stream of bytes
// does; one that has not goes on.
func (l *PipeLink) Lose() { l.change(func(c *conditions) { c.lost = true }) }

// Part breaks the connections, as [PipeLink.Cut] does, and lets none be made until
// [PipeLink.Heal].
func (l *PipeLink) Part() {
	l.change(func(c *conditions) { c.parted = true })
	l.Cut()
}

// Heal ends what Stall, Lose and Part began. Delays and rates stay.
func (l *PipeLink) Heal() {
	l.change(func(c *conditions) { c.stalled, c.lost, c.parted = false, false, false })
}

// Cut breaks the connections that there are: both ends are told at once.
func (l *PipeLink) Cut() {
	for _, lane := range l.lanes() {
		lane.pair.cut()
	}
}

// Freeze lets the connections that there are go silent for good: what is sent on them
// is lost, and nobody is told. New ones work.
func (l *PipeLink) Freeze() {
	for _, lane := range l.lanes() {
		lane.freeze()
	}
}

// Sever breaks the connections that there are at the receiving ends alone: they stay
// half open. The sending ends are not told, and get and reach nobody any more.
func (l *PipeLink) Sever() {
	for _, lane := range l.lanes() {
		for i := range lane.pair.lanes {
			lane.pair.lanes[i].freeze()
		}
		lane.cut(io.ErrUnexpectedEOF)
	}
}

// ends are the hosts at the two ends of a way.
type ends struct{ from, to string }

// covers reports whether e is of, as far as it says.
func (e ends) covers(of ends) bool {
	return (e.from == "" || e.from == of.from) && (e.to == "" || e.to == of.to)
}

// pipeWay is one direction between two hosts.
type pipeWay struct {
	ends
	now atomic.Pointer[conditions] // never nil; not written to
}

// conditions are how a way treats what it carries.
type conditions struct {
	delay, bodies         time.Duration
	rate                  int
	stalled, lost, parted bool
}

// and returns what two sets of conditions make together.
func (c conditions) and(d conditions) conditions {
	c.delay += d.delay
	c.bodies += d.bodies
	if c.rate == 0 || d.rate != 0 && d.rate < c.rate {
		c.rate = d.rate
	}
	c.stalled = c.stalled || d.stalled
	c.lost = c.lost || d.lost
	c.parted = c.parted || d.parted
	return c
}

// way returns the way from one host to another; n.mu is held.
func (n *pipeNetwork) way(e ends) *pipeWay {
	w := n.ways[e]
	if w == nil {
		w = &pipeWay{ends: e}
		n.apply(w)
		n.ways[e] = w
	}
	return w
}

// apply gives a way the conditions that the rules say; n.mu is held.
func (n *pipeNetwork) apply(w *pipeWay) {
	var all conditions
	for e, c := range n.rules {
		if e.covers(w.ends) {
			all = all.and(c)
		}
	}
	w.now.Store(&all)
}

// change changes what the link does itself, beside others that cover the same hosts.
func (l *PipeLink) change(f func(*conditions)) {
	l.net.mu.Lock()
	for _, e := range l.ways {
		rule := l.net.rules[e]
		f(&rule)
		l.net.rules[e] = rule
	}
	for _, w := range l.net.ways {
		l.net.apply(w)
	}
	l.net.mu.Unlock()
	for _, lane := range l.lanes() {
		lane.changed()
	}
}

// lanes returns the directions of connections that the link is made of, in the order
// in which those were made.
func (l *PipeLink) lanes() (found []*pipeLane) {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	for _, p := range slices.SortedFunc(maps.Keys(l.net.pairs), func(a, b *pipePair) int { return cmp.Compare(a.serial, b.serial) }) {
		for i := range p.lanes {
			lane := &p.lanes[i]
			if slices.ContainsFunc(l.ways, func(e ends) bool { return e.covers(lane.way.ends) }) {
				found = append(found, lane)
			}
		}
	}
	return found
}
