package objects

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/proxy"
)

// introductions is the holder's side of rules T3 and T5, for all sessions: the objects
// of one peer that another has introduced. The rules of claims are those of
// lifetime.Claims; this adds the lock, the dialling, and that an object has one Ref,
// whoever it came from (rule H2).
//
// What the owner itself gives is never reached through others, and what one introducer
// gives never through another: else who names an object could come between the two. So
// two that introduce an object at the same moment give two Refs, of which one is claimed.
type introductions struct {
	n     *Node
	count atomic.Int64 // len(known): while it is 0, what owners grant need not be looked for here

	mu     sync.Mutex                 // guards what follows
	known  map[objectName]*introduced // being claimed: the first one for each object
	owners map[uuid.UUID]*owner       // of what is being claimed, by incarnation
	peers  map[uuid.UUID]*session     // that have begun and not ended, by incarnation
}

// vine is an introduction that this node has received and that is being claimed.
type vine struct {
	of    *introduced
	ref   *proxy.Ref // of it: who claims an object holds it (rule T5)
	token *wire.Introduction
	asked bool // the owner was asked on its word
}

// owner is a node of which objects are being claimed.
type owner struct {
	claims     *lifetime.Claims[*vine]
	conn       lifetime.Conn // that the claims are sent on
	dialling   bool
	candidates []candidate   // its addresses that were not tried yet
	more       chan struct{} // capacity 1: there are more of them
}

// introducer is what a session counts of what its peer introduces; introductions.mu
// guards it, but for the places.
type introducer struct {
	claims int                         // that are not resolved
	dials  chan struct{}               // places for dials under way
	owners int                         // sessions that were dialled on its word
	vain   map[uuid.UUID]time.Duration // until when, by the node's clock, what it says of an owner is not tried again
	begun  bool                        // the session has had a connection
	ended  bool                        // the session has ended
}

// mayDial reports whether one more owner may be dialled on the word of by, which has a
// place for that.
func (x *introductions) mayDial(by *introducer) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return by.owners+len(by.dials) <= x.n.cfg.Limits.Owners
}

// maxClaims is how many claims a session may have that the owner has not answered. More
// break the protocol.
const maxClaims = 256

func (x *introductions) init(n *Node) {
	x.n = n
	x.known, x.owners, x.peers = map[objectName]*introduced{}, map[uuid.UUID]*owner{}, map[uuid.UUID]*session{}
}

// unknow takes r out of the table; x.mu is held.
func (x *introductions) unknow(r *introduced) {
	if x.known[r.name] == r {
		delete(x.known, r.name)
		x.count.Store(int64(len(x.known)))
	}
}

// find returns the reference to an object that is being claimed, with its Ref; x.mu is
// held.
func (x *introductions) find(name objectName) (*introduced, *proxy.Ref) {
	r := x.known[name]
	if r == nil {
		return nil, nil
	}
	ref := r.ref.Value()
	if ref == nil {
		return nil, nil
	}
	return r, ref
}

// receive counts a grant of session m.s that may stand for an object that this process
// knows by another session, or that is introduced, and returns its Ref. The error is a
// violation.
func (x *introductions) receive(m *imports, on lifetime.Conn, c *wire.Cap, of receipt) (*proxy.Ref, error) {
	x.mu.Lock()
	ref, err := x.receiveLocked(m, on, c, of)
	x.mu.Unlock()
	if c.Third != nil && err == nil {
		x.pursue(c.Third.Owner)
	}
	return ref, err
}

func (x *introductions) receiveLocked(m *imports, on lifetime.Conn, c *wire.Cap, of receipt) (*proxy.Ref, error) {
	ref, err := m.again(on, c, of)
	if ref != nil || err != nil {
		if r, ok := ref.Binding().(*introduced); ok && err == nil {
			r.note(of)
		}
		return ref, err
	}
	if c.Third == nil {
		r, ref := x.find(objectName{m.s.peer.incarnation, lifetime.ObjectID(c.Object)})
		if r == nil {
			return m.take(on, c, of)
		}
		i, err := m.enter(on, c, ref)
		if err != nil {
			return nil, err
		}
		r.note(of)
		r.settle(routeDirect, i)
		return ref, nil
	}
	if owner := uuid.UUID(c.Third.Owner); owner == x.n.incarnation || owner == m.s.peer.incarnation {
		return m.take(on, c, of) // nothing is nearer than the introducer
	}
	return x.introduce(m, on, c, of)
}

// introduce receives an introduction; x.mu is held.
func (x *introductions) introduce(m *imports, on lifetime.Conn, c *wire.Cap, of receipt) (*proxy.Ref, error) {
	name := objectName{c.Third.Owner, lifetime.ObjectID(c.Third.Object)}
	if ref := x.held(name, c.Iface, of); ref != nil {
		if err := m.decline(on, c); err != nil {
			return nil, err
		}
		return ref, nil
	}
	r := &introduced{x: x, name: name, ready: make(chan struct{})}
	ref := proxy.NewRef(c.Iface, r)
	r.ref = weak.Make(ref)
	i, err := m.enter(on, c, ref)
	if err != nil {
		return nil, err
	}
	r.vine = i
	r.at.Store(i)
	r.note(of)
	if !x.claim(&vine{of: r, ref: ref, token: c.Third}) {
		r.stay()
	}
	return ref, nil
}

