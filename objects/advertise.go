package objects

import (
	"net"
	"net/netip"
	"net/url"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// reachableAt returns the addresses of this node that it tells a peer, for those to
// whom the peer introduces its objects: Config.Advertise, or else its listeners. A
// wildcard address becomes that by which the peer is connected, as info tells.
func (n *Node) reachableAt(info transport.Info) (addrs []string) {
	all := n.cfg.Advertise
	if all == nil {
		all = n.Addrs()
	}
	for _, addr := range all {
		if addr = concrete(addr, info.Local); len(addr) <= wire.MaxAddr && len(addrs) < wire.MaxAddrs {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// concrete puts the host of local, this end of a connection, in the place of a
// wildcard address; loopback where the connection has no host.
func concrete(addr, local string) string {
	u, err := url.Parse(addr)
	if err != nil || u.Scheme != "tcp" && u.Scheme != "tls" {
		return addr
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil && u.Hostname() != "" || err == nil && !ip.IsUnspecified() {
		return addr
	}
	host := "127.0.0.1"
	if l, err := url.Parse(local); err == nil && l.Hostname() != "" && l.Scheme != "pipe" {
		host = l.Hostname()
	}
	u.Host = net.JoinHostPort(host, u.Port())
	return u.String()
}
