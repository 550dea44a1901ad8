package objects

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// The handshake runs on the bare link, before multiplexing: Hello from the
// dialler, HelloAck from the acceptor, Go from the dialler. The third message
// settles double connections, see pairing.go.

// hello is what this node says of itself.
func (n *Node) hello() wire.Hello {
	l := &n.cfg.Limits
	return wire.Hello{
		Versions:    wire.Versions{Min: wire.Version, Max: wire.Version},
		Node:        n.id,
		Incarnation: n.incarnation,
		Lease:       n.cfg.Lease,
		Limits: wire.Limits{
			Message:    uint64(l.MessageSize),
			Depth:      uint64(l.Depth),
			Elements:   uint64(l.Elements),
			Pairs:      uint64(l.Pairs),
			References: uint64(l.References),
			Streams:    uint64(l.Streams),
			Exports:    uint64(l.Exports),
			Imports:    uint64(l.Imports),
			Calls:      uint64(l.calls()),
			Arguments:  uint64(l.arguments()),
		},
	}
}

// dialHandshake runs the dialler's side on link. It returns the session to use:
// a new one that the caller starts, or one that exists already.
func (n *Node) dialHandshake(ctx context.Context, link transport.Link, url string) (s *session, fresh bool, err error) {
	hello := n.hello()
	if err := wire.WriteHello(link, &hello); err != nil {
		return nil, false, fault(CodeUnreachable, err, "")
	}
	var ack wire.HelloAck
	if err := wire.ReadHelloAck(link, &ack); err != nil {
		return nil, false, handshakeFault(err)
	}
	if !ack.Versions.Include(wire.Version) {
		return nil, false, versionFault(ack.Versions)
	}
	if ack.Incarnation == n.incarnation {
		wire.WriteGo(link, wire.GoAbandon)
		return nil, false, errSelf
	}
	switch ack.Status {
	case wire.StatusNew:
		return n.settleDial(ctx, link, &ack, url, wire.GoStart)
	case wire.StatusDuplicate:
		return n.settleDial(ctx, link, &ack, url, wire.GoReplace)
	case wire.StatusVersion:
		return nil, false, versionFault(ack.Versions)
	default:
		return nil, false, fault(CodeRefused, reason(ack.Text), "")
	}
}

// confirm says word and makes the session.
func (n *Node) confirm(link transport.Link, ack *wire.HelloAck, url string, word wire.GoStatus) (*session, error) {
	if err := wire.WriteGo(link, word); err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	if word == wire.GoReplace {
		var verdict wire.HelloAck // the peer has asked its old connection
		if err := wire.ReadHelloAck(link, &verdict); err != nil {
			return nil, handshakeFault(err)
		}
		if verdict.Status != wire.StatusNew {
			return nil, fault(CodeRefused, reason(verdict.Text), "")
		}
	}
	return n.open(link, transport.Dialer, peerOf(link, &ack.Hello, url))
}

// acceptHandshake runs the acceptor's side. A nil session without an error
// means that the dialler will use another connection.
func (n *Node) acceptHandshake(link transport.Link) (*session, error) {
	var hello wire.Hello
	if err := wire.ReadHello(link, &hello); err != nil {
		return nil, handshakeFault(err)
	}
	ack := wire.HelloAck{Hello: n.hello()}
	pending, err := n.judge(link, &hello, &ack)
	if werr := wire.WriteHelloAck(link, &ack); err == nil && werr != nil {
		err = fault(CodeUnreachable, werr, "")
	}
	if err != nil {
		n.settle(n.accepting, hello.Incarnation, pending)
		return nil, err
	}
	defer n.settle(n.accepting, hello.Incarnation, pending)
	word, err := wire.ReadGo(link)
	switch {
	case err != nil:
		if pending == nil { // a duplicate's dialler may simply close
			return nil, link.Close()
		}
		return nil, handshakeFault(err)
	case word == wire.GoAbandon:
		return nil, link.Close()
	case word == wire.GoReplace && pending == nil:
		if err := n.replace(link, hello.Incarnation, &ack); err != nil {
			return nil, err
		}
	case word != wire.GoStart || pending == nil:
		return nil, fault(CodeProtocol, fmt.Errorf("handshake ends with %v", word), "")
	}
	return n.open(link, transport.Acceptor, peerOf(link, &hello, ""))
}

// judge decides about an inbound Hello and fills in the answer. The claim
// is nil unless the answer is "new".
func (n *Node) judge(link transport.Link, hello *wire.Hello, ack *wire.HelloAck) (*claim, error) {
	info := link.Info()
	n.lockForHello(hello.Incarnation)
	defer n.mu.Unlock()
	refuse := func(code Code, text string) (*claim, error) {
		ack.Status, ack.Text = wire.StatusRefused, text
		return nil, fault(code, reason(text), "")
	}
	switch {
	case !hello.Versions.Include(wire.Version):
		ack.Status = wire.StatusVersion
		return nil, versionFault(hello.Versions)
	case hello.WantPeer != nil && *hello.WantPeer != n.incarnation:
		ack.Status = wire.StatusWrongIncarnation
		return nil, fault(CodeRefused, fmt.Errorf("dialler wanted incarnation %v", uuid.UUID(*hello.WantPeer)), "")
	case n.closing:
		return refuse(CodeClosed, "node is closing")
	case hello.Incarnation == n.incarnation:
		ack.Status = wire.StatusDuplicate
		return nil, nil
	case n.sessions[hello.Incarnation] != nil || n.accepting[hello.Incarnation] != nil || n.dialled[hello.Incarnation] != nil:
		ack.Status = wire.StatusDuplicate
		return nil, nil
	case n.countSessions(anyLink) >= n.cfg.Limits.Sessions:
		return refuse(CodeLimit, fmt.Sprintf("node has its limit of %d sessions", n.cfg.Limits.Sessions))
	case info.HasPeerKey && n.countSessions(sameKey(info)) >= n.cfg.Limits.SessionsPerKey:
		return refuse(CodeLimit, fmt.Sprintf("peer's key has its limit of %d sessions", n.cfg.Limits.SessionsPerKey))
	}
	ack.Status = wire.StatusNew
	return n.claim(n.accepting, hello.Incarnation, info), nil
}

// countSessions counts the sessions whose connections are among those meant, and
// the inbound ones in the making: there is no room for these later either. n.mu is
// held.
func (n *Node) countSessions(meant func(*transport.Info) bool) (count int) {
	for _, s := range n.sessions {
		if meant(&s.peer.info) {
			count++
		}
	}
	for peer, c := range n.accepting {
		if n.sessions[peer] == nil && meant(&c.info) {
			count++
		}
	}
	return count
}

func anyLink(*transport.Info) bool { return true }

// sameKey selects the connections of one TLS key.
func sameKey(as transport.Info) func(*transport.Info) bool {
	return func(info *transport.Info) bool { return info.HasPeerKey && info.PeerKey == as.PeerKey }
}

// handshakeFault explains what was read in place of a handshake message.
func handshakeFault(err error) *Error {
	if wire.IsForeign(err) {
		return fault(CodeProtocol, err, "check that both addresses belong to netobj nodes and name the same scheme")
	}
	return fault(CodeUnreachable, err, "")
}

func versionFault(theirs wire.Versions) *Error {
	return fault(CodeVersion, fmt.Errorf("peer speaks %v, this node %d", theirs, wire.Version), "update the older of the two")
}
