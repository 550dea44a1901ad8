package lifetime

// The oracle is the model that the rules were worked out with: one object at owner
// B, holders A and C, and everything a plain count. It knows nothing of the tables.
// Grants are not ordered, control messages are; each side fences a broken
// connection by itself; leases end, holders crash, one-way calls pin, and A hands
// the object to C with a vine. The star of the tables (star_test.go) must allow the
// same steps in the same states, and must come to the same counts.

// oracle is a state of the model.
type oracle struct {
	obj, root bool
	h         [2]oracleHolder
	v         oracleVine
	budget    budget
}

type oracleHolder struct {
	alive, live    bool  // the process; its program has a proxy
	cur, old       bool  // a cleanup is queued: of the present proxy, of an older one
	route          route // of the proxy
	cnt            uint8 // the owner's count
	rc, batch      uint8 // the holder's: grants held, grants to be returned
	pins           uint8 // one-way calls without acknowledgement
	conn           conn
	hf, of         bool // while the connection is broken: holder, owner has fenced it
	waits          bool // the owner has not read the statement of the present connection, or fenced it
	grants, ow, oa uint8
	ctl            control
	claim          claimStage
}

type oracleVine struct {
	cnt, rc  uint8 // counts of the vine at A and C
	handoffs uint8 // on their way
	releases uint8 // grants on their way back
	pending  bool  // C has decided to give the vine back
	conn     vineConn
}

// route is how a proxy reaches its object.
type route uint8

const (
	noRoute route = iota
	claiming
	direct
	overVine
)

// conn is the connection of a holder with the owner.
type conn uint8

const (
	up conn = iota
	broken
	reconciling // resumed, and the owner has not read the statement
	expired     // the owner has ended the session
)

// vineConn is that of introducer and receiver, which is not resumed.
type vineConn uint8

const (
	vineUp vineConn = iota
	vineBroken
	vineOver // the introducer has ended the session
)

type claimStage uint8

const (
	noClaim claimStage = iota
	toSend
	asked
	granted // the answer is on its way
	refused // likewise
	lost    // granted on a connection that is broken
)

// budget is what may still happen.
type budget struct {
	grants, oneWays, breaks [3]uint8 // for each holder
	handoffs, vineBreaks    [2]uint8
	crashes, ownerCrashes   uint8
}

// control is the ordered stream from a holder to the owner: numbers of grants that
// are returned, or statement and the number that is held.
type control struct {
	msg [4]uint8
	n   uint8
}

const (
	statement = 0x80
	ctlRoom   = 3
)

func (c *control) full() bool { return c.n == ctlRoom }

func (c *control) push(v uint8) {
	if int(c.n) < len(c.msg) {
		c.msg[c.n] = v
		c.n++
	}
}

func (c *control) pop() uint8 {
	v := c.msg[0]
	copy(c.msg[:], c.msg[1:])
	c.msg[len(c.msg)-1] = 0
	c.n--
	return v
}

// sum is the number of grants on their way back.
func (c *control) sum() (n uint8) {
	for _, v := range c.msg[:c.n] {
		if v&statement == 0 {
			n += v
		}
	}
	return n
}

// steps of the model, in the order of kinds. Each reports false if it cannot
// happen.
var oracleSteps = [...]func(o *oracle, i int) bool{
	kGrant: (*oracle).grant, kDecode: (*oracle).decode, kDrop: (*oracle).drop, kUnreachable: (*oracle).unreachable,
	kCleanup: (*oracle).cleanup, kStale: (*oracle).stale, kFlush: (*oracle).flush, kRead: (*oracle).read,
	kOneWay: (*oracle).oneWay, kServe: (*oracle).serve, kAck: (*oracle).ack, kBreak: (*oracle).breakUp,
	kHolderFence: (*oracle).holderFence, kOwnerFence: (*oracle).ownerFence, kResume: (*oracle).resume,
	kExpire: (*oracle).expire, kLearn: (*oracle).learn, kCrash: (*oracle).crash, kRoot: (*oracle).dropRoot,
	kHandoff: (*oracle).handoff, kDecodeHandoff: (*oracle).decodeHandoff, kSendClaim: (*oracle).sendClaim,
	kCannotClaim: (*oracle).cannotClaim, kServeClaim: (*oracle).serveClaim, kClaimOK: (*oracle).claimOK,
	kClaimFail: (*oracle).claimFail, kGiveVine: (*oracle).giveVine, kReleaseVine: (*oracle).releaseVine,
	kReadVine: (*oracle).readVine, kVineBreak: (*oracle).vineBreak, kVineExpire: (*oracle).vineExpire, kVineLearn: (*oracle).vineLearn,
	kOwnerCrash: nil,
}

// step does one step, and reclaims what nobody holds any more.
func (o *oracle) step(l label) bool {
	step := oracleSteps[l.kind]
	if step == nil || !step(o, int(l.at)) {
		return false
	}
	if !o.root && o.h[0].cnt == 0 && o.h[1].cnt == 0 {
		o.obj = false
	}
	return true
}

func (h *oracleHolder) ownerReads() bool {
	return h.conn == up || h.conn == reconciling || h.conn == broken && !h.of
}

func (h *oracleHolder) holderReads() bool {
	return h.alive && (h.conn == up || h.conn == broken && !h.hf)
}

func (o *oracle) grant(i int) bool {
	h := &o.h[i]
	if o.budget.grants[i] == 0 || !o.root || h.waits || h.conn != up && h.conn != broken {
		return false
	}
	o.budget.grants[i]--
	h.cnt++
	if h.conn == up {
		h.grants++ // what is sent on a broken connection is lost
	}
	return true
}

