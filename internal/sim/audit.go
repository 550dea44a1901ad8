package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/netobj/netobj/objects"
)

// auditEvery is how often the tables of the nodes are compared with the truth, in
// steps; they are after each step in which something was reclaimed or ended, too.
const auditEvery = 16

// said is a line of a node's log.
type said struct {
	at    time.Duration
	name  string
	level slog.Level
	text  string
	cause error
	attrs string
}

// heard takes what a node has written to its log.
func (w *world) heard(s said) {
	s.at = time.Since(w.born)
	w.heardMu.Lock()
	defer w.heardMu.Unlock()
	w.heardOf = append(w.heardOf, s)
}

// snapshot returns what the node of l holds.
func (w *world) snapshot(l *life) objects.NodeState { return objects.Snapshot(l.node) }

// audit compares the tables of the nodes with the truth; w.mu is held.
func (w *world) audit(due bool) {
	w.heardMu.Lock()
	all := w.heardOf
	w.heardOf = nil
	w.heardMu.Unlock()
	for _, s := range all {
		due = due || s.level >= slog.LevelWarn || s.text == "session ended"
		w.judgeLog(s)
	}
	if due {
		w.auditExports()
	}
}

// judgeLog looks at what a node has written to its log (S5).
func (w *world) judgeLog(s said) {
	switch {
	case errors.Is(s.cause, objects.ErrProtocol) || strings.Contains(s.text, "protocol"):
		w.violate("S5", "%s says %q:%s", s.name, s.text, s.attrs)
	case strings.Contains(s.text, "panicked"):
		w.violate("panic", "%s says %q:%s", s.name, s.text, s.attrs)
	}
	n := note{at: s.at, aside: s.attrs}
	if line := fmt.Sprintf("%s says %q", s.name, s.text); s.level >= slog.LevelWarn {
		w.count["log: "+s.text]++
		n.text = line
	} else {
		n.aside = line + s.attrs
	}
	w.trace.notes = append(w.trace.notes, n)
}

