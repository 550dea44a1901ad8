package objects

import (
	"net"
	"net/netip"
	"net/url"
	"slices"

	"github.com/google/uuid"
)

// Introduction is what a peer says of the owner of an object that it has passed on,
// for [Config].DialPolicy to decide whether this node dials the owner.
type Introduction struct {
	Introducer Peer      // who says so
	Owner      uuid.UUID // incarnation of the owner; nobody else is taken for it
	Key        []byte    // SHA-256 of the owner's TLS public key, which a tls:// address must prove; nil: it has none
	Addr       string    // one of the owner's addresses; of a name, once more for each address that it stands for
}

// mayDial is the default of Config.DialPolicy.
func (c *Config) mayDial(i Introduction) bool {
	u, err := url.Parse(i.Addr)
	if err != nil || !knows(i.Introducer, u) {
		return false
	}
	switch u.Scheme {
	case "pipe", "unix":
		return true
	case "tcp":
		return c.AllowPlaintext || hostOf(u).IsLoopback()
	case "tls":
		return i.Key != nil || hostOf(u).IsLoopback()
	}
	return false
}

// knows reports whether an address can mean the same to a peer as to this node: those
// of one machine, or one link, only if the peer is there.
func knows(p Peer, u *url.URL) bool {
	switch u.Scheme {
	case "pipe":
		return p.Transport.InMemory
	case "unix":
		return onThisMachine(p)
	}
	switch ip := hostOf(u); {
	case ip.IsLoopback():
		return onThisMachine(p)
	case ip.IsLinkLocalUnicast():
		return onTheLink(p)
	default:
		return !ip.IsUnspecified() && !ip.IsMulticast()
	}
}

// known returns those of a peer's own addresses that mean the same here. Else a peer on
// another machine could have those on this one dialled, who trust this node.
func (p *peer) known(addrs []string) (known []string) {
	for _, addr := range addrs {
		if u, err := url.Parse(addr); err == nil && knows(p.public(), u) {
			known = append(known, addr)
		}
	}
	return known
}

// hostOf returns the IP address of a URL; the zero Addr if it has a name.
func hostOf(u *url.URL) netip.Addr {
	if u.Hostname() == "localhost" {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return ip.Unmap()
}

// onTheLink reports whether a peer is reached at a link-local address.
func onTheLink(p Peer) bool {
	u, err := url.Parse(p.Transport.Remote)
	return err == nil && hostOf(u).IsLinkLocalUnicast()
}

// at is the introduction for one address of those that a name stands for.
func (i Introduction) at(ip netip.Addr) Introduction {
	if u, err := url.Parse(i.Addr); err == nil {
		u.Host = net.JoinHostPort(ip.String(), u.Port())
		i.Addr = u.String()
	}
	return i
}

// distance orders the addresses of an owner: the nearest is tried first.
func distance(addr string) int {
	u, err := url.Parse(addr)
	switch {
	case err != nil:
		return 3
	case u.Scheme == "pipe", u.Scheme == "unix":
		return 0
	case hostOf(u).IsLoopback():
		return 1
	}
	return 2
}

// nearest takes the nearest of several addresses out of the list. The same address may
// be there on the word of another, who may be believed more, or know the right key.
func nearest(list *[]candidate) (first candidate, ok bool) {
	if len(*list) == 0 {
		return first, false
	}
	at := 0
	for i, c := range *list {
		if distance(c.Addr) < distance((*list)[at].Addr) {
			at = i
		}
	}
	first = (*list)[at]
	*list = slices.Delete(*list, at, at+1)
	return first, true
}
