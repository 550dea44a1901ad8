package lifetime

// The steps of a pair about call c, which is number c+1.

// beginCall: the call keeps its target until its answer has come (H4).
func (p *pair) beginCall(c int) bool {
	e := &p.end[0]
	xid, held := only(p.imports[0])
	if p.budget.calls == 0 || int(p.calls.last) != c || !e.alive || !e.over && c == onObject && (!e.live || held == nil) {
		return false
	}
	if e.over {
		if id, _ := p.calls.Begin(uint8(c)); id != 0 {
			p.fail("S10: call %d is made in a session that has ended", id)
		}
		return false
	}
	p.budget.calls--
	if c == onObject {
		p.imports[0].Use(xid)
	}
	id, send := p.calls.Begin(uint8(c))
	if id != CallID(c+1) {
		p.fail("S8: call %d is numbered %d", c+1, id)
	}
	p.call[c].stage = waiting
	if send == p.conn {
		p.send(id)
	} else if send != 0 {
		p.fail("R1: a call is to be sent on connection %d", send)
	} else if p.without == ruleLine && !p.calls.fenced {
		p.send(id)
	}
	return true
}

// send sends a call, if what is sent arrives.
func (p *pair) send(id CallID) {
	if p.linkUp {
		p.end[1].inbox.calls |= 1 << (id - 1)
	}
}

// sendInLine sends a call whose turn it is.
func (p *pair) sendInLine(c int) bool {
	id, _, ok := p.calls.Turn(p.conn)
	if !ok || id != CallID(c+1) {
		return false
	}
	if !p.calls.Send(p.conn, id) {
		p.fail("C2: call %d cannot be sent in its turn", id)
	}
	if p.without != ruleUnseenAgain {
		p.send(id)
	}
	p.calls.Pass(p.conn, id)
	return true
}

func (p *pair) start(c int) bool {
	in := &p.end[1].inbox
	bit := uint8(1) << c
	if in.calls&bit == 0 || !p.reads(1) {
		return false
	}
	in.calls &^= bit
	if err := p.results.Begin(p.conn, CallID(c+1), &p.served[c]); err != nil {
		p.fail("C1: %v", err)
		return true
	}
	p.call[c].runs = true
	if c == 1 && p.call[0].stage == waiting && p.call[0].started == 0 && p.end[1].inbox.calls&1 == 0 {
		p.fail("order: call 2 starts, and call 1 is not even sent")
	}
	if p.call[c].started++; p.call[c].started > 1 {
		p.fail("S7: call %d starts twice", c+1)
	}
	if c != onObject {
		return true
	}
	o, _, ok := p.exports[1].Begin(theSession, p.listed(1))
	if !ok {
		p.fail("S5: a call names a reference that is not listed")
	} else if p.without == ruleRunning {
		p.reclaimed(1, p.exports[1].End(o))
	}
	return true
}

func (p *pair) finish(c int) bool {
	if !p.call[c].runs {
		return false
	}
	p.call[c].bare = !p.end[1].obj
	if p.without != ruleAnswerPins && !p.call[c].bare {
		p.exports[1].Pin(theObject)
	}
	p.served[c].R = p.answerOf(c)
	send, gone := p.results.Finish(&p.served[c], 1, nil)
	if send != 0 {
		p.call[c].sending = onPresent
	} else if p.without == ruleAnswerOnce && p.linkUp {
		p.comes(c, answered)
	}
	if p.without == ruleAnswersKept && send != 0 && p.results.Kept(&p.served[c]) {
		p.results.drop(&p.served[c])
		gone = append(gone, &p.served[c])
	}
	p.letGo(gone)
	p.call[c].runs = false
	if p.without != ruleRunning && c == onObject {
		p.reclaimed(1, p.exports[1].End(theObject))
	}
	return true
}

// deliver sends an answer; the connection for which that was decided may be lost.
func (p *pair) deliver(c int) bool {
	call := &p.call[c]
	was := call.sending
	switch was {
	case idle:
		return false
	case onPresent:
		p.answer(p.conn, c)
	case onOld:
		if _, err := p.exports[1].Grant(theSession, before, theObject); err == nil {
			p.fail("R1: an answer grants a reference on an old connection")
		}
	}
	call.sending = idle
	if call.owed {
		call.owed = false
		p.unpin(call.bare)
	}
	return true
}

// unpin lets what an answer holds go.
func (p *pair) unpin(bare bool) {
	if p.without != ruleAnswerPins && !bare {
		p.reclaimed(1, p.exports[1].Unpin(theObject))
	}
}

// bare marks answers without a reference.
const bare = 0x80

func (p *pair) answerOf(c int) uint8 {
	if p.call[c].bare {
		return uint8(c) | bare
	}
	return uint8(c)
}

// answer sends the answer of call c on a connection, its reference granted anew.
func (p *pair) answer(on Conn, c int) {
	kind := uint8(answeredBare)
	if !p.call[c].bare {
		kind = answered
		if _, err := p.exports[1].Grant(theSession, on, theObject); err != nil {
			p.fail("S9: the answer of call %d cannot be sent: %v", c+1, err)
			return
		}
	}
	if p.linkUp {
		p.comes(c, kind)
	}
}

// comes sends a Return.
func (p *pair) comes(c int, kind uint8) {
	if p.end[0].inbox.returns[c] != 0 {
		p.fail("S7: two answers of call %d are on their way", c+1)
	}
	p.end[0].inbox.returns[c] = kind
}

