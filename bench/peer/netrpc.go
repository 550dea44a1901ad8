package peer

import (
	"context"
	"net"
	"net/rpc"

	"github.com/netobj/netobj/bench/work"
)

// netRPC is net/rpc of the standard library, with its own codec, gob.
type netRPC struct{}

// Traits implements Peer.
func (netRPC) Traits() Traits {
	return Traits{Name: "net/rpc", About: "standard library, gob", Network: "tcp"}
}

// Serve implements Peer.
func (netRPC) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	s := rpc.NewServer()
	if err := s.RegisterName("Bench", NetRPCService{}); err != nil {
		return nil, err
	}
	go l.each(func(c net.Conn) { s.ServeConn(c) })
	return l, nil
}

// Dial implements Peer.
func (netRPC) Dial(ctx context.Context, to Endpoint) (Client, error) {
	c, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return netRPCClient{rpc.NewClient(c)}, nil
}

// Pair is the argument of Add; net/rpc wants it exported.
type Pair struct{ A, B int64 }

// NetRPCService is the work in the shape that net/rpc asks for.
type NetRPCService struct{}

// Add sets sum to the sum of p.
func (NetRPCService) Add(p *Pair, sum *int64) error {
	*sum = p.A + p.B
	return nil
}

// Echo sets back to item.
func (NetRPCService) Echo(item, back *work.Item) error {
	*back = *item
	return nil
}

// Bytes sets sum to that of body.
func (NetRPCService) Bytes(body []byte, sum *work.Sum) error {
	*sum = work.SumOf(body)
	return nil
}

type netRPCClient struct{ *rpc.Client }

// Add implements Client.
func (c netRPCClient) Add(_ context.Context, a, b int64) (sum int64, err error) {
	err = c.Call("Bench.Add", &Pair{a, b}, &sum)
	return sum, err
}

// Echo implements Client.
func (c netRPCClient) Echo(_ context.Context, item work.Item) (back work.Item, err error) {
	err = c.Call("Bench.Echo", &item, &back)
	return back, err
}

// Bytes implements Client.
func (c netRPCClient) Bytes(_ context.Context, body []byte) (sum work.Sum, err error) {
	err = c.Call("Bench.Bytes", body, &sum)
	return sum, err
}
