package lifetime

// The oracle's second half: A hands the object to C.

func (o *oracle) handoff(i int) bool {
	a, c := &o.h[0], &o.h[1]
	if i != 0 || o.budget.handoffs[0] == 0 || !a.alive || !a.live || a.route != direct || a.conn == expired || o.v.conn != vineUp || !c.alive {
		return false
	}
	o.budget.handoffs[0]--
	o.v.cnt++
	o.v.handoffs++
	return true
}

func (o *oracle) decodeHandoff(i int) bool {
	c := &o.h[1]
	if i != 0 || o.v.handoffs == 0 || o.v.conn != vineUp || !c.alive {
		return false
	}
	o.v.handoffs--
	o.v.rc++
	if c.rc > 0 { // held already: the vine goes back
		c.renew()
		c.route, o.v.pending = direct, true
		return true
	}
	c.live, c.route = true, claiming
	if c.claim == noClaim {
		c.claim = toSend
	}
	return true
}

func (o *oracle) sendClaim(i int) bool {
	c := &o.h[1]
	if i != 0 || !c.alive || c.claim != toSend || c.conn != up {
		return false
	}
	c.claim = asked
	return true
}

// cannotClaim: there is no session with the owner any more.
func (o *oracle) cannotClaim(i int) bool {
	c := &o.h[1]
	if i != 0 || !c.alive || c.claim != toSend || c.conn != expired {
		return false
	}
	c.claim = refused
	return true
}

func (o *oracle) serveClaim(i int) bool {
	c := &o.h[1]
	if i != 0 || c.claim != asked || c.conn != up && !(c.conn == broken && !c.of) {
		return false
	}
	switch {
	case !o.obj || o.h[0].conn == expired || o.h[0].cnt == 0: // T4: the introducer gives away what it has
		c.claim = refused
	case c.conn == broken:
		c.cnt++
		c.claim = lost
	default:
		c.cnt++
		c.claim = granted
	}
	return true
}

func (o *oracle) claimOK(i int) bool {
	c := &o.h[1]
	if i != 0 || c.claim != granted || !c.holderReads() {
		return false
	}
	c.claim, c.route = noClaim, direct
	c.rc++
	o.v.pending = o.v.rc > 0
	return true
}

func (o *oracle) claimFail(i int) bool {
	c := &o.h[1]
	if i != 0 || !c.alive || c.claim != refused {
		return false
	}
	c.claim = noClaim
	if c.route == claiming {
		c.route = overVine
		if o.v.rc == 0 {
			c.route, c.live = noRoute, false
		}
	}
	return true
}

func (o *oracle) giveVine(i int) bool {
	c := &o.h[1]
	idle := c.route == direct && c.claim == noClaim || c.route == overVine && !c.live || c.route == noRoute && c.claim == noClaim
	if i != 0 || !c.alive || o.v.rc == 0 || o.v.pending || !idle {
		return false
	}
	o.v.pending = true
	return true
}

// releaseVine: an unresolved claim pins the vine.
func (o *oracle) releaseVine(i int) bool {
	if i != 0 || !o.v.pending || o.v.rc == 0 || o.v.conn != vineUp || o.h[1].claim != noClaim {
		return false
	}
	o.v.releases += o.v.rc
	o.v.rc, o.v.pending = 0, false
	return true
}

func (o *oracle) readVine(i int) bool {
	if i != 0 || o.v.releases == 0 || o.v.conn != vineUp || !o.h[0].alive {
		return false
	}
	o.v.cnt -= o.v.releases
	o.v.releases = 0
	return true
}

func (o *oracle) vineBreak(i int) bool {
	if i != 0 || o.budget.vineBreaks[0] == 0 || o.v.conn != vineUp {
		return false
	}
	o.budget.vineBreaks[0]--
	o.v.conn, o.v.handoffs, o.v.releases = vineBroken, 0, 0
	return true
}

func (o *oracle) vineExpire(i int) bool {
	if i != 0 || o.v.conn != vineBroken {
		return false
	}
	o.v.conn, o.v.cnt = vineOver, 0
	return true
}

func (o *oracle) vineLearn(i int) bool {
	c := &o.h[1]
	if i != 0 || o.v.conn != vineOver || o.v.rc == 0 {
		return false
	}
	o.v.rc, o.v.pending = 0, false
	if c.route == overVine {
		c.route, c.live = noRoute, false
	}
	return true
}
