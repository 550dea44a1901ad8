package lifetime

// The rules that a star or a pair can leave out, beside those of the walks.
const (
	ruleBatchWithSnapshot rule = "R2: the statement empties the batch"
	ruleFenceGrants       rule = "R1: grants of the old connection are not decoded after the statement"
	ruleReconcile         rule = "R4: the statement is the owner's count"
	ruleGrantsWait        rule = "R3: no grant before the statement has been read"
	ruleFenceReleases     rule = "R1: releases of the old connection are not read after the statement"
	ruleFenceAcks         rule = "R1: acknowledgements of the old connection do not count"
	ruleClaimFirst        rule = "T5: the vine stays until the claim is confirmed"
	ruleClaimPins         rule = "T5: an unresolved claim pins the vine"
	ruleVinePins          rule = "T2: the vine keeps the introducer's proxy"
	ruleClaimAgain        rule = "R1: a claim whose answer is lost is made again"
	ruleClaimsEnd         rule = "R5: claims fail with their session"
	ruleClaimLists        rule = "T4: a claim that is granted is counted"
)

func (w *star) ownerReads(i int) bool {
	h := &w.h[i]
	return w.ownerUp && (h.conn == up || h.conn == reconciling || h.conn == broken && !h.of)
}

func (w *star) holderReads(i int) bool {
	h := &w.h[i]
	late := h.conn == reconciling && (w.without == ruleFenceGrants || w.without == ruleGrantsWait)
	return h.alive && (h.conn == up || h.conn == broken && !h.hf || late)
}

// grant: that the owner may not grant now is the table's to say (R3).
func (w *star) grant(i int) bool {
	h := &w.h[i]
	if w.budget.grants[i] == 0 || !w.root || !w.ownerUp {
		return false
	}
	xid, err := w.owner.Grant(session(i), w.conns[i], w.object)
	if err != nil {
		return false
	}
	w.same(i, xid)
	w.budget.grants[i]--
	if h.conn != broken { // what is sent on a broken connection is lost
		h.grants++
	}
	if w.without == ruleCountOnSend {
		w.reclaimed(w.owner.Ungrant(session(i), w.conns[i], xid))
	}
	return true
}

func (w *star) decode(i int) bool {
	h, m := &w.h[i], w.holders[i]
	if h.grants == 0 || !w.holderReads(i) {
		return false
	}
	h.grants--
	if w.without == ruleCountOnSend {
		w.owner.Grant(session(i), w.conns[i], w.object)
	}
	w.receive(i, m, w.listedAs(i))
	h.route = direct
	return true
}

// listedAs is the number that grants on their way to holder i bear.
func (w *star) listedAs(i int) XID {
	if xid, e := only(w.holders[i]); e != nil {
		return xid
	}
	if held := w.owner.sessions[session(i)]; held != nil {
		if xid, ok := held.byID.Get(w.object); ok {
			return xid
		}
	}
	return theXID
}

// receive counts a grant and makes a proxy if there is none (H1 to H3).
func (w *star) receive(i int, m *Imports, xid XID) {
	if err := m.Receive(w.conns[i], w.object, xid); err != nil {
		w.fail("H1: %v", err)
		return
	}
	w.renew(i, xid)
}

func (w *star) renew(i int, xid XID) {
	h, m := &w.h[i], w.holders[i]
	if h.live && m.entries.Get(xid).gen != 0 {
		return
	}
	if h.cur {
		w.dead[i] = proxyEnd{xid, m.entries.Get(xid).gen}
		h.cur, h.old = false, 1
	}
	m.Renew(xid)
	h.live = true
}

func (w *star) drop(i int) bool {
	h := &w.h[i]
	if !h.alive || !h.live {
		return false
	}
	h.live = false
	return true
}

// pinned reports whether something beside the program keeps the proxy of holder i.
func (w *star) pinned(i int) bool {
	vine := w.hands(i) && w.givers[i].Len() > 0 && w.without != ruleVinePins
	return vine || w.h[i].pins > 0 && w.without != ruleUse && !w.deferred
}

func (w *star) unreachable(i int) bool {
	h := &w.h[i]
	_, e := only(w.holders[i])
	if !h.alive || h.live || e == nil || e.dead || h.cur || w.pinned(i) {
		return false
	}
	h.cur = true
	return true
}

func (w *star) cleanup(i int) bool {
	h := &w.h[i]
	if !h.alive || !h.cur {
		return false
	}
	h.cur, h.route = false, noRoute
	if xid, e := only(w.holders[i]); !w.holders[i].Cleanup(xid, e.gen) {
		w.fail("L2: the cleanup of the present proxy does nothing")
	}
	return true
}