func (o *oracle) decode(i int) bool {
	h := &o.h[i]
	if h.grants == 0 || !h.holderReads() {
		return false
	}
	h.grants--
	h.rc++
	h.renew()
	h.route = direct
	return true
}

// renew makes a proxy if there is none: one whose cleanup is queued is dead.
func (h *oracleHolder) renew() {
	if !h.live && h.cur {
		h.cur, h.old = false, true
	}
	h.live = true
}

func (o *oracle) drop(i int) bool {
	h := &o.h[i]
	if !h.alive || !h.live {
		return false
	}
	h.live = false
	return true
}

func (o *oracle) unreachable(i int) bool {
	h := &o.h[i]
	pinned := i == 0 && o.v.cnt > 0 || h.pins > 0
	if !h.alive || h.live || h.rc == 0 || h.cur || pinned {
		return false
	}
	h.cur = true
	return true
}

func (o *oracle) cleanup(i int) bool {
	h := &o.h[i]
	if !h.alive || !h.cur {
		return false
	}
	h.batch, h.rc, h.cur, h.route = h.batch+h.rc, 0, false, noRoute
	return true
}

func (o *oracle) stale(i int) bool {
	h := &o.h[i]
	if !h.alive || !h.old {
		return false
	}
	h.old = false
	return true
}

func (o *oracle) flush(i int) bool {
	h := &o.h[i]
	if !h.alive || h.batch == 0 || h.conn != up && h.conn != reconciling || h.ctl.full() {
		return false
	}
	h.ctl.push(h.batch)
	h.batch = 0
	return true
}

func (o *oracle) read(i int) bool {
	h := &o.h[i]
	if h.ctl.n == 0 || !h.ownerReads() {
		return false
	}
	switch v := h.ctl.pop(); {
	case v&statement != 0:
		h.cnt, h.waits = v&^statement, false
		if h.conn == reconciling {
			h.conn = up
		}
	default:
		h.cnt -= v
	}
	return true
}

func (o *oracle) oneWay(i int) bool {
	h := &o.h[i]
	if !h.alive || !h.live || h.route != direct || o.budget.oneWays[i] == 0 || h.conn != up {
		return false
	}
	o.budget.oneWays[i]--
	h.ow++
	h.pins++
	return true
}

func (o *oracle) serve(i int) bool {
	h := &o.h[i]
	if h.ow == 0 || !h.ownerReads() {
		return false
	}
	h.ow--
	if h.conn != broken {
		h.oa++
	}
	return true
}

func (o *oracle) ack(i int) bool {
	h := &o.h[i]
	if h.oa == 0 || !h.holderReads() {
		return false
	}
	h.oa--
	h.pins -= min(h.pins, 1)
	return true
}

func (o *oracle) breakUp(i int) bool {
	h := &o.h[i]
	if o.budget.breaks[i] == 0 || !h.alive || h.conn != up && h.conn != reconciling {
		return false
	}
	o.budget.breaks[i]--
	h.conn, h.hf, h.of = broken, false, false
	return true
}

func (o *oracle) holderFence(i int) bool {
	h := &o.h[i]
	if h.conn != broken || h.hf {
		return false
	}
	h.hf, h.oa, h.pins, h.grants = true, 0, 0, 0
	h.claimAgain()
	return true
}

func (h *oracleHolder) claimAgain() {
	if h.claim != noClaim {
		h.claim = toSend
	}
}

func (o *oracle) ownerFence(i int) bool {
	h := &o.h[i]
	if h.conn != broken || h.of {
		return false
	}
	h.of, h.waits, h.ow, h.ctl = true, true, 0, control{}
	if !h.alive {
		h.grants, h.oa = 0, 0
	}
	return true
}

func (o *oracle) resume(i int) bool {
	h := &o.h[i]
	if !h.alive || h.conn != broken || !h.hf || !h.of {
		return false
	}
	h.conn = reconciling
	h.ctl.push(statement | h.rc)
	h.batch = 0
	return true
}

func (o *oracle) expire(i int) bool {
	h := &o.h[i]
	if h.conn != broken || !h.of {
		return false
	}
	h.conn, h.cnt, h.waits = expired, 0, false
	return true
}

func (o *oracle) learn(i int) bool {
	h := &o.h[i]
	toLearn := h.live && h.route == direct || h.claim == asked || h.claim == granted || h.claim == lost ||
		h.rc > 0 || h.batch > 0 || h.cur || h.old || h.pins > 0 || h.grants > 0 || h.oa > 0 || h.ow > 0 || !h.hf
	if h.conn != expired || !h.alive || !toLearn {
		return false
	}
	h.rc, h.batch, h.cur, h.old, h.pins = 0, 0, false, false, 0
	h.grants, h.oa, h.ow, h.hf = 0, 0, 0, true
	if h.route == direct {
		h.live, h.route = false, noRoute
	}
	h.claimAgain()
	return true
}

func (o *oracle) crash(i int) bool {
	h := &o.h[i]
	if o.budget.crashes == 0 || !h.alive {
		return false
	}
	o.budget.crashes--
	*h = oracleHolder{cnt: h.cnt, ctl: h.ctl, ow: h.ow, conn: h.conn, hf: true, of: h.of, waits: h.waits}
	if h.conn == up || h.conn == reconciling {
		h.conn, h.of = broken, false
	}
	if o.v.conn == vineUp {
		o.v.conn, o.v.handoffs, o.v.releases = vineBroken, 0, 0
	}
	if i == 0 {
		o.v.cnt, o.v.conn = 0, vineOver
	} else {
		o.v.rc, o.v.pending = 0, false
	}
	return true
}

func (o *oracle) dropRoot(i int) bool {
	if i != 0 || !o.root {
		return false
	}
	o.root = false
	return true
}
