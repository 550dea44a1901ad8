package lifetime

// The rules that only a pair can leave out.
const (
	ruleAnswersKept   rule = "C1: an answer is kept until it is acknowledged"
	ruleHaveFenced    rule = "C2: the callee states what it has after its fence"
	ruleAnswerPins    rule = "S9: a kept answer pins its references"
	ruleFenceReturns  rule = "R1: answers of the old connection do not count"
	ruleAnswerOnce    rule = "C2: an answer that is ready between connections is sent by the statement alone"
	ruleSendingPins   rule = "S9: an answer that is being sent pins its references, also if it is not kept any more"
	ruleUseAcross     rule = "H4: an open call keeps what it names, also over a break"
	ruleLine          rule = "C2: later calls stand in line behind those that are sent again"
	ruleUnseenAgain   rule = "C2: calls that were never seen are sent again"
	ruleStatementOpen rule = "C2: the caller states all its open calls"
)

// reads reports whether node i reads anything but statements.
func (p *pair) reads(i int) bool {
	e := &p.end[i]
	return e.alive && !e.fenced && !e.over && !e.inbox.statement && (i == 1 || !p.unsaid)
}

func (p *pair) reclaimed(i int, gone []Reclaimed[int]) {
	for range gone {
		e := &p.end[i]
		if !e.obj || e.root {
			p.fail("S9: the object of node %d is reclaimed; published: %v", i, e.root)
		}
		if i == 1 && p.call[onObject].runs {
			p.fail("S9: the object is reclaimed while one of its methods runs")
		}
		e.obj = false
	}
}

func (p *pair) grant(i int) bool {
	e, peer := &p.end[i], &p.end[1-i]
	if p.budget.grants[i] == 0 || !e.alive || !e.root {
		return false
	}
	if _, err := p.exports[i].Grant(theSession, p.conn, theObject); err != nil {
		return false
	}
	p.budget.grants[i]--
	if p.linkUp {
		peer.inbox.grants++
	}
	return true
}

func (p *pair) decode(i int) bool {
	e := &p.end[i]
	if e.inbox.grants == 0 || !p.reads(i) {
		return false
	}
	e.inbox.grants--
	p.receive(i)
	return true
}

func (p *pair) receive(i int) {
	e, m := &p.end[i], p.imports[i]
	xid, held := only(m)
	if held == nil {
		xid = p.listed(1 - i)
	}
	before := entry{}
	if held != nil {
		before = *held
	}
	if err := m.Receive(p.conn, theObject, xid); err != nil {
		p.fail("H1: %v", err)
		return
	}
	if e.live {
		if _, now := only(m); now == nil || now.gen != before.gen {
			p.fail("S6: a reference that has a live proxy gets another one")
		}
		return
	}
	if e.cur {
		p.dead[i] = proxyEnd{xid, held.gen}
		e.cur, e.old = false, 1
	}
	m.Renew(xid)
	e.live = true
}

// listed is the number under which node i lists its object.
func (p *pair) listed(i int) XID {
	if h := p.exports[i].sessions[theSession]; h != nil {
		if xid, ok := h.byID.Get(theObject); ok {
			return xid
		}
	}
	return theXID
}

func (p *pair) drop(i int) bool {
	e := &p.end[i]
	if !e.alive || !e.live {
		return false
	}
	e.live = false
	return true
}

// unreachable: also while calls use the reference.
func (p *pair) unreachable(i int) bool {
	e := &p.end[i]
	_, held := only(p.imports[i])
	if !e.alive || e.live || held == nil || held.dead || e.cur {
		return false
	}
	e.cur = true
	return true
}

func (p *pair) cleanup(i int) bool {
	e := &p.end[i]
	if !e.alive || !e.cur {
		return false
	}
	e.cur = false
	if xid, held := only(p.imports[i]); !p.imports[i].Cleanup(xid, held.gen) {
		p.fail("L2: the cleanup of the present proxy does nothing")
	}
	return true
}

func (p *pair) stale(i int) bool {
	e := &p.end[i]
	if !e.alive || e.old == 0 {
		return false
	}
	e.old = 0
	if p.imports[i].Cleanup(p.dead[i].xid, p.dead[i].gen) {
		p.fail("H3: a stale cleanup gave the reference up")
	}
	return true
}

// flush: releases, unlike grants, may go out before the peer's statement is read.
func (p *pair) flush(i int) bool {
	e, peer := &p.end[i], &p.end[1-i]
	if !e.alive || e.fenced || e.over || peer.inbox.releases.full() {
		return false
	}
	n := uint8(0)
	for _, r := range p.imports[i].Batch(p.conn, 9) {
		n += uint8(r.N)
	}
	if n == 0 {
		return false
	}
	if p.linkUp {
		peer.inbox.releases.push(n)
	}
	return true
}

func (p *pair) read(i int) bool {
	e := &p.end[i]
	if e.inbox.releases.n == 0 || !p.reads(i) {
		return false
	}
	gone, err := p.exports[i].Release(theSession, p.conn, p.listed(i), Grants(e.inbox.releases.pop()))
	if err != nil {
		p.fail("S4: %v", err)
	}
	p.reclaimed(i, gone)
	return true
}

func (p *pair) dropRoot(i int) bool {
	e := &p.end[i]
	if !e.alive || !e.root {
		return false
	}
	e.root = false
	p.reclaimed(i, p.exports[i].Unpin(theObject))
	return true
}