// held returns the Ref of an object that the owner itself has given, nil if there is
// none that can be used; x.mu is held.
func (x *introductions) held(name objectName, iface string, of receipt) *proxy.Ref {
	s := x.peers[name.owner]
	if s == nil {
		return nil
	}
	ref := s.imports.known(name.object, iface, of)
	if ref != nil {
		if r, ok := ref.Binding().(*introduced); ok {
			r.note(of)
		}
	}
	return ref
}

// claim has an object claimed on the word of v. It reports false if too much is being
// claimed already. x.mu is held.
func (x *introductions) claim(v *vine) bool {
	from, name := v.of.vine.s, v.of.name
	if from.introducer.claims >= x.n.cfg.Limits.Claims || x.contradicts(v) || x.vain(v) {
		return false
	}
	o := x.owners[name.owner]
	if o == nil {
		o = &owner{claims: lifetime.NewClaims[*vine](maxClaims), more: make(chan struct{}, 1)}
		if s := x.peers[name.owner]; s != nil {
			o.resume(s.conn.Load().number)
		}
	}
	if !o.claims.Introduce(name.object, v) {
		return false
	}
	x.owners[name.owner] = o
	if x.known[name] == nil {
		x.known[name] = v.of
		x.count.Store(int64(len(x.known)))
	}
	from.introducer.claims++
	from.imports.hold(v.of.vine)
	o.offer(v)
	return true
}

// contradicts reports whether an introducer says that the owner has another key than
// the one that it has proved; x.mu is held.
func (x *introductions) contradicts(v *vine) bool {
	s := x.peers[v.of.name.owner]
	return s != nil && s.peer.info.HasPeerKey && v.token.Key != nil && !bytes.Equal(v.token.Key, s.peer.provenKey())
}

// missed notes that an owner could not be reached by what the introducers of vines say;
// x.mu is held.
func (x *introductions) missed(owner uuid.UUID, vines []*vine) {
	for _, v := range vines {
		by := v.of.vine.s.introducer
		if by.vain == nil || len(by.vain) >= maxVain {
			by.vain = map[uuid.UUID]time.Duration{}
		}
		by.vain[owner] = x.n.clock() + vainPause
	}
}

// maxVain is how many owners that could not be reached are remembered of one introducer.
const maxVain = 256

// vain reports whether the owner could not be reached just now at the addresses that the
// introducer of v tells; x.mu is held.
func (x *introductions) vain(v *vine) bool {
	until, failed := v.of.vine.s.introducer.vain[v.of.name.owner]
	return failed && x.peers[v.of.name.owner] == nil && x.n.clock() < until
}

// vainPause is how long objects of an owner that could not be reached are left on their
// vines at once: else the first call on each would wait for claimPatience.
const vainPause = 30 * time.Second

// resume lets claims be sent on connection c.
func (o *owner) resume(c lifetime.Conn) {
	if o.conn != c {
		o.conn = c
		o.claims.Fence()
		o.claims.Resume(c)
	}
}

// resolve ends claims: each vine is given back, or stays the way of its reference.
// x.mu is held.
func (x *introductions) resolve(vines []*vine) {
	for _, v := range vines {
		r := v.of
		r.vine.s.introducer.claims--
		r.stay()
		if r.way() == routeDirect {
			r.vine.s.imports.leave(r.vine)
		}
		r.vine.s.imports.unuse(r.vine)
	}
}

// begun notes that connection c of a session can carry claims.
func (x *introductions) begun(c *connection) {
	s := c.s
	x.mu.Lock()
	if s.introducer.ended {
		x.mu.Unlock()
		return
	}
	if by := s.peer.want.by; by != nil && !s.introducer.begun {
		by.owners++
	}
	s.introducer.begun = true
	x.peers[s.peer.incarnation] = s
	if o := x.owners[s.peer.incarnation]; o != nil {
		o.resume(c.number)
	}
	x.mu.Unlock()
	x.pursue(s.peer.incarnation)
}

// fence lets no answer to a claim count that came on a lost connection (rule R1).
func (x *introductions) fence(s *session) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if o := x.owners[s.peer.incarnation]; o != nil && x.peers[s.peer.incarnation] == s {
		o.claims.Fence()
		o.conn = 0
	}
}

// end resolves the claims of a session that has ended as failed (rule R5).
func (x *introductions) end(s *session) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s.introducer.ended = true
	if by := s.peer.want.by; by != nil && s.introducer.begun {
		by.owners--
	}
	if x.peers[s.peer.incarnation] != s {
		return
	}
	delete(x.peers, s.peer.incarnation)
	if o := x.owners[s.peer.incarnation]; o != nil {
		x.fail(s.peer.incarnation, o)
	}
}

// fail resolves all claims of an owner as failed, and returns their vines; x.mu is held.
func (x *introductions) fail(incarnation uuid.UUID, o *owner) []*vine {
	delete(x.owners, incarnation)
	vines := o.claims.End()
	x.resolve(vines)
	return vines
}

// len returns how many claims are not resolved.
func (x *introductions) len() (n int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, o := range x.owners {
		n += o.claims.Len()
	}
	return n
}
