package objects

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// Each pair of nodes keeps one connection, also when both dial at once or one
// dials two addresses of the other. A handshake that may still become the
// session is a claim; Node.mu guards all claims together with the sessions, so
// that a node says go to one of its connections only.
//
//   - The acceptor decides about one connection of a dialler after the other.
//     It answers "duplicate" if it has a session with the dialler, or has said
//     go to one.
//   - The dialler that finds the peer dialling it at the same moment keeps the
//     connection that the smaller incarnation dialled. It abandons its own if
//     another one has said go before.
//   - A dialler that is told "duplicate" but has no such session has lost it
//     unnoticed by the peer: it says "replace". The peer then asks the old
//     connection for a sign of life, and gives way if none comes.

// claim is a connection that is about to become the session with a peer.
type claim struct {
	info transport.Info
	done chan struct{} // closed when it is the session, or will not be
}

// errCrossed: handshakes crossed so that no connection held. Dialling again helps.
var errCrossed = errors.New("several connections were made at once and none held")

// claim makes a claim in one of the node's tables; n.mu is held.
func (n *Node) claim(table map[uuid.UUID]*claim, peer uuid.UUID, info transport.Info) *claim {
	c := &claim{info: info, done: make(chan struct{})}
	table[peer] = c
	return c
}

// settle ends a claim: who waits for it looks for the session now.
func (n *Node) settle(table map[uuid.UUID]*claim, peer uuid.UUID, c *claim) {
	if c == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if table[peer] == c {
		delete(table, peer)
	}
	close(c.done)
}

// claimDial decides about a connection to peer that this node dialled and has
// not yet said go on. One of the results is set: a session to use in its place,
// a claim that goes before it, or the connection's own claim, with the session that
// is down, if there is one. lost says that the peer believes in a session already.
func (n *Node) claimDial(peer uuid.UUID, info transport.Info, lost bool) (s *session, other, own *claim, down *session) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.sessions[peer]; s != nil {
		return s, nil, nil, nil
	}
	if c := n.dialled[peer]; c != nil {
		return nil, c, nil, nil
	}
	yields := lost || bytes.Compare(n.incarnation[:], peer[:]) > 0
	if c := n.accepting[peer]; c != nil && yields {
		return nil, c, nil, nil
	}
	return nil, nil, n.claim(n.dialled, peer, info), n.lost[peer]
}

// settleDial ends a dialler's handshake: with a new connection, or, if another one
// goes before this one, with that one's session.
func (n *Node) settleDial(ctx context.Context, link *outbound, ack *wire.HelloAck) (s *session, fresh *connection, err error) {
	peer := ack.Incarnation
	believes := ack.Status == wire.StatusDuplicate
	s, other, own, down := n.claimDial(peer, link.Info(), believes)
	if own == nil {
		wire.WriteGo(link, wire.GoAbandon)
		if s == nil {
			s, err = n.await(ctx, other, peer)
		}
		return s, nil, err
	}
	fresh, err = n.confirm(link, ack, down)
	n.settle(n.dialled, peer, own)
	if err != nil && believes {
		// What the peer believes in may be a session that stands here by now.
		if s, _ := n.await(ctx, own, peer); s != nil {
			return s, nil, nil
		}
	}
	if err != nil {
		return nil, nil, err
	}
	return fresh.s, fresh, nil
}

// await waits for c and whatever other claims there are, and returns the
// session that came of them. No claim waits for an await, so it ends.
func (n *Node) await(ctx context.Context, c *claim, peer uuid.UUID) (*session, error) {
	for c != nil {
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, fault(CodeUnreachable, context.Cause(ctx), "")
		}
		n.mu.Lock()
		s := n.sessions[peer]
		c = cmp.Or(n.accepting[peer], n.dialled[peer])
		n.mu.Unlock()
		if s != nil {
			return s, nil
		}
	}
	return nil, fault(CodeUnreachable, errCrossed, "try again")
}

// lockForHello locks n.mu for the decision about a connection that peer
// dialled, once no other one of the same peer is being decided about: so
// "duplicate" always speaks of a decision that was made.
func (n *Node) lockForHello(peer uuid.UUID) {
	deadline := time.NewTimer(n.cfg.HandshakeTimeout)
	defer deadline.Stop()
	for {
		n.mu.Lock()
		c := n.accepting[peer]
		if c == nil {
			return
		}
		n.mu.Unlock()
		select {
		case <-c.done:
		case <-deadline.C:
			n.mu.Lock()
			return
		}
	}
}

func (n *Node) sessionOf(peer uuid.UUID) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sessions[peer]
}

// replace makes room for a dialler that knows nothing of the session that this node
// believes in, or has lost its connection, if that is indeed dead, and tells the
// dialler. It returns the session that is to be resumed; nil: a new one begins.
func (n *Node) replace(link transport.Link, hello *wire.Hello, ack *wire.HelloAck, word wire.GoStatus) (*session, error) {
	old, standing := n.latest(hello.Incarnation)
	info := link.Info()
	switch {
	case old != nil && !samePeer(&old.peer.info, &info):
		ack.Status, ack.Text = wire.StatusRefused, errOtherKey.Error()
	case old != nil && word == wire.GoResume && old.mayResume() > 0:
		ack.Status, ack.Text = wire.StatusRefused, tooOften
	case standing != nil && standing.answers():
		ack.Status, ack.Text = wire.StatusRefused, "this incarnation has a working session"
	default:
		old = old.makeRoom(standing, word)
		ack.Status, ack.Text = wire.StatusNew, ""
		if old != nil {
			old.payResume(1, 0)
			ack.Status, ack.Conn = wire.StatusResumed, max(hello.Conn, uint64(n.numberOf(old))+1)
		}
	}
	if err := wire.WriteHelloAck(link, ack); err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	if ack.Status == wire.StatusRefused {
		return nil, fault(CodeRefused, reason(ack.Text), "")
	}
	return old, nil
}

// latest returns the session with an incarnation and its connection, if that stands.
func (n *Node) latest(peer uuid.UUID) (*session, *connection) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := cmp.Or(n.sessions[peer], n.lost[peer])
	if s == nil {
		return nil, nil
	}
	return s, s.attached
}

// numberOf returns the number of the latest connection of s.
func (n *Node) numberOf(s *session) lifetime.Conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	return s.number
}

// makeRoom ends a session's connection and, if the peer does not know the session any
// more, the session. It returns the session if that can be resumed.
func (s *session) makeRoom(standing *connection, word wire.GoStatus) *session {
	switch {
	case s == nil:
		return nil
	case word == wire.GoReplace:
		s.endSoon(reason("peer connected anew"))
		return nil
	case standing != nil:
		standing.Abort(reason("peer connected anew"))
		<-standing.lost
	}
	if now, _ := s.node.latest(s.peer.incarnation); now != s {
		return nil // it has ended instead
	}
	return s
}

// answers reports whether the connection still carries a call there and back.
func (c *connection) answers() bool {
	ctx, cancel := context.WithTimeout(c.s.ctx, c.s.node.cfg.HandshakeTimeout/2)
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-c.lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.s.remote.Ping(ctx) == nil
}
