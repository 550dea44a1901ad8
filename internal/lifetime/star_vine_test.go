package lifetime

// The steps of a star about vine i, from holder i to the next.

func (w *star) handoff(i int) bool {
	if !w.hands(i) {
		return false
	}
	a, v := &w.h[i], &w.v[i]
	if w.budget.handoffs[i] == 0 || !a.alive || !a.live || a.route != direct || a.conn == expired || v.conn != vineUp || !w.h[i+1].alive {
		return false
	}
	x := w.givers[i]
	if x.Len() == 0 {
		w.vineAt[i] = x.Add(0)
	}
	if _, err := x.Grant(1, present, w.vineAt[i]); err != nil {
		w.fail("T2: %v", err)
	}
	w.budget.handoffs[i]--
	v.handoffs++
	return true
}

// vineXID is the number of the vine in the session of giver and taker.
func (w *star) vineXID(i int) XID {
	if xid, e := only(w.takers[i]); e != nil {
		return xid
	}
	held := w.givers[i].sessions[1]
	if held == nil {
		return 0
	}
	xid, _ := held.byID.Get(w.vineAt[i])
	return xid
}

func (w *star) decodeHandoff(i int) bool {
	if !w.hands(i) || w.v[i].handoffs == 0 || w.v[i].conn != vineUp || !w.h[i+1].alive {
		return false
	}
	c, v, t := &w.h[i+1], &w.v[i], w.claims[i+1]
	v.handoffs--
	if err := w.takers[i].Receive(present, w.vineAt[i], w.vineXID(i)); err != nil {
		w.fail("H1: %v", err)
		return true
	}
	w.takers[i].Renew(w.vineXID(i))
	if xid, e := only(w.holders[i+1]); e != nil { // T3: held already, the vine goes back
		w.renew(i+1, xid)
		c.route, v.pending = direct, true
		return true
	}
	c.live, c.route = true, claiming
	if c.claim == noClaim {
		c.claim = toSend
	}
	if w.without == ruleClaimFirst {
		v.pending = true
	}
	if !t.Claiming(w.object) || w.deferred {
		t.Introduce(w.object, uint8(i))
	}
	return true
}

func (w *star) sendClaim(i int) bool {
	if !w.hands(i) {
		return false
	}
	c := &w.h[i+1]
	if !c.alive || c.claim != toSend || c.conn != up {
		return false
	}
	if _, o, _, ok := w.claims[i+1].Next(w.conns[i+1]); !ok || o != w.object {
		w.fail("R1: a claim is to be sent, and there is none: %v", ok)
	}
	c.claim = asked
	return true
}

func (w *star) cannotClaim(i int) bool {
	if !w.hands(i) {
		return false
	}
	c := &w.h[i+1]
	if !c.alive || c.claim != toSend || c.conn != expired {
		return false
	}
	c.claim = refused
	return true
}

func (w *star) serveClaim(i int) bool {
	if !w.hands(i) || w.h[i+1].claim != asked || !w.ownerUp {
		return false
	}
	a, c := &w.h[i], &w.h[i+1]
	if c.conn != up && !(c.conn == broken && !c.of) {
		return false
	}
	xid, err := w.owner.Claim(session(i+1), w.conns[i+1], w.object, session(i))
	switch {
	case err != nil:
		if a.alive && a.conn != expired && w.v[i].conn != vineOver {
			w.fail("S3: a claim is refused although the introducer still holds: %v", err)
		}
		c.claim = refused
	case c.conn == broken:
		c.claim = lost
	default:
		c.claim = granted
	}
	if err == nil && w.without == ruleClaimLists {
		w.reclaimed(w.owner.Ungrant(session(i+1), w.conns[i+1], xid))
	}
	return true
}

func (w *star) claimOK(i int) bool {
	if !w.hands(i) || w.h[i+1].claim != granted || !w.holderReads(i+1) {
		return false
	}
	c := &w.h[i+1]
	c.claim = noClaim
	w.answer(i, true)
	m, xid := w.holders[i+1], w.listedAs(i+1)
	if err := m.Receive(w.conns[i+1], w.object, xid); err != nil {
		w.fail("H1: %v", err)
		return true
	}
	if m.entries.Get(xid).gen == 0 { // for the proxy that waits, if it is not dropped
		m.Renew(xid)
	}
	c.route = direct
	w.v[i].pending = w.takers[i].Len() > 0
	return true
}

