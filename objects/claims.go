package objects

import (
	"errors"
	"fmt"
	"sync"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
)

// send makes the claims that are due to the peer of s.
func (x *introductions) send(s *session) {
	for {
		c := s.conn.Load()
		x.mu.Lock()
		o := x.owners[s.peer.incarnation]
		if o == nil {
			x.mu.Unlock()
			return
		}
		q, object, v, ok := o.claims.Next(c.number)
		if ok {
			v.asked = true
		}
		x.mu.Unlock()
		if !ok {
			return
		}
		c.send(&wire.Claim{Q: uint64(q), Object: uint64(object), Via: v.of.vine.s.peer.incarnation, Expiry: v.token.Expiry, MAC: v.token.MAC})
	}
}

// receiveClaimResult takes the owner's answer to a claim. An error is a violation.
func (on *connection) receiveClaimResult(msg []byte) error {
	var m wire.ClaimResult
	if err := wire.ParseClaimResult(msg, &m); err != nil {
		return err
	}
	x := &on.s.node.introductions
	x.mu.Lock()
	again, err := x.answered(on, &m)
	x.mu.Unlock()
	if again {
		x.pursue(on.s.peer.incarnation)
	}
	return err
}

// answered takes the answer m; x.mu is held. It reports whether the object is to be
// claimed on the word of another introducer.
func (x *introductions) answered(on *connection, m *wire.ClaimResult) (again bool, err error) {
	s := on.s
	o := x.owners[s.peer.incarnation]
	if o == nil || x.peers[s.peer.incarnation] != s {
		return false, errors.New("answer to a claim that was not made")
	}
	granted := m.Status == wire.ClaimOK
	object, vines, resolved, err := o.claims.Answer(on.number, lifetime.ClaimID(m.Q), granted)
	if err != nil {
		return false, err
	}
	if granted {
		err = x.granted(on, &wire.Cap{XID: m.XID, Object: uint64(object)}, vines)
	} else {
		s.log.Debug("claim refused", "object", object, "status", m.Status, "text", m.Text)
	}
	if !resolved {
		return true, err
	}
	x.resolve(vines)
	if o.claims.Len() == 0 {
		delete(x.owners, s.peer.incarnation)
	}
	return false, err
}

// granted takes an object that was claimed, for the last of vines on whose word the
// owner was asked; x.mu is held.
func (x *introductions) granted(on *connection, c *wire.Cap, vines []*vine) error {
	m := &on.s.imports
	if known, err := m.count(on.number, c); known || err != nil {
		return err // the owner has given it, too
	}
	var by *vine
	for _, v := range vines {
		if v.asked {
			by = v
		}
	}
	if by.of.way() != routeClaiming {
		return m.decline(on.number, c) // released meanwhile, or it took too long
	}
	i, err := m.enter(on.number, c, by.ref)
	if err == nil {
		by.of.settle(routeDirect, i)
	}
	return err
}

// claimed are the answers to claims of the peer that were not sent yet.
type claimed struct {
	mu      sync.Mutex
	answers []wire.ClaimResult
	sending bool
}

// receiveClaim takes a claim of the peer on an object of this node (rule T4). An error
// is a violation.
func (on *connection) receiveClaim(msg []byte) error {
	var m wire.Claim
	if err := wire.ParseClaim(msg, &m); err != nil {
		return err
	}
	answer, err := on.judgeClaim(&m)
	if err != nil {
		return err
	}
	a := &on.claimed
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.answers) >= maxClaims {
		return fmt.Errorf("more than %d claims at once", maxClaims)
	}
	a.answers = append(a.answers, answer)
	if !a.sending {
		a.sending = true
		on.s.node.spawn(on.answerClaims) // else the node is closing
	}
	return nil
}

// answerClaims sends the answers that there are.
func (on *connection) answerClaims() {
	if on.ready(on.s.ctx) != nil {
		return // nor will another answer be sent
	}
	a := &on.claimed
	for {
		a.mu.Lock()
		answers := a.answers
		a.answers = nil
		a.sending = len(answers) > 0
		a.mu.Unlock()
		if len(answers) == 0 {
			return
		}
		for i := range answers {
			on.send(&answers[i])
		}
	}
}

// judgeClaim grants what the peer claims, if the introduction is genuine, and says so.
// The error is lifetime.ErrStale.
func (on *connection) judgeClaim(m *wire.Claim) (wire.ClaimResult, error) {
	refuse := func(status wire.ClaimStatus, text string) (wire.ClaimResult, error) {
		on.s.log.Debug("claim refused", "object", m.Object, "introducer", m.Via, "cause", text)
		return wire.ClaimResult{Q: m.Q, Status: status, Text: text}, nil
	}
	via, _ := on.s.node.latest(m.Via)
	switch {
	case via == nil:
		return refuse(wire.ClaimExpired, "the introducer has no session")
	case !on.s.node.genuine(m, via.peer.secret, &on.s.peer):
		return refuse(wire.ClaimDenied, "the introduction is not for this node, or forged")
	case via.age() > m.Expiry:
		return refuse(wire.ClaimExpired, "the introduction has expired")
	}
	xid, err := on.s.node.exports.claim(on.s.id, on.number, lifetime.ObjectID(m.Object), via.id)
	switch {
	case err == nil:
		return wire.ClaimResult{Q: m.Q, XID: uint64(xid)}, nil
	case errors.Is(err, lifetime.ErrStale), errors.Is(err, lifetime.ErrEnded):
		return wire.ClaimResult{}, lifetime.ErrStale
	case errors.Is(err, lifetime.ErrGone):
		return refuse(wire.ClaimGone, err.Error())
	case errors.Is(err, lifetime.ErrIntroducer):
		return refuse(wire.ClaimExpired, err.Error())
	}
	return refuse(wire.ClaimDenied, err.Error())
}

// genuine reports whether p was introduced to this node, in a session with a secret.
// The introducer need not have seen the key that this node sees, but if it has, p must
// own it.
func (n *Node) genuine(m *wire.Claim, secret []byte, p *peer) bool {
	if secret == nil {
		return false
	}
	return m.Genuine(secret, n.incarnation, p.recipient()) || m.Genuine(secret, n.incarnation, wire.Recipient{Incarnation: p.incarnation})
}

// claim grants an object to session s on the word of session via.
func (x *exports) claim(s lifetime.SessionID, c lifetime.Conn, id lifetime.ObjectID, via lifetime.SessionID) (lifetime.XID, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.table.Claim(s, c, id, via)
}
