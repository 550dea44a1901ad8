package lifetime

import "fmt"

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
}

type pairState struct {
	linkUp  bool
	waits   [2]bool // the peer's statement has not been read
	end     [2]pairEnd
	call    [2]callState
	early   uint8 // for a mutant: calls known when the link broke
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

// inbox is what is on its way to a node. The statement is first on a connection;
// the rest overtakes one another, but for releases.
type inbox struct {
	statement                  bool
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
	bare    bool  // the answer has no reference
	open    bool  // in the caller's table
	done    bool  // to be acknowledged
	known   uint8 // to the callee's table: 1 + serving; 0: not
}

type callStage uint8

const (
	notBegun callStage = iota
	waiting
	succeeded
	unknown // its outcome
	ended   // with its session
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
	pExpire
	pCrash
	pCall
	pStart
	pFinish
	pReturn
	pAck
	pAcked
)

var pairNames = [...]string{
	"grants", "decodes a grant", "drops its proxy", "proxy is unreachable", "cleanup", "stale cleanup", "flushes its batch", "reads a release", "drops its root",
	"link breaks", "fences", "link is resumed", "reads the statement", "ends the session", "crashes",
	"is begun", "starts", "finishes", "answer comes", "is to be acknowledged", "is acknowledged",
}

var pairSteps = [...]func(p *pair, at int) bool{
	pGrant: (*pair).grant, pDecode: (*pair).decode, pDrop: (*pair).drop, pUnreachable: (*pair).unreachable,
	pCleanup: (*pair).cleanup, pStale: (*pair).stale, pFlush: (*pair).flush, pRead: (*pair).read, pRoot: (*pair).dropRoot,
	pBreak: (*pair).breakUp, pFence: (*pair).fence, pResume: (*pair).resume, pStatement: (*pair).readStatement,
	pExpire: (*pair).expire, pCrash: (*pair).crash,
	pCall: (*pair).beginCall, pStart: (*pair).start, pFinish: (*pair).finish, pReturn: (*pair).comeBack, pAck: (*pair).ack, pAcked: (*pair).acked,
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
	p := &pair{without: without, limits: limits, calls: NewCalls[uint8](), results: NewResults[uint8](limits)}
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
		if p.call[c].known == 1+uint8(kept) && !p.call[c].bare && p.without != ruleAnswerPins {
			o.pins++
		}
	}
}

// loadCalls: a table that is fenced counts for the connection before.
func (p *pair) loadCalls() {
	t, r := p.calls, p.results
	clear(t.open)
	clear(r.calls)
	t.last, t.done = CallID(p.latest), t.done[:0]
	t.conn, t.fenced = present, p.end[0].fenced || p.waits[0] || p.end[0].over
	r.conn, r.fenced = present, p.end[1].fenced || p.waits[1] || p.end[1].over
	if t.fenced {
		t.conn = before
	}
	if r.fenced {
		r.conn = before
	}
	r.kept, r.bytes, r.order = 0, 0, r.order[:0]
	for i := range p.call {
		id := CallID(i + 1)
		if p.call[i].open {
			t.open[id] = uint8(id)
		}
		if p.call[i].done {
			t.done = append(t.done, id)
		}
		if p.call[i].known == 0 {
			continue
		}
		s := served[uint8]{state: serving(p.call[i].known - 1)}
		if s.state == kept {
			s.answer, s.size = p.answerOf(i), 1
			r.kept++
			r.bytes++
			r.order = append(r.order, id)
		}
		r.calls[id] = s
	}
	if len(r.order) == 2 && r.order[0] != CallID(p.keptFst) {
		r.order[0], r.order[1] = r.order[1], r.order[0]
	}
}

func (p *pair) save() (*pairState, error) {
	for i := range p.end {
		p.saveEnd(i)
	}
	p.latest, p.keptFst = uint8(p.calls.last), 0
	for i := range p.call {
		c, id := &p.call[i], CallID(i+1)
		_, c.open = p.calls.open[id]
		c.done, c.known = false, 0
		for _, done := range p.calls.done {
			c.done = c.done || done == id
		}
		if s, known := p.results.calls[id]; known {
			c.known = 1 + uint8(s.state)
		}
	}
	for _, id := range p.results.order {
		if p.results.calls[id].state == kept && p.keptFst == 0 {
			p.keptFst = uint8(id)
		}
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
