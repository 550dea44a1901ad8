package peer

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/netobj/netobj/bench/schema/netobjapi"
	"github.com/netobj/netobj/bench/work"
	"github.com/netobj/netobj/objects"
)

// netobjPeer is this runtime. Its limits are raised as far as the rows need it:
// bodies of 16 MiB, a million references, a thousand sessions.
type netobjPeer struct {
	network string
	tls     bool
}

// Traits implements Peer.
func (p netobjPeer) Traits() Traits {
	t := Traits{Name: "netobj", About: "this runtime, limits raised for large rows", Network: p.network, TLS: p.tls, Ours: true}
	switch {
	case p.tls:
		t.Name, t.About = "netobj-tls", t.About+", TLS 1.3"
	case p.network == "unix":
		t.Name, t.About = "netobj-unix", t.About+", unix socket"
	}
	return t
}

func (p netobjPeer) config(at Endpoint) *objects.Config {
	return &objects.Config{
		TLS: at.TLS,
		Limits: objects.Limits{
			MessageSize:  maxMessage,
			DecodeBudget: 256 << 20,
			NodeBudget:   1 << 30,
			Exports:      2 << 20,
			Imports:      2 << 20,
			Sessions:     2 << 10,
			HalfOpen:     2 << 10,
		},
	}
}

func (p netobjPeer) url(address string) string {
	switch {
	case p.tls:
		return "tls://" + address
	case p.network == "unix":
		return "unix://" + address
	}
	return "tcp://" + address
}

// Serve implements Peer.
func (p netobjPeer) Serve(at Endpoint) (Server, error) {
	ctx := context.Background()
	node, err := objects.Listen(ctx, p.url(at.Address), p.config(at))
	if err != nil {
		return nil, err
	}
	s := &netobjServer{Node: node}
	for _, name := range []string{"bench", "bodies"} {
		if err := objects.Publish[netobjapi.Bench](node, name, &netobjService{&s.things}); err != nil {
			return nil, errors.Join(err, node.Close())
		}
	}
	return s, nil
}

type netobjServer struct {
	*objects.Node
	things work.Things
}

// Address implements Server.
func (s *netobjServer) Address() string {
	_, address, _ := strings.Cut(s.Addrs()[0], "://")
	return address
}

// Conns implements Server: a session is a connection.
func (s *netobjServer) Conns() int { return s.Stats().Sessions }

// Things implements Server.
func (s *netobjServer) Things() *work.Things { return &s.things }

// Dial implements Peer: each connection has a node of its own, as in a process of
// its own.
func (p netobjPeer) Dial(ctx context.Context, to Endpoint) (Client, error) {
	node := objects.NewNode(p.config(to))
	bench, err := objects.Open[netobjapi.Bench](ctx, node, p.url(to.Address), "bench")
	if err != nil {
		return nil, errors.Join(err, node.Close())
	}
	return &netobjClient{Node: node, Bench: bench, url: p.url(to.Address)}, nil
}

type netobjService struct{ things *work.Things }

// Add implements netobjapi.Bench.
func (*netobjService) Add(_ context.Context, a, b int64) (int64, error) { return a + b, nil }

// Echo implements netobjapi.Bench.
func (*netobjService) Echo(_ context.Context, item work.Item) (work.Item, error) { return item, nil }

// Bytes implements netobjapi.Bench.
func (*netobjService) Bytes(_ context.Context, body []byte) (work.Sum, error) {
	return work.SumOf(body), nil
}

// Make implements netobjapi.Bench.
func (s *netobjService) Make(context.Context) (netobjapi.Thing, error) {
	return &netobjThing{s.things.New()}, nil
}

// MakeMany implements netobjapi.Bench.
func (s *netobjService) MakeMany(_ context.Context, count int) ([]netobjapi.Thing, error) {
	things := make([]netobjapi.Thing, count)
	for i := range things {
		things[i] = &netobjThing{s.things.New()}
	}
	return things, nil
}

type netobjThing struct{ *work.Thing }

// Add implements netobjapi.Thing.
func (*netobjThing) Add(_ context.Context, a, b int64) (int64, error) { return a + b, nil }

// Unreferenced implements objects.Unreferencer.
func (t *netobjThing) Unreferenced() { t.Drop() }

type netobjClient struct {
	*objects.Node
	netobjapi.Bench
	url string

	mu     sync.Mutex
	bodies netobjapi.Bench // nil before the first body
}

// Bytes implements Client. It calls an object of its own: calls on one object are
// delivered in order, so that a small one would wait for the body before it,
// which no peer's does.
func (c *netobjClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	bodies, err := c.openBodies(ctx)
	if err != nil {
		return work.Sum{}, err
	}
	return bodies.Bytes(ctx, body)
}

func (c *netobjClient) openBodies(ctx context.Context) (_ netobjapi.Bench, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bodies == nil {
		c.bodies, err = objects.Open[netobjapi.Bench](ctx, c.Node, c.url, "bodies")
	}
	return c.bodies, err
}

// Make implements Referrer.
func (c *netobjClient) Make(ctx context.Context) (Reference, error) { return c.Bench.Make(ctx) }

// MakeMany implements Lister.
func (c *netobjClient) MakeMany(ctx context.Context, count int) ([]Reference, error) {
	things, err := c.Bench.MakeMany(ctx, count)
	references := make([]Reference, len(things))
	for i, t := range things {
		references[i] = t
	}
	return references, err
}

// Release implements Referrer.
func (*netobjClient) Release(r Reference) { objects.Release(r) }
