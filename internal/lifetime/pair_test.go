package lifetime

import (
	"fmt"
	"slices"
)

// A pair is two nodes that hold each other's object at once: the tables of both
// sides of one session, in both directions, with two calls of node 0. The first is
// on node 1 itself, the second on node 1's object. Both answers carry a reference
// to that object if it is still there, so a kept answer pins it. A pair is explored
// as a star is; there is no oracle for it.
type pair struct {
	pairState
	without rule
	limits  ResultLimits
	err     error

	exports [2]*Exports[int]
	imports [2]*Imports
	conn    Conn
	dead    [2]proxyEnd
	calls   *Calls[uint8]   // of node 0
	results *Results[uint8] // of node 1
	served  [2]Served[uint8]
}

type pairState struct {
	linkUp  bool
	waits   [2]bool // the peer's statement has not been read
	unsaid  bool    // node 0 has not read which of its calls have come
	asked   uint8   // calls that node 0 has asked for
	end     [2]pairEnd
	call    [2]callState
	early   uint8 // for a mutant: calls that had come when the link broke
	budget  pairBudget
	latest  uint8 // calls begun
	keptFst uint8 // the answer that is kept for longest; 0: none
}

// pairEnd is one node.
type pairEnd struct {
	alive, fenced, over bool
	inbox               inbox

	obj, root, open, ownerFenced bool  // its object
	listed                       uint8 //
	live, cur                    bool  // its proxy of the peer's
	old                          uint8
	holderFenced                 bool
	held, batch, uses            uint8
	dead                         bool
}

// inbox is what is on its way to a node. The statement is first on a connection, and
// word of the receiver's calls is next; the rest overtakes one another, but for
// releases.
type inbox struct {
	statement, word            bool
	stated, statedOpen, stHave uint8
	releases                   control
	grants                     uint8
	calls, acks                uint8    // bits
	returns                    [2]uint8 // by call: answered, or outcomeUnknown
}

const (
	answered       = 1 // with a reference
	outcomeUnknown = 2
	answeredBare   = 4
)

// onObject is the call whose target is node 1's object.
const onObject = 1

// callState is one call, as both programs and their tables see it.
type callState struct {
	stage   callStage
	started uint8
	runs    bool
	bare    bool // the answer has no reference
	sending dispatch
	owed    bool // the answer is gone, and what it holds will be let go when it has been sent
	open    bool // in the caller's table
	waits   bool // in line there
	done    bool // to be acknowledged
	seen    bool // by the callee
	known   serving
}

// dispatch is an answer that node 1 is about to send.
type dispatch uint8

const (
	idle dispatch = iota
	onPresent
	onOld // the connection was lost meanwhile
)

type callStage uint8

const (
	notBegun callStage = iota
	waiting
	succeeded
	unknown // its outcome
	ended   // with its session, or after it
)

type pairBudget struct {
	grants        [2]uint8
	breaks, calls uint8
	crashes       uint8
	expiries      bool // leases may end while both nodes live
}

// The kinds of steps of a pair; at is a node, or a call.
const (
	pGrant kind = iota
	pDecode
	pDrop
	pUnreachable
	pCleanup
	pStale
	pFlush
	pRead
	pRoot
	pBreak
	pFence
	pResume
	pStatement
	pWord
	pExpire
	pCrash
	pCall
	pSend
	pStart
	pFinish
	pDeliver
	pReturn
	pAck
	pAcked
)

var pairNames = [...]string{
	"grants", "decodes a grant", "drops its proxy", "proxy is unreachable", "cleanup", "stale cleanup", "flushes its batch", "reads a release", "drops its root",
	"link breaks", "fences", "link is resumed", "reads the statement", "reads word of its calls", "ends the session", "crashes",
	"is begun", "is sent in its turn", "starts", "finishes", "answer is sent", "answer comes", "is to be acknowledged", "is acknowledged",
}

var pairSteps = [...]func(p *pair, at int) bool{
	pGrant: (*pair).grant, pDecode: (*pair).decode, pDrop: (*pair).drop, pUnreachable: (*pair).unreachable,
	pCleanup: (*pair).cleanup, pStale: (*pair).stale, pFlush: (*pair).flush, pRead: (*pair).read, pRoot: (*pair).dropRoot,
	pBreak: (*pair).breakUp, pFence: (*pair).fence, pResume: (*pair).resume, pStatement: (*pair).readStatement, pWord: (*pair).readWord,
	pExpire: (*pair).expire, pCrash: (*pair).crash,
	pCall: (*pair).beginCall, pSend: (*pair).sendInLine, pStart: (*pair).start, pFinish: (*pair).finish, pDeliver: (*pair).deliver, pReturn: (*pair).comeBack, pAck: (*pair).ack, pAcked: (*pair).acked,
}

func pairLabels() (all []label) {
	for k := range pairSteps {
		for at := range uint8(2) {
			all = append(all, label{kind(k), at})
		}
	}
	return all
}

func newPair(without rule, limits ResultLimits) *pair {
	p := &pair{without: without, limits: limits, calls: NewCalls[uint8](true), results: NewResults[uint8](limits)}
	for i := range p.exports {
		p.exports[i], p.imports[i] = NewExports[int](9), NewImports(9)
	}
	return p
}

func (p *pair) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
}

// The one object of a node, and the one session.
const (
	theObject  ObjectID  = 1
	theSession SessionID = 1
)

func (p *pair) load(s *pairState) {
	p.pairState, p.err, p.conn = *s, nil, present
	for i := range p.end {
		p.loadEnd(i)
	}
	p.loadCalls()
}