// letGo lets what answers hold go, if they are not just being sent.
func (p *pair) letGo(answers []*Served[uint8]) {
	for _, a := range answers {
		call := &p.call[a.ID()-1]
		if call.sending != idle && p.without != ruleSendingPins {
			call.owed = true
			continue
		}
		p.unpin(call.bare)
	}
}

// comeBack takes a Return.
func (p *pair) comeBack(c int) bool {
	in := &p.end[0].inbox
	kind := in.returns[c]
	if kind != 0 && p.without == ruleFenceReturns && p.unsaid && p.end[0].alive && !p.end[0].over {
		in.returns[c] = 0
		p.calls.open.Delete(CallID(c + 1))
		p.call[c].stage = succeeded
		return true
	}
	if kind == 0 || !p.reads(0) || p.waits[0] {
		return false
	}
	in.returns[c] = 0
	if kind == answered {
		p.receive(0)
	}
	if _, err := p.calls.Return(p.conn, CallID(c+1)); err != nil {
		p.fail("S7: %v", err)
		return true
	}
	p.call[c].stage = succeeded
	if kind == outcomeUnknown {
		p.call[c].stage = unknown
		if p.limits.Kept == len(p.call) {
			p.fail("C1: the answer of call %d is lost, and there was room for it", c+1)
		}
	}
	if xid, held := only(p.imports[0]); c == onObject && held != nil && held.uses > 0 {
		p.imports[0].Unuse(xid)
	}
	return true
}

func (p *pair) ack(c int) bool {
	if p.calls.Due() == 0 || p.calls.done[0] != CallID(c+1) {
		return false
	}
	ids := p.calls.Done(p.conn, 1, nil)
	if p.linkUp {
		p.end[1].inbox.acks |= bitsOf(ids)
	}
	return len(ids) > 0
}

func (p *pair) acked(c int) bool {
	in := &p.end[1].inbox
	bit := uint8(1) << c
	if in.acks&bit == 0 || !p.reads(1) {
		return false
	}
	in.acks &^= bit
	gone, err := p.results.Ack(p.conn, []CallID{CallID(c + 1)}, nil)
	if err != nil {
		p.fail("C1: %v", err)
	}
	p.letGo(gone)
	return true
}

// answerAgain says which calls have come, and answers what the caller has no answer
// to.
func (p *pair) answerAgain(open uint8) {
	r, err := p.results.Reconcile(p.conn, idsOf(open))
	if err != nil {
		p.fail("C2: %v", err)
	}
	if p.linkUp {
		p.end[0].inbox.word, p.end[0].inbox.stHave = true, bitsOf(r.Have)
		if p.without == ruleHaveFenced {
			p.end[0].inbox.stHave = p.early & open
		}
	}
	for _, a := range r.Again {
		p.answer(p.conn, int(a.R&^bare))
	}
	for _, id := range r.Lost {
		if p.linkUp {
			p.comes(int(id-1), outcomeUnknown)
		}
	}
	p.letGo(r.Gone)
}

// check verifies what must hold in every state.
func (p *pair) check() {
	for i := range p.end {
		e, owner := &p.end[i], &p.end[1-i]
		if !e.alive || e.over || !owner.alive || owner.over {
			continue
		}
		if e.live && (e.held == 0 || !owner.obj) {
			p.fail("S1: node %d has a proxy, %d grants are held, exported: %v", i, e.held, owner.obj)
		}
		if !p.linkUp || e.fenced || owner.fenced || owner.inbox.statement || e.inbox.statement {
			continue
		}
		n := e.held + e.batch + e.inbox.grants + owner.inbox.releases.sum()
		for _, r := range e.inbox.returns {
			n += r & answered
		}
		if n != owner.listed {
			p.fail("S4: node %d counts %d grants, elsewhere are %d", 1-i, owner.listed, n)
		}
		if e.inbox.grants > 0 && !owner.obj {
			p.fail("S2: the object of node %d is reclaimed while a grant is on its way", 1-i)
		}
	}
}

// quiet verifies that nothing is left when nothing can happen.
func (p *pair) quiet(s *pairState) error {
	p.load(s)
	both := p.end[0].alive && p.end[1].alive && !p.end[0].over && !p.end[1].over
	if both && (!p.linkUp || p.end[0].fenced || p.end[1].fenced || p.waits[0] || p.waits[1] || p.unsaid) {
		p.fail("L3: the session does not go on")
	}
	for i := range p.end {
		e := &p.end[i]
		if e.alive && (e.obj || e.listed > 0 || e.held > 0 || e.batch > 0 || e.uses > 0) {
			p.fail("L1, L2: node %d is left with %+v", i, *e)
		}
	}
	for c := range p.call {
		call := &p.call[c]
		if call.stage == waiting || call.open || call.done || p.end[1].alive && call.known != absent {
			p.fail("L2, S10: call %d is left: %+v", c+1, *call)
		}
		if call.stage == unknown && call.started != 1 {
			p.fail("C2: the outcome of call %d is unknown, it has started %d times", c+1, call.started)
		}
	}
	return p.err
}

func (p *pair) step(l label) bool { return pairSteps[l.kind](p, int(l.at)) }

// isFault: a session with a node that is gone does end.
func (p *pair) isFault(l label) bool {
	switch l.kind {
	case pBreak, pCrash:
		return true
	case pExpire:
		return p.end[1-l.at].alive && !p.end[1-l.at].over
	}
	return false
}

func (p *pair) name(l label) string {
	if l.kind >= pCall {
		return "call " + string("12"[l.at]) + " " + pairNames[l.kind]
	}
	return "node " + string("01"[l.at]) + " " + pairNames[l.kind]
}
