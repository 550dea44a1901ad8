package objects

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// The handshake runs on the bare link, before multiplexing: Hello from the
// dialler, HelloAck from the acceptor, Go from the dialler. The third message
// settles double connections, see pairing.go.

// hello is what this node says of itself on link.
func (n *Node) hello(link transport.Link) wire.Hello {
	l := &n.cfg.Limits
	nonce := [16]byte(uuid.New())
	return wire.Hello{
		Features:    []string{wire.Introductions},
		Nonce:       &nonce,
		Key:         n.key,
		Addrs:       n.reachableAt(link.Info()),
		Versions:    wire.Versions{Min: wire.Version, Max: wire.Version},
		Node:        n.id,
		Incarnation: n.incarnation,
		Lease:       max(n.cfg.Lease, 0),
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

// wanted is who must answer a dial; anybody if it is zero.
type wanted struct {
	incarnation *uuid.UUID
	key         *[32]byte                 // that it must own, if it answers on TLS
	session     *session                  // whose next connection it is to be
	permit      func(ip netip.Addr) error // decides about each address of a name; nil: any
	by          *introducer               // on whose word it is dialled; nil: the program's
}

// outbound is a link that this node dialled, in its handshake.
type outbound struct {
	transport.Link
	url   string
	want  wanted
	hello wire.Hello // that this node said
}

// dialHandshake runs the dialler's side on link. It returns the session to use and,
// if the link is its new connection, that one, which the caller starts.
func (n *Node) dialHandshake(ctx context.Context, link *outbound) (s *session, fresh *connection, err error) {
	hello := &link.hello
	*hello = n.hello(link)
	hello.Conn = n.nextConn()
	hello.WantPeer = (*[16]byte)(link.want.incarnation)
	if err := wire.WriteHello(link, hello); err != nil {
		return nil, nil, fault(CodeUnreachable, err, "")
	}
	var ack wire.HelloAck
	if err := wire.ReadHelloAck(link, &ack); err != nil {
		return nil, nil, handshakeFault(err)
	}
	if !ack.Versions.Include(wire.Version) {
		return nil, nil, versionFault(ack.Versions)
	}
	if ack.Incarnation == n.incarnation {
		wire.WriteGo(link, wire.GoAbandon)
		return nil, nil, errSelf
	}
	switch ack.Status {
	case wire.StatusNew, wire.StatusResumed, wire.StatusDuplicate:
		if hello.WantPeer != nil && ack.Incarnation != *hello.WantPeer {
			return nil, nil, errOther
		}
		return n.settleDial(ctx, link, &ack)
	case wire.StatusVersion:
		return nil, nil, versionFault(ack.Versions)
	case wire.StatusWrongIncarnation, wire.StatusExpired:
		return nil, nil, n.gone(link, &ack)
	default:
		return nil, nil, fault(CodeRefused, reason(ack.Text), "")
	}
}

// gone is the fault of a peer that says that it cannot resume session want. It is
// final if the same peer says so, as far as a key can tell.
func (n *Node) gone(link *outbound, ack *wire.HelloAck) *Error {
	info, want := link.Info(), link.want.session
	switch {
	case want == nil && ack.Status == wire.StatusWrongIncarnation:
		return errOther
	case want == nil:
		return fault(CodeRefused, reason(ack.Text), "")
	case !samePeer(&want.peer.info, &info):
		return fault(CodeRefused, errOtherKey, "")
	case ack.Status == wire.StatusExpired:
		return expired
	}
	return restarted
}

var (
	errOtherKey = reason("this incarnation belongs to another key")
	errOther    = fault(CodeRefused, reason("another node answers there"), "")
	expired     = fault(CodeGone, reason("its owner has given the session up"), hintLookup)
)

// samePeer reports whether a connection may be the next one after another: it must
// have proved the same key, and be no less guarded.
func samePeer(before, now *transport.Info) bool {
	return before.HasPeerKey == now.HasPeerKey && before.PeerKey == now.PeerKey && (before.Scheme != "tls" || now.Scheme == "tls")
}

// nextConn returns a number that no connection of a session that is down has had.
func (n *Node) nextConn() (next uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.lost {
		next = max(next, uint64(s.number)+1)
	}
	return next
}

// confirm says the dialler's word and makes the connection: the first of a session, or
// the next one of lost, if the peer agrees.
func (n *Node) confirm(link *outbound, ack *wire.HelloAck, lost *session) (*connection, error) {
	info, want := link.Info(), link.want.session
	if lost != nil && !samePeer(&lost.peer.info, &info) {
		return nil, fault(CodeRefused, errOtherKey, "")
	}
	if want != nil && (lost != want || ack.Status == wire.StatusNew) {
		wire.WriteGo(link, wire.GoAbandon)
		return nil, expired
	}
	word := wire.GoStart
	switch {
	case ack.Status == wire.StatusDuplicate && lost != nil:
		word = wire.GoResume
	case ack.Status != wire.StatusNew && lost == nil:
		word = wire.GoReplace
	}
	if err := wire.WriteGo(link, word); err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	if word != wire.GoStart {
		if err := wire.ReadHelloAck(link, ack); err != nil { // the peer has asked its old connection
			return nil, handshakeFault(err)
		}
	}
	switch {
	case ack.Status == wire.StatusResumed && lost != nil:
		return n.resume(link.Link, transport.Dialer, lost, ack.Conn)
	case ack.Status != wire.StatusNew:
		return nil, fault(CodeRefused, reason(ack.Text), "")
	case lost != nil:
		lost.endSoon(expired)
	}
	p := peerOf(link.Link, &ack.Hello, link.url)
	p.secret, p.want = secretOf(link.Link, &link.hello, &ack.Hello), link.want
	return n.open(link.Link, transport.Dialer, p)
}

// acceptHandshake runs the acceptor's side. A nil connection without an error
// means that the dialler will use another one.
func (n *Node) acceptHandshake(link transport.Link) (*connection, error) {
	var hello wire.Hello
	if err := wire.ReadHello(link, &hello); err != nil {
		return nil, handshakeFault(err)
	}
	ack := wire.HelloAck{Hello: n.hello(link)}
	pending, lost, err := n.judge(link, &hello, &ack)
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
	case word == wire.GoReplace && ack.Status != wire.StatusNew, word == wire.GoResume && ack.Status == wire.StatusDuplicate:
		if lost, err = n.replace(link, &hello, &ack, word); err != nil {
			return nil, err
		}
	case word != wire.GoStart || pending == nil:
		return nil, fault(CodeProtocol, fmt.Errorf("handshake ends with %v", word), "")
	}
	if lost != nil {
		return n.resume(link, transport.Acceptor, lost, ack.Conn)
	}
	p := peerOf(link, &hello, "")
	p.secret = secretOf(link, &hello, &ack.Hello)
	return n.open(link, transport.Acceptor, p)
}

// judge decides about an inbound Hello and fills in the answer. The claim
// is nil unless the answer is "new" or "resumed", with the session that is.
func (n *Node) judge(link transport.Link, hello *wire.Hello, ack *wire.HelloAck) (_ *claim, lost *session, _ error) {
	info := link.Info()
	n.lockForHello(hello.Incarnation)
	defer n.mu.Unlock()
	refuse := func(code Code, text string) (*claim, *session, error) {
		ack.Status, ack.Text = wire.StatusRefused, text
		return nil, nil, fault(code, reason(text), "")
	}
	lost = n.lost[hello.Incarnation]
	switch {
	case !hello.Versions.Include(wire.Version):
		ack.Status = wire.StatusVersion
		return nil, nil, versionFault(hello.Versions)
	case hello.WantPeer != nil && *hello.WantPeer != n.incarnation:
		ack.Status = wire.StatusWrongIncarnation
		return nil, nil, fault(CodeRefused, fmt.Errorf("dialler wanted incarnation %v", uuid.UUID(*hello.WantPeer)), "")
	case n.closing && hello.WantPeer != nil:
		ack.Status, ack.Text = wire.StatusExpired, "node is closing"
		return nil, nil, fault(CodeClosed, reason(ack.Text), "")
	case n.closing:
		return refuse(CodeClosed, "node is closing")
	case hello.Incarnation == n.incarnation:
		ack.Status = wire.StatusDuplicate
		return nil, nil, nil
	case n.sessions[hello.Incarnation] != nil || n.accepting[hello.Incarnation] != nil || n.dialled[hello.Incarnation] != nil:
		ack.Status = wire.StatusDuplicate
		return nil, nil, nil
	case lost != nil && !samePeer(&lost.peer.info, &info):
		return refuse(CodeRefused, errOtherKey.Error())
	case lost != nil && lost.mayResume() > 0:
		return refuse(CodeLimit, tooOften)
	case lost != nil:
		lost.payResume(1, 0)
		ack.Status, ack.Conn = wire.StatusResumed, max(hello.Conn, uint64(lost.number)+1)
		return n.claim(n.accepting, hello.Incarnation, info), lost, nil
	case n.countSessions(anyLink) >= n.cfg.Limits.Sessions:
		return refuse(CodeLimit, fmt.Sprintf("node has its limit of %d sessions", n.cfg.Limits.Sessions))
	case info.HasPeerKey && n.countSessions(sameKey(info)) >= n.cfg.Limits.SessionsPerKey:
		return refuse(CodeLimit, fmt.Sprintf("peer's key has its limit of %d sessions", n.cfg.Limits.SessionsPerKey))
	}
	ack.Status = wire.StatusNew
	return n.claim(n.accepting, hello.Incarnation, info), nil, nil
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