// answer resolves the claim by way of vine i. It reports false if another
// introduction is tried.
func (w *star) answer(i int, granted bool) bool {
	_, vines, resolved, err := w.claims[i+1].Answer(w.conns[i+1], w.only(i), granted)
	if err != nil || resolved != (len(vines) > 0) {
		w.fail("T5: vines %v, resolved: %v, error %v", vines, resolved, err)
	}
	return resolved
}

// only is the number of the open claim.
func (w *star) only(i int) (q ClaimID) {
	for q = range w.claims[i+1].open {
		return q
	}
	return 0
}

func (w *star) claimFail(i int) bool {
	if !w.hands(i) {
		return false
	}
	c, t := &w.h[i+1], w.claims[i+1]
	if !c.alive || c.claim != refused {
		return false
	}
	if c.conn == expired || t.fenced { // R5
		t.Fence()
		t.End()
	} else if !w.answer(i, false) {
		c.claim = toSend
		return true
	}
	c.claim = noClaim
	if c.route == claiming {
		c.route = overVine
		if w.takers[i].Len() == 0 {
			c.route, c.live = noRoute, false
		}
	}
	return true
}

func (w *star) giveVine(i int) bool {
	if !w.hands(i) {
		return false
	}
	c, v := &w.h[i+1], &w.v[i]
	idle := c.route == direct && c.claim == noClaim || c.route == overVine && !c.live || c.route == noRoute && c.claim == noClaim
	if !c.alive || w.takers[i].Len() == 0 || v.pending || !idle {
		return false
	}
	v.pending = true
	return true
}

// releaseVine: while the object is claimed the vine is the claim's (T5).
func (w *star) releaseVine(i int) bool {
	if !w.hands(i) || !w.v[i].pending || w.takers[i].Len() == 0 || w.v[i].conn != vineUp {
		return false
	}
	if w.claims[i+1].Claiming(w.object) && w.without != ruleClaimFirst && w.without != ruleClaimPins {
		return false
	}
	v, m := &w.v[i], w.takers[i]
	v.pending = false
	xid, e := only(m)
	m.Cleanup(xid, e.gen)
	for _, r := range m.Batch(present, 9) {
		v.releases += uint8(r.N)
	}
	return true
}

func (w *star) readVine(i int) bool {
	if !w.hands(i) || w.v[i].releases == 0 || w.v[i].conn != vineUp || !w.h[i].alive {
		return false
	}
	v, x := &w.v[i], w.givers[i]
	xid, _ := x.sessions[1].byID.Get(w.vineAt[i])
	if _, err := x.Release(1, present, xid, Grants(v.releases)); err != nil {
		w.fail("S4: the vine: %v", err)
	}
	v.releases = 0
	return true
}

func (w *star) vineBreak(i int) bool {
	if !w.hands(i) || w.budget.vineBreaks[i] == 0 || w.v[i].conn != vineUp {
		return false
	}
	w.budget.vineBreaks[i]--
	w.breakVine(i)
	return true
}

func (w *star) breakVine(i int) {
	if v := &w.v[i]; v.conn == vineUp {
		v.conn, v.handoffs, v.releases = vineBroken, 0, 0
	}
}

// endGiver drops what the giver counts for vine i.
func (w *star) endGiver(i int) {
	w.givers[i].EndSession(1)
	w.v[i].conn = vineOver
}

func (w *star) vineExpire(i int) bool {
	if !w.hands(i) || w.v[i].conn != vineBroken {
		return false
	}
	w.endGiver(i)
	return true
}

func (w *star) vineLearn(i int) bool {
	if !w.hands(i) || w.v[i].conn != vineOver || w.takers[i].Len() == 0 {
		return false
	}
	c := &w.h[i+1]
	w.v[i].pending = false
	w.takers[i].EndSession()
	if c.route == overVine {
		c.route, c.live = noRoute, false
	}
	return true
}