func (w *star) stale(i int) bool {
	h, m := &w.h[i], w.holders[i]
	if !h.alive || h.old == 0 {
		return false
	}
	h.old = 0
	d := w.dead[i]
	if xid, e := only(m); e != nil && w.without == ruleGeneration {
		d = proxyEnd{xid, e.gen}
	}
	if m.Cleanup(d.xid, d.gen) && w.without == "" {
		w.fail("H3: a stale cleanup gave the reference up")
	}
	return true
}

func (w *star) flush(i int) bool {
	h := &w.h[i]
	if !h.alive || h.conn != up && h.conn != reconciling || h.ctl.full() {
		return false
	}
	n := uint8(0)
	for _, r := range w.holders[i].Batch(w.conns[i], 9) {
		n += uint8(r.N)
	}
	if n == 0 {
		return false
	}
	h.ctl.push(n)
	return true
}

func (w *star) read(i int) bool {
	h := &w.h[i]
	if h.ctl.n == 0 || !w.ownerReads(i) {
		return false
	}
	v := h.ctl.pop()
	if v&statement != 0 {
		w.readStatement(i, Grants(v&^statement))
		return true
	}
	n := Grants(v)
	if w.without == ruleCounts {
		n = w.owner.Grants(session(i), w.object)
	}
	gone, err := w.owner.Release(session(i), w.conns[i], w.listedNow(i), n)
	if err != nil {
		w.fail("S4: %v", err)
	}
	w.reclaimed(gone)
	return true
}

// listedNow is the number under which the owner lists the object.
func (w *star) listedNow(i int) XID {
	if held := w.owner.sessions[session(i)]; held != nil {
		xid, _ := held.byID.Get(w.object)
		return xid
	}
	return 0
}

func (w *star) readStatement(i int, n Grants) {
	h := &w.h[i]
	if w.without == ruleGrantsWait {
		w.owner.Fence(session(i)) // it had opened again too early
		w.owner.sessions[session(i)].conn--
	}
	var held []Held
	if n > 0 {
		held = []Held{{w.listedNow(i), n}}
	}
	gone, unknown, err := w.owner.Reconcile(session(i), w.conns[i], held)
	if err != nil || len(unknown) > 0 {
		w.fail("R4: unknown %v, error %v", unknown, err)
	}
	w.reclaimed(gone)
	if h.conn == reconciling {
		h.conn = up
	}
}

func (w *star) oneWay(i int) bool {
	h, m := &w.h[i], w.holders[i]
	if !h.alive || !h.live || h.route != direct || w.budget.oneWays[i] == 0 || h.conn != up {
		return false
	}
	w.budget.oneWays[i]--
	if xid, _ := only(m); w.without != ruleUse && !m.Use(xid) {
		w.fail("S1: a proxy lives whose reference is not held")
	}
	h.ow++
	h.pins++
	return true
}

func (w *star) serve(i int) bool {
	h := &w.h[i]
	if h.ow == 0 || !w.ownerReads(i) {
		return false
	}
	h.ow--
	if h.conn != broken { // what is written to a broken connection is lost
		h.oa++
	}
	o, _, ok := w.owner.Begin(session(i), w.listedNow(i))
	if !ok {
		w.fail("S5: a call names a reference that is not listed")
		return true
	}
	w.reclaimed(w.owner.End(o))
	return true
}

func (w *star) ack(i int) bool {
	h := &w.h[i]
	late := h.alive && w.without == ruleFenceAcks && h.conn != expired
	if h.oa == 0 || !w.holderReads(i) && !late {
		return false
	}
	h.oa--
	if h.pins > 0 {
		h.pins--
		w.unuse(i)
	}
	return true
}

func (w *star) unuse(i int) {
	if xid, e := only(w.holders[i]); e != nil && w.without != ruleUse {
		w.holders[i].Unuse(xid)
	}
}

func (w *star) breakUp(i int) bool {
	h := &w.h[i]
	if w.budget.breaks[i] == 0 || !h.alive || h.conn != up && h.conn != reconciling {
		return false
	}
	w.budget.breaks[i]--
	h.conn, h.hf, h.of = broken, false, false
	return true
}

func (w *star) holderFence(i int) bool {
	h := &w.h[i]
	if h.conn != broken || h.hf {
		return false
	}
	h.hf = true
	if w.without != ruleFenceGrants {
		h.grants = 0
	}
	if w.without != ruleFenceAcks {
		h.oa = 0
	}
	for ; h.pins > 0; h.pins-- {
		w.unuse(i)
	}
	w.holders[i].Fence()
	w.claims[i].Fence()
	w.claimAgain(i)
	return true
}

