package lifetime

// check verifies the invariants of docs/PROTOCOL.md, "Lifetimes", that concern one
// object, in a saved state.
func (w *star) check() {
	for i := range w.h {
		h := &w.h[i]
		if h.alive && h.live && h.route == direct && h.conn != expired && !w.obj {
			w.fail("S1: the object is reclaimed while %c holds it directly", "ACD"[i])
		}
		if h.alive && h.live && h.route == direct && h.conn != expired && h.held == 0 {
			w.fail("S1: the proxy of %c lives, and no grant is held", "ACD"[i])
		}
		if w.hands(i) {
			w.checkVine(i)
		}
		if !h.alive || h.conn != up {
			continue
		}
		if h.grants > 0 && !w.obj {
			w.fail("S2: the object is reclaimed while a grant to %c is on its way", "ACD"[i])
		}
		sum := h.grants + h.held + h.batch + h.ctl.sum()
		if h.claim == granted {
			sum++
		}
		if sum != h.listed {
			w.fail("S4: the owner counts %d grants of %c, elsewhere are %d", h.listed, "ACD"[i], sum)
		}
	}
}

// checkVine: who holds a vine whose introducer is there reaches the object over it.
func (w *star) checkVine(i int) {
	a, c, v := &w.h[i], &w.h[i+1], &w.v[i]
	if a.alive && a.conn != expired && c.alive && v.conn == vineUp && v.held > 0 && !w.obj {
		w.fail("S1: the object is reclaimed while %c holds a vine of %c", "ACD"[i+1], "ACD"[i])
	}
}

// quiet verifies a state in which nothing can happen any more but faults: nobody
// holds the object, so nothing is left of it.
func (w *star) quiet() {
	if w.obj {
		w.fail("L1: nothing can happen any more, and the object is still exported: %+v", w.starState)
	}
	for i := range w.h {
		h := &w.h[i]
		if h.alive && h.conn != expired && (h.held != 0 || h.listed != 0 || h.batch != 0 || h.vines != 0) {
			w.fail("L2: %c and its owner are left with %+v", "ACD"[i], *h)
		}
		if h.alive && (h.claim != noClaim || h.uses != 0) {
			w.fail("L2: %c is left with a claim or a use: %+v", "ACD"[i], *h)
		}
	}
	for i := range w.v {
		if w.h[i].alive && w.v[i].listed != 0 {
			w.fail("L2: the vine of %c is left", "ACD"[i])
		}
		if w.h[i+1].alive && w.v[i].held != 0 {
			w.fail("L2: the vine to %c is left", "ACD"[i+1])
		}
	}
}

// oracle is the model's view of the state.
func (s *starState) oracle() (o oracle) {
	o.obj, o.root, o.budget = s.obj, s.root, s.budget
	for i := range o.h {
		h := &s.h[i]
		o.h[i] = oracleHolder{
			alive: h.alive, live: h.live, cur: h.cur, old: h.old > 0, route: h.route, conn: h.conn, hf: h.hf, of: h.of, waits: h.ownerFenced,
			cnt: h.listed, rc: h.held, batch: h.batch, pins: h.pins, grants: h.grants, ow: h.ow, oa: h.oa, ctl: h.ctl, claim: h.claim,
		}
	}
	v := &s.v[0]
	o.v = oracleVine{cnt: v.listed, rc: v.held, handoffs: v.handoffs, releases: v.releases, pending: v.pending, conn: v.conn}
	return o
}

// agrees compares a step with the oracle's, whose state before it is from. What the
// oracle refuses changes nothing in it.
func (w *star) agrees(from *oracle, l label, happened bool) {
	if !happened {
		if from.step(l) {
			w.fail("the model says that %v can happen, the tables refuse", w.name(l))
		}
		return
	}
	model := *from
	if !model.step(l) {
		w.fail("the model refuses that %v, the tables let it happen", w.name(l))
		return
	}
	if tables := w.oracle(); tables != model {
		w.fail("after %v the model is at\n%+v\nthe tables are at\n%+v", w.name(l), model, tables)
	}
}
