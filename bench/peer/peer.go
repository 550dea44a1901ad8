// Package peer has the systems that are compared, one in each file. All do the
// work of package work behind the small interfaces of this file, each set up as
// its own documentation advises.
package peer

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/netobj/netobj/bench/work"
)

// Peer is one system under comparison.
type Peer interface {
	// Traits says what the peer is and can.
	Traits() Traits
	// Serve begins to serve at an endpoint, whose address may leave the port open.
	Serve(at Endpoint) (Server, error)
	// Dial opens one connection to the endpoint at which a Server says it is.
	Dial(ctx context.Context, to Endpoint) (Client, error)
}

// Traits describes a peer to the rows and to the reader of the table.
type Traits struct {
	Name    string
	About   string // how it was set up, in a line
	Network string // tcp or unix
	TLS     bool
	Floor   bool // bare bytes, no calls: what the others cannot get below
	Ours    bool // this runtime
	Serial  bool // one call at a time: there are no ids by which answers could be told apart
	MaxBody int  // bytes of the largest body, where that is fixed; else 0
	MaxRefs int  // references that it is measured with, where memory asks for fewer; else 0
}

// Endpoint is where a server listens.
type Endpoint struct {
	Network string      // tcp or unix
	Address string      // host:port, or the path of a socket
	TLS     *tls.Config // nil for plaintext
}

// Server is the serving end, in a process of its own.
type Server interface {
	// Address is where clients find it.
	Address() string
	// Conns returns how many connections were accepted.
	Conns() int
	// Things counts what Make has made.
	Things() *work.Things
	// Close stops serving.
	Close() error
}

// Client is the calling end of one connection. Calls may be made concurrently,
// except on a peer that is Serial.
type Client interface {
	Add(ctx context.Context, a, b int64) (int64, error)
	Echo(ctx context.Context, item work.Item) (work.Item, error)
	// Bytes sends a body; it may be written to again when Bytes has returned.
	Bytes(ctx context.Context, body []byte) (work.Sum, error)
	Close() error
}

// Referrer is a Client of a peer that passes objects by reference.
type Referrer interface {
	Client
	Make(ctx context.Context) (Reference, error)
	// Release gives a reference back. The server may learn of it with a later call.
	Release(r Reference)
}

// Lister is a Referrer that passes many objects at once.
type Lister interface {
	Referrer
	MakeMany(ctx context.Context, count int) ([]Reference, error)
}

// Reference is an object of the server that the client holds.
type Reference interface {
	Add(ctx context.Context, a, b int64) (int64, error)
}

// All are the peers, in the order of the table.
var All = []Peer{
	bare{network: "tcp"},
	bare{network: "unix"},
	netRPC{},
	grpcPeer{},
	grpcPeer{tuned: true},
	connectPeer{},
	ttrpcPeer{},
	drpcPeer{},
	capnpPeer{},
	netobjPeer{network: "tcp"},
	netobjPeer{network: "unix"},
	grpcPeer{tls: true},
	netobjPeer{network: "tcp", tls: true},
}

// Named returns the peer of that name, or nil.
func Named(name string) Peer {
	at := slices.IndexFunc(All, func(p Peer) bool { return p.Traits().Name == name })
	if at < 0 {
		return nil
	}
	return All[at]
}

// Names returns the names of all peers.
func Names() []string {
	var names []string
	for _, p := range All {
		names = append(names, p.Traits().Name)
	}
	return names
}