func (w *star) claimAgain(i int) {
	h := &w.h[i]
	if h.claim == noClaim || w.without == ruleClaimAgain {
		return
	}
	h.claim = toSend
}

func (w *star) ownerFence(i int) bool {
	h := &w.h[i]
	if h.conn != broken || h.of || !w.ownerUp {
		return false
	}
	h.of, h.ow = true, 0
	if w.without != ruleFenceReleases {
		h.ctl = control{}
	}
	if !h.alive {
		h.grants, h.oa = 0, 0
	}
	w.owner.Fence(session(i))
	return true
}

func (w *star) resume(i int) bool {
	h, m := &w.h[i], w.holders[i]
	if !h.alive || h.conn != broken || !h.hf || !h.of {
		return false
	}
	w.conns[i]++
	late := h.ctl // empty, if releases are fenced
	h.ctl = control{}
	batch := m.batch
	held := m.Snapshot(w.conns[i])
	w.claims[i].Resume(w.conns[i])
	h.conn = reconciling
	n := uint8(0)
	if len(held) > 0 {
		n = uint8(held[0].N)
	}
	switch w.without {
	case ruleReconcile:
		h.conn = up
		w.open(i)
	case ruleGrantsWait:
		w.open(i)
		fallthrough
	default:
		h.ctl.push(statement | n)
	}
	for range late.n {
		h.ctl.push(late.pop())
	}
	if w.without == ruleBatchWithSnapshot {
		m.batch = batch
	}
	return true
}

// open lets the owner count for the new connection, without a statement.
func (w *star) open(i int) {
	held := w.owner.sessions[session(i)]
	held.fenced, held.conn = false, w.conns[i]
}

func (w *star) expire(i int) bool {
	h := &w.h[i]
	if h.conn != broken || !h.of || !w.ownerUp {
		return false
	}
	h.conn = expired
	w.reclaimed(w.owner.EndSession(session(i)))
	return true
}

// learn: the owner has ended the session, or is another incarnation (R5).
func (w *star) learn(i int) bool {
	h, m := &w.h[i], w.holders[i]
	claimed := (h.claim == asked || h.claim == granted || h.claim == lost) && w.without != ruleClaimsEnd
	toLearn := h.live && h.route == direct || claimed ||
		m.Len() > 0 || m.Pending() > 0 || h.cur || h.old > 0 || h.pins > 0 || h.grants > 0 || h.oa > 0 || h.ow > 0 || !h.hf
	if h.conn != expired || !h.alive || !toLearn {
		return false
	}
	h.cur, h.old, h.pins, h.grants, h.oa, h.ow, h.hf = false, 0, 0, 0, 0, 0, true
	m.Fence()
	m.EndSession()
	w.claims[i].Fence()
	if h.route == direct {
		h.live, h.route = false, noRoute
	}
	if w.without != ruleClaimsEnd {
		w.claimAgain(i)
	}
	return true
}

func (w *star) crash(i int) bool {
	h := &w.h[i]
	if w.budget.crashes == 0 || !h.alive {
		return false
	}
	w.budget.crashes--
	*h = holderState{ctl: h.ctl, ow: h.ow, conn: h.conn, hf: true, of: h.of}
	if h.conn == up || h.conn == reconciling {
		h.conn, h.of = broken, false
	}
	w.holders[i].Fence()
	w.holders[i].EndSession()
	w.claims[i].Fence()
	w.claims[i].End()
	if w.hands(i) { // the vine that it gave
		w.breakVine(i)
		w.endGiver(i)
	}
	if i > 0 { // that it was given
		w.breakVine(i - 1)
		w.takers[i-1].EndSession()
		w.v[i-1].pending = false
	}
	return true
}

// crashOwner: the object is gone, and every holder's session with it.
func (w *star) crashOwner(i int) bool {
	if i != 0 || w.budget.ownerCrashes == 0 || !w.ownerUp {
		return false
	}
	w.budget.ownerCrashes--
	w.ownerUp, w.root, w.obj = false, false, false
	w.owner.objects.Delete(w.object)
	for i := range w.h {
		h := &w.h[i]
		delete(w.owner.sessions, session(i))
		h.ctl, h.ow = control{}, 0
		if h.conn != expired {
			h.conn, h.of = expired, true
		}
	}
	return true
}

func (w *star) dropRoot(i int) bool {
	if i != 0 || !w.root {
		return false
	}
	w.root = false
	w.reclaimed(w.owner.Unpin(w.object))
	return true
}
