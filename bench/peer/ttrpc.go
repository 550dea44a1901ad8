package peer

import (
	"context"

	"github.com/containerd/ttrpc"

	"github.com/netobj/netobj/bench/schema/message"
	"github.com/netobj/netobj/bench/schema/ttrpcapi"
	"github.com/netobj/netobj/bench/work"
)

// ttrpcPeer is containerd's ttrpc. Its messages end at 4 MiB, which cannot be
// changed.
type ttrpcPeer struct{}

// Traits implements Peer.
func (ttrpcPeer) Traits() Traits {
	return Traits{Name: "ttrpc", About: "defaults; messages end at 4 MiB", Network: "tcp", MaxBody: 4<<20 - 1024}
}

// Serve implements Peer.
func (ttrpcPeer) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	s, err := ttrpc.NewServer()
	if err != nil {
		return nil, err
	}
	ttrpcapi.RegisterBenchService(s, messageService{})
	l.stop = s.Close
	go s.Serve(context.Background(), l) // ends with stop
	return l, nil
}

// Dial implements Peer.
func (ttrpcPeer) Dial(ctx context.Context, to Endpoint) (Client, error) {
	c, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	client := ttrpc.NewClient(c)
	return ttrpcClient{client, ttrpcapi.NewBenchClient(client)}, nil
}

type ttrpcClient struct {
	*ttrpc.Client
	bench ttrpcapi.BenchService
}

// Add implements Client.
func (c ttrpcClient) Add(ctx context.Context, a, b int64) (int64, error) {
	return numberOf(c.bench.Add(ctx, &message.Pair{A: a, B: b}))
}

// Echo implements Client.
func (c ttrpcClient) Echo(ctx context.Context, item work.Item) (work.Item, error) {
	return itemOf(c.bench.Echo(ctx, itemMessage(item)))
}

// Bytes implements Client.
func (c ttrpcClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	return sumOf(c.bench.Bytes(ctx, &message.Body{Data: body}))
}