func (p *pair) loadEnd(i int) {
	e, x := &p.end[i], p.exports[i]
	x.last = theObject
	x.objects.Delete(theObject)
	if e.obj {
		o := &export[int]{}
		if e.listed > 0 {
			o.listings = 1
		}
		if e.root {
			o.pins = 1
		}
		if i == 1 {
			p.loadHolds(o)
		}
		x.objects.Put(theObject, o)
	}
	delete(x.sessions, theSession)
	if e.open {
		h := &holdings{limit: 9, conn: present, fenced: e.ownerFenced, last: theXID}
		if h.fenced {
			h.conn = before
		}
		setListing(h, theObject, e.listed)
		x.sessions[theSession] = h
	}
	m := p.imports[i]
	setEntry(m, entry{object: theObject, n: Grants(e.held), gen: theGen, uses: uint32(e.uses), dead: e.dead})
	m.conn, m.fenced, m.last, m.batch = present, e.holderFenced, theGen, m.batch[:0]
	if e.batch > 0 {
		m.batch = append(m.batch, Release{theXID, Grants(e.batch)})
	}
	p.dead[i] = proxyEnd{theXID, staleGen}
	if e.old == 2 {
		p.dead[i].xid = 0
	}
}

// loadHolds: what calls keep of node 1's object.
func (p *pair) loadHolds(o *export[int]) {
	if p.call[onObject].runs && p.without != ruleRunning {
		o.running++
	}
	for c := range p.call {
		if (p.call[c].known == kept || p.call[c].owed) && !p.call[c].bare && p.without != ruleAnswerPins {
			o.pins++
		}
	}
}

// loadCalls: a table that is fenced counts for the connection before.
func (p *pair) loadCalls() {
	t, r := p.calls, p.results
	t.conn, t.fenced, t.ended = present, p.end[0].fenced || p.unsaid || p.end[0].over, p.end[0].over
	r.conn, r.fenced = present, p.end[1].fenced || p.waits[1] || p.end[1].over
	if t.fenced {
		t.conn = before
	}
	if r.fenced {
		r.conn = before
	}
	p.loadOpen()
	r.calls.clear()
	r.running, r.kept, r.bytes, r.oldest, r.newest = 0, 0, 0, nil, nil
	r.seen = seen{bits: r.seen.bits}
	clear(r.seen.bits[:min(1, len(r.seen.bits))]) // the numbers are small
	for i := range p.call {
		if p.call[i].seen {
			r.seen.add(CallID(i + 1))
		}
		p.served[i] = Served[uint8]{id: CallID(i + 1), R: p.answerOf(i), state: p.call[i].known}
		switch p.call[i].known {
		case running, unasked:
			r.running++
			r.calls.Put(CallID(i+1), &p.served[i])
		case kept:
			r.calls.Put(CallID(i+1), &p.served[i])
		}
	}
	for _, i := range [2]int{int(p.keptFst+1) % 2, int(p.keptFst) % 2} { // the one numbered keptFst first
		if p.served[i].state == kept {
			r.keep(&p.served[i], 1)
		}
	}
}

func (p *pair) loadOpen() {
	t := p.calls
	t.open.clear()
	t.last, t.asked, t.done, t.line = CallID(p.latest), idsOf(p.asked), t.done[:0], t.line[:0]
	for i := range p.call {
		id := CallID(i + 1)
		if p.call[i].open {
			t.open.Put(id, flight[uint8]{uint8(id), p.call[i].waits})
			if p.call[i].waits && !t.fenced {
				t.line = append(t.line, id)
			}
		}
		if p.call[i].done {
			t.done = append(t.done, id)
		}
	}
}

func (p *pair) save() (*pairState, error) {
	for i := range p.end {
		p.saveEnd(i)
	}
	p.latest, p.keptFst, p.asked = uint8(p.calls.last), 0, bitsOf(p.calls.asked)
	for i := range p.call {
		c, id := &p.call[i], CallID(i+1)
		f, open := p.calls.open.Get(id)
		c.open, c.waits, c.seen, c.known = open, f.waits, p.results.seen.has(id), absent
		c.done = slices.Contains(p.calls.done, id)
		if s := p.results.Get(id); s != nil {
			c.known = s.state
		}
	}
	if first := p.results.oldest; first != nil {
		p.keptFst = uint8(first.id)
	}
	if err := p.results.Check(); err != nil {
		p.fail("callee: %v", err)
	}
	p.check()
	return &p.pairState, p.err
}

func (p *pair) saveEnd(i int) {
	e, x, m := &p.end[i], p.exports[i], p.imports[i]
	h := x.sessions[theSession]
	e.open, e.ownerFenced, e.listed = h != nil, h != nil && h.fenced, uint8(x.Grants(theSession, theObject))
	if h != nil && (h.byXID.Len() > 1 || h.byXID.Len() != h.byID.Len()) {
		p.fail("node %d has %d listings of one object", i, h.byXID.Len())
	}
	if (x.Len() == 1) != e.obj {
		p.fail("node %d exports %d objects, to its program it is exported: %v", i, x.Len(), e.obj)
	}
	xid, held := only(m)
	if held == nil {
		held = &entry{}
	}
	if m.Len() > 1 || held.n > 100 || held.uses > 100 || held.dead && held.uses == 0 {
		p.fail("L2: node %d holds %d references, one of them %+v", i, m.Len(), *held)
	}
	e.holderFenced, e.held, e.uses, e.dead = m.fenced, uint8(held.n), uint8(held.uses), held.dead
	e.batch = 0
	for _, r := range m.batch {
		e.batch += uint8(r.N)
	}
	if e.old != 0 {
		e.old = 2
		if held.n > 0 && xid == p.dead[i].xid {
			e.old = 1
		}
	}
}

// clear empties t, which has small numbers, without new memory.
func (t *numbered[V]) clear() {
	clear(t.ring)
	t.n = 0
}