func (p *pair) breakUp(at int) bool {
	if at != 0 || p.budget.breaks == 0 || !p.linkUp {
		return false
	}
	p.budget.breaks--
	p.linkUp = false
	p.early = p.seenCalls()
	return true
}

// seenCalls are those that node 1 has seen.
func (p *pair) seenCalls() (b uint8) {
	for id := CallID(1); id <= 2; id++ {
		if p.results.seen.has(id) {
			b |= 1 << (id - 1)
		}
	}
	return b
}

func bitsOf(ids []CallID) (b uint8) {
	for _, id := range ids {
		b |= 1 << (id - 1)
	}
	return b
}

func idsOf(b uint8) (ids []CallID) {
	for id := CallID(1); id <= 2; id++ {
		if b&(1<<(id-1)) != 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

func (p *pair) fence(i int) bool {
	e := &p.end[i]
	if p.linkUp || e.fenced || !e.alive || e.over {
		return false
	}
	returns := e.inbox.returns
	e.fenced, p.waits[i], e.inbox = true, true, inbox{}
	if p.without == ruleFenceReturns {
		e.inbox.returns = returns
	}
	p.exports[i].Fence(theSession)
	p.imports[i].Fence()
	if i == 0 {
		p.calls.Fence()
		if xid, held := only(p.imports[0]); p.without == ruleUseAcross && held != nil {
			for held.uses > 0 {
				p.imports[0].Unuse(xid)
			}
		}
	} else {
		p.results.Fence()
		p.stall()
	}
	return true
}

// stall: answers that are about to be sent on the connection that is lost.
func (p *pair) stall() {
	for c := range p.call {
		if p.call[c].sending == onPresent {
			p.call[c].sending = onOld
		}
	}
}

func (p *pair) resume(at int) bool {
	a, b := &p.end[0], &p.end[1]
	if at != 0 || p.linkUp || !a.fenced || !b.fenced || !a.alive || !b.alive || a.over || b.over {
		return false
	}
	p.linkUp = true
	p.conn++
	for i := range p.end {
		e, peer := &p.end[i], &p.end[1-i]
		e.fenced = false
		held := p.imports[i].Snapshot(p.conn)
		peer.inbox.statement = true
		if len(held) > 0 {
			peer.inbox.stated = uint8(held[0].N)
		}
	}
	p.unsaid = true
	b.inbox.statedOpen = bitsOf(p.calls.Open())
	if p.without == ruleStatementOpen {
		b.inbox.statedOpen &^= 1
	}
	return true
}

// readStatement is the first thing on a new connection.
func (p *pair) readStatement(i int) bool {
	e := &p.end[i]
	if !e.inbox.statement || !e.alive || e.fenced || e.over {
		return false
	}
	in := e.inbox
	e.inbox.statement, e.inbox.stated, e.inbox.statedOpen = false, 0, 0
	p.waits[i] = false
	var held []Held
	if in.stated > 0 {
		held = []Held{{p.listed(i), Grants(in.stated)}}
	}
	gone, unknown, err := p.exports[i].Reconcile(theSession, p.conn, held)
	if err != nil || len(unknown) > 0 {
		p.fail("R4: unknown %v, error %v", unknown, err)
	}
	p.reclaimed(i, gone)
	if i == 1 {
		p.answerAgain(in.statedOpen)
	}
	return true
}

// readWord: node 1 has said which of node 0's calls have come.
func (p *pair) readWord(i int) bool {
	e := &p.end[i]
	if !e.inbox.word || e.inbox.statement || !e.alive || e.fenced || e.over {
		return false
	}
	have := e.inbox.stHave
	e.inbox.word, e.inbox.stHave, p.unsaid = false, 0, false
	if _, err := p.calls.Reconcile(p.conn, idsOf(have)); err != nil {
		p.fail("C2: %v", err)
	}
	return true
}

// expire ends the session for node i: its lease is over, or the peer has none.
func (p *pair) expire(i int) bool {
	e, peer := &p.end[i], &p.end[1-i]
	if p.linkUp || !e.fenced || !e.alive || e.over || !p.budget.expiries && peer.alive && !peer.over {
		return false
	}
	p.endSession(i)
	return true
}

func (p *pair) endSession(i int) {
	e := &p.end[i]
	e.over, e.live, e.cur, e.old = true, false, false, 0
	p.imports[i].EndSession()
	if i == 0 {
		for id := range p.calls.End() {
			p.call[id-1].stage = ended
		}
	} else {
		p.letGo(p.results.End())
	}
	p.reclaimed(i, p.exports[i].EndSession(theSession))
}

func (p *pair) crash(i int) bool {
	e := &p.end[i]
	if p.budget.crashes == 0 || !e.alive {
		return false
	}
	p.budget.crashes--
	p.linkUp = false
	e.root = false
	p.exports[i].objects.Delete(theObject)
	delete(p.exports[i].sessions, theSession)
	e.obj = false
	if i == 1 {
		p.results.End()
		p.results.calls.clear()
		p.results.running = 0
		for c := range p.call {
			p.call[c].runs, p.call[c].sending, p.call[c].owed = false, idle, false
		}
	}
	p.imports[i].EndSession()
	if i == 0 {
		for id := range p.calls.End() {
			p.call[id-1].stage = ended
		}
	}
	*e = pairEnd{over: true, fenced: true}
	return true
}
