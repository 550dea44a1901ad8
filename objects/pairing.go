package objects

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

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
// a claim that goes before it, or the connection's own claim. lost says that
// the peer believes in a session already.
func (n *Node) claimDial(peer uuid.UUID, info transport.Info, lost bool) (s *session, other, own *claim) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.sessions[peer]; s != nil {
		return s, nil, nil
	}
	if c := n.dialled[peer]; c != nil {
		return nil, c, nil
	}
	yields := lost || bytes.Compare(n.incarnation[:], peer[:]) > 0
	if c := n.accepting[peer]; c != nil && yields {
		return nil, c, nil
	}
	return nil, nil, n.claim(n.dialled, peer, info)
}

// settleDial ends a dialler's handshake: with word and a new session, or, if
// another connection goes before this one, with that one's session.
func (n *Node) settleDial(ctx context.Context, link transport.Link, ack *wire.HelloAck, url string, word wire.GoStatus) (s *session, fresh bool, err error) {
	peer := ack.Incarnation
	s, other, own := n.claimDial(peer, link.Info(), word == wire.GoReplace)
	if own == nil {
		wire.WriteGo(link, wire.GoAbandon)
		if s == nil {
			s, err = n.await(ctx, other, peer)
		}
		return s, false, err
	}
	s, err = n.confirm(link, ack, url, word)
	n.settle(n.dialled, peer, own)
	if err != nil && word == wire.GoReplace {
		// What the peer believes in may be a session that stands here by now.
		if s, _ := n.await(ctx, own, peer); s != nil {
			return s, false, nil
		}
	}
	return s, true, err
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

// replace makes room for a dialler that has lost its session with this node,
// if that session is indeed dead, and tells the dialler.
func (n *Node) replace(link transport.Link, peer uuid.UUID, ack *wire.HelloAck) error {
	old := n.sessionOf(peer)
	if old != nil && old.peer.info.PeerKey != link.Info().PeerKey {
		ack.Status, ack.Text = wire.StatusRefused, "this incarnation belongs to another key"
	} else if old != nil && old.answers() {
		ack.Status, ack.Text = wire.StatusRefused, "this incarnation has a working session"
	} else {
		ack.Status, ack.Text = wire.StatusNew, ""
	}
	if err := wire.WriteHelloAck(link, ack); err != nil {
		return fault(CodeUnreachable, err, "")
	}
	if ack.Status != wire.StatusNew {
		return fault(CodeRefused, reason(ack.Text), "")
	}
	if old != nil {
		old.conn.Abort(reason("peer connected anew"))
		<-old.ended
	}
	return nil
}

// answers reports whether the session still carries a call there and back.
func (s *session) answers() bool {
	ctx, cancel := context.WithTimeout(s.ctx, s.node.cfg.HandshakeTimeout/2)
	defer cancel()
	return s.remote.Ping(ctx) == nil
}
