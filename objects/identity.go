package objects

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"slices"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// keyOf returns the hash of the key that a node with a TLS configuration shows, as
// its peers know it from the handshake. Nil: it has none, or chooses among several.
func keyOf(c *tls.Config) []byte {
	if c == nil || len(c.Certificates) == 0 || len(c.Certificates[0].Certificate) == 0 {
		return nil
	}
	leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
	if err != nil {
		return nil
	}
	key := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return key[:]
}

// nodeID returns the id of the node whose key has this hash: the beginning of that as
// a UUID of version 8. A node without a key has a random one.
func nodeID(key []byte) uuid.UUID {
	if key == nil {
		return uuid.New()
	}
	id := uuid.UUID(key[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// introduces reports whether a node takes part in introductions.
func introduces(h *wire.Hello) bool {
	return h.Nonce != nil && slices.Contains(h.Features, wire.Introductions)
}

// secretOf returns the secret of a session that begins on link: on TLS, nobody but its
// two ends can know it; elsewhere, nobody who has not read the handshake. Nil if a side
// takes no part in introductions, for which it is.
func secretOf(link transport.Link, dialler, acceptor *wire.Hello) []byte {
	if !introduces(dialler) || !introduces(acceptor) {
		return nil
	}
	h := hmac.New(sha256.New, link.Secret())
	h.Write([]byte("netobj session\x00"))
	for _, part := range [][16]byte{*dialler.Nonce, *acceptor.Nonce, dialler.Incarnation, acceptor.Incarnation} {
		h.Write(part[:])
	}
	return h.Sum(nil)
}

// provenKey returns the hash of the key that the peer proved to own, nil if it did not.
func (p *peer) provenKey() []byte {
	if !p.info.HasPeerKey {
		return nil
	}
	return p.info.PeerKey[:]
}

// recipient is the peer as introductions name it.
func (p *peer) recipient() wire.Recipient {
	r := wire.Recipient{Incarnation: p.incarnation}
	copy(r.Key[:], p.provenKey())
	return r
}

// expireFormer ends the sessions with former incarnations of a node that has proved
// its key (rule O6), now that it is p. Those that have a connection stay: processes
// may share a key, and slow is not dead.
func (n *Node) expireFormer(p *peer) {
	if !p.info.HasPeerKey {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return
	}
	for _, s := range n.lost {
		if s.peer.incarnation != p.incarnation && samePeer(&s.peer.info, &p.info) {
			n.tasks.Go(func() { s.end(restarted) })
		}
	}
}
