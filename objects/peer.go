package objects

import (
	"context"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// peer is what the handshake told of the other node.
type peer struct {
	node        uuid.UUID
	incarnation uuid.UUID
	addr        string // as dialled, or the remote address of an inbound connection
	dialled     bool   // addr was dialled by this node
	info        transport.Info
	origin      string // what tells whether it is one of many of the same: its key, or else its host
	limits      wire.Limits
	lease       time.Duration // how long it keeps a session without a connection
	key         []byte        // hash of its TLS key: proven, or else as it says; nil: it has none
	addrs       []string      // where it says that it can be reached, as far as that can be so
	secret      []byte        // of the session, see secretOf; nil: there are no introductions
	want        wanted        // who had to answer when it was dialled
}

func peerOf(link transport.Link, h *wire.Hello, dialled string) peer {
	p := peer{node: h.Node, incarnation: h.Incarnation, addr: dialled, dialled: dialled != "", info: link.Info(), limits: h.Limits, lease: h.Lease}
	p.addrs = p.known(h.Addrs)
	if p.key = p.provenKey(); p.key == nil {
		p.key = h.Key
	}
	if p.addr == "" {
		p.addr = p.info.Remote
	}
	p.origin = originOf(&p.info)
	return p
}

func originOf(info *transport.Info) string {
	if info.HasPeerKey {
		return string(info.PeerKey[:])
	}
	remote, err := url.Parse(info.Remote)
	if err != nil || info.InMemory || info.Scheme == "unix" {
		return info.Scheme
	}
	return remote.Hostname()
}

type peerKey struct{}

// Peer describes the node at the other end of a session.
type Peer struct {
	Node        uuid.UUID      // made of its TLS key if it has one, else random; proven by Transport.PeerKey alone
	Incarnation uuid.UUID      // one life of the node
	Addr        string         // its address: as dialled, or where the connection came from
	Transport   transport.Info // with the certificates that it proved to own, on tls
}

// PeerFrom returns the caller, given the context that a method was called with.
// ok is false if the context comes from elsewhere.
func PeerFrom(ctx context.Context) (p Peer, ok bool) {
	known, ok := ctx.Value(peerKey{}).(*peer)
	if !ok {
		return Peer{}, false
	}
	return known.public(), true
}

func (p *peer) public() Peer {
	return Peer{Node: p.node, Incarnation: p.incarnation, Addr: p.addr, Transport: p.info}
}