// auditExports finds each reliable proxy that somebody holds in the tables of the node
// that it is of (S1, S2, S9).
func (w *world) auditExports() {
	tables := map[string]map[uint64]*objects.ExportState{} // by whose they are
	for _, l := range w.lives {
		if l.ended {
			continue
		}
		for _, name := range sortedKeys(l.refs) {
			for _, r := range l.refs[name] {
				if r.hands > 0 && w.reliable(r) {
					w.auditRef(r, tables)
				}
			}
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (w *world) table(l *life) map[uint64]*objects.ExportState {
	state := w.snapshot(l)
	t := make(map[uint64]*objects.ExportState, len(state.Exports))
	for i := range state.Exports {
		t[state.Exports[i].Object] = &state.Exports[i]
	}
	return t
}

func (w *world) auditRef(r *ref, tables map[string]map[uint64]*objects.ExportState) {
	owner := w.peerOf(r.name)
	t := tables[owner.name]
	if t == nil {
		t = w.table(owner)
		tables[owner.name] = t
	}
	_, number, _ := splitName(r.name)
	e := t[number]
	if e == nil {
		w.violate("S1", "%s holds object %d by %s, and %s has reclaimed it", r.holder.name, r.object.id, r.name, owner.name)
		return
	}
	if alive := objects.Alive(r.proxy.Value()); alive.Err() != nil {
		w.violate("S10", "%s holds object %d by %s, and is told: %v", r.holder.name, r.object.id, r.name, context.Cause(alive))
	}
	inc := r.holder.node.Incarnation()
	listed := slices.ContainsFunc(e.Holders, func(h objects.HolderState) bool { return h.Incarnation == inc && h.Grants > 0 })
	if !listed && !r.onVine() {
		w.violate("S1", "%s holds object %d by %s, and %s has not listed it", r.holder.name, r.object.id, r.name, owner.name)
	}
}

// finish ends the run: all faults end, all methods return, everything is let go, and
// then nothing may be left.
func (w *world) finish() {
	w.step = Step{ID: -1}
	for len(w.faults) > 0 {
		w.mend(Step{})
	}
	w.mu.Lock()
	for _, c := range w.calls {
		c.letReturn()
	}
	w.mu.Unlock()
	w.wait(2*recovery + 2*lease)
	w.mu.Lock()
	w.audit(true)
	if w.bad == nil && len(w.calls) > 0 {
		c := w.calls[0]
		w.violate("hang", "%d calls have not returned, the first is %d of %s on object %d of %s, begun %v ago: runs %d, returned %v",
			len(w.calls), c.id, c.caller.name, c.target.object.id, c.target.object.home.name, time.Since(c.begun), c.runs, c.returned)
	}
	for _, c := range w.calls {
		c.cancel()
	}
	w.mu.Unlock()
	if w.bad == nil {
		w.checkCounts()
		w.callAll()
	}
	w.letAllGo()
	for range 2 * len(w.places) { // a chain of forwarders is let go one after the other
		collectGarbage()
		w.wait(2 * time.Second)
	}
	w.wait(time.Second)
	if w.bad == nil {
		w.checkEmpty()
	}
	w.closeAll()
	w.trace.settle()
}

// callAll calls each proxy that should work: it does, and reaches its object (L3, S10).
func (w *world) callAll() {
	w.mu.Lock()
	for _, l := range w.lives {
		for _, h := range l.held {
			if !l.ended && w.reliable(h.ref) {
				w.count["call at the end"]++
				c := w.newCall(context.Background(), l, h, nil, plan{inline: true})
				w.busy.Go(func() { w.do(c) })
			}
		}
	}
	w.mu.Unlock()
	w.wait(10 * time.Second)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.audit(true)
	if w.bad == nil && len(w.calls) > 0 {
		c := w.calls[0]
		w.violate("L3", "call %d of %s on object %d of %s does not return, and all is well", c.id, c.caller.name, c.target.object.id, c.target.object.home.name)
	}
}

// letAllGo ends all that programs hold.
func (w *world) letAllGo() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lives {
		letGo(l.held)
		l.held = nil
		for _, o := range l.own {
			if o.unpin != nil && !l.ended {
				o.unpin()
				o.unpin = nil
			}
		}
	}
}

// checkCounts compares what owners and holders count, at rest (S4).
func (w *world) checkCounts() {
	w.mu.Lock()
	defer w.mu.Unlock()
	type key struct {
		owner, holder string
		object        uint64
	}
	owned, held := map[key]uint64{}, map[key]uint64{}
	for _, l := range w.lives {
		if l.ended {
			continue
		}
		state, me := w.snapshot(l), l.node.Incarnation().String()
		for _, e := range state.Exports {
			for _, h := range e.Holders {
				owned[key{me, h.Incarnation.String(), e.Object}] = h.Grants
			}
		}
		for _, i := range state.Imports {
			if i.Grants > 0 {
				held[key{i.Owner.String(), me, i.Object}] = i.Grants
			}
		}
	}
	for k, n := range held {
		if owned[k] != n {
			w.violate("S4", "%s holds %d grants of object %x of %s, which counts %d", w.nameOf(k.holder), n, k.object, w.nameOf(k.owner), owned[k])
		}
	}
	for k, n := range owned {
		if held[k] == 0 {
			w.violate("S4", "%s counts %d grants of object %x to %s, which counts none", w.nameOf(k.owner), n, k.object, w.nameOf(k.holder))
		}
	}
}

func (w *world) nameOf(incarnation string) string {
	for _, l := range w.lives {
		if l.node.Incarnation().String() == incarnation {
			return l.name
		}
	}
	return incarnation
}

// checkEmpty finds what is left (L1, L2) and who is not connected (L3).
func (w *world) checkEmpty() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lives {
		if l.ended {
			continue
		}
		got := l.node.Stats()
		want := objects.Stats{Sessions: got.Sessions, Exports: 1}
		if got != want {
			w.violate("L2", "%s is left with %+v: %s", l.name, got, w.leftIn(l))
		}
		for _, o := range l.own {
			if o.passed && o.unreferenced == 0 && o != l.root && !o.disowned && w.wasHeld(o) {
				w.violate("L1", "object %d of %s was never reclaimed", o.id, l.name)
			}
		}
	}
}

// wasHeld reports whether some program ever had a proxy of o.
func (w *world) wasHeld(o *object) bool {
	for _, l := range w.lives {
		for _, refs := range l.refs {
			if slices.ContainsFunc(refs, func(r *ref) bool { return r.object == o }) {
				return true
			}
		}
	}
	return false
}

func (w *world) leftIn(l *life) (text string) {
	state := w.snapshot(l)
	for _, e := range state.Exports {
		text += fmt.Sprintf("\n\texport %x %s%s pins %d running %d holders %v", e.Object, e.Type, e.Forward, e.Pins, e.Running, e.Holders)
	}
	for _, i := range state.Imports {
		text += fmt.Sprintf("\n\timport %x of %s grants %d dropped %v broken %q", i.Object, w.nameOf(i.Owner.String()), i.Grants, i.Dropped, i.Broken)
	}
	return text
}

// closeAll ends all nodes.
func (w *world) closeAll() {
	for _, l := range w.lives {
		if !l.ended {
			w.busy.Go(func() { l.node.Close() })
		}
	}
	w.busy.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lives {
		if left := l.node.Stats(); w.bad == nil && left != (objects.Stats{}) {
			w.violate("L2", "closed node %s is left with %+v", l.name, left)
		}
	}
	runtime.KeepAlive(w.objects)
}
