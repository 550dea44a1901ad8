package peer

import (
	"context"

	"storj.io/drpc/drpcconn"
	"storj.io/drpc/drpcmanager"
	"storj.io/drpc/drpcmux"
	"storj.io/drpc/drpcserver"
	"storj.io/drpc/drpcwire"

	"github.com/netobj/netobj/bench/schema/drpcapi"
	"github.com/netobj/netobj/bench/schema/message"
	"github.com/netobj/netobj/bench/work"
)

// drpcPeer is Storj's DRPC, with the limit of messages raised. One of its
// connections carries one call at a time; others wait, also for a large body.
type drpcPeer struct{}

// Traits implements Peer.
func (drpcPeer) Traits() Traits {
	return Traits{Name: "drpc", About: "defaults; a connection carries one call at a time", Network: "tcp"}
}

func (drpcPeer) options() drpcmanager.Options {
	return drpcmanager.Options{Reader: drpcwire.ReaderOptions{MaximumBufferSize: maxMessage}}
}

// Serve implements Peer.
func (p drpcPeer) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	mux := drpcmux.New()
	if err := drpcapi.DRPCRegisterBench(mux, messageService{}); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = func() error {
		stop()
		return nil
	}
	go drpcserver.NewWithOptions(mux, drpcserver.Options{Manager: p.options()}).Serve(ctx, l) // ends with stop
	return l, nil
}

// Dial implements Peer.
func (p drpcPeer) Dial(ctx context.Context, to Endpoint) (Client, error) {
	c, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	conn := drpcconn.NewWithOptions(c, drpcconn.Options{Manager: p.options()})
	return drpcClient{conn, drpcapi.NewDRPCBenchClient(conn)}, nil
}

type drpcClient struct {
	*drpcconn.Conn
	bench drpcapi.DRPCBenchClient
}

// Add implements Client.
func (c drpcClient) Add(ctx context.Context, a, b int64) (int64, error) {
	return numberOf(c.bench.Add(ctx, &message.Pair{A: a, B: b}))
}

// Echo implements Client.
func (c drpcClient) Echo(ctx context.Context, item work.Item) (work.Item, error) {
	return itemOf(c.bench.Echo(ctx, itemMessage(item)))
}

// Bytes implements Client.
func (c drpcClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	return sumOf(c.bench.Bytes(ctx, &message.Body{Data: body}))
}
