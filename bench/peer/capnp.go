package peer

import (
	"context"
	"net"

	"capnproto.org/go/capnp/v3"
	"capnproto.org/go/capnp/v3/rpc"

	"github.com/netobj/netobj/bench/schema/capnpapi"
	"github.com/netobj/netobj/bench/work"
)

// capnpPeer is go-capnp, the other peer that passes objects by reference. It is no
// Lister: objects that came in a list were never dropped by its server, whatever
// the client released.
type capnpPeer struct{}

// Traits implements Peer.
func (capnpPeer) Traits() Traits {
	return Traits{Name: "capnp", About: "go-capnp, defaults, unpacked stream; 10^5 references, which take half a GB", Network: "tcp", MaxRefs: 100_000}
}

// Serve implements Peer.
func (capnpPeer) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	go l.each(func(c net.Conn) {
		bench := capnpapi.Bench_ServerToClient(capnpService{&l.things})
		conn := rpc.NewConn(rpc.NewStreamTransport(c), &rpc.Options{BootstrapClient: capnp.Client(bench)})
		<-conn.Done()
	})
	return l, nil
}

// Dial implements Peer.
func (capnpPeer) Dial(ctx context.Context, to Endpoint) (Client, error) {
	c, err := dial(ctx, to)
	if err != nil {
		return nil, err
	}
	conn := rpc.NewConn(rpc.NewStreamTransport(c), nil)
	bench := capnpapi.Bench(conn.Bootstrap(ctx))
	return capnpClient{conn, bench}, bench.Resolve(ctx)
}

type capnpService struct{ things *work.Things }

// Add implements capnpapi.Bench_Server.
func (capnpService) Add(_ context.Context, call capnpapi.Bench_add) error {
	r, err := call.AllocResults()
	if err != nil {
		return err
	}
	r.SetN(call.Args().A() + call.Args().B())
	return nil
}

// Echo implements capnpapi.Bench_Server.
func (capnpService) Echo(_ context.Context, call capnpapi.Bench_echo) error {
	item, err := call.Args().Item()
	if err != nil {
		return err
	}
	r, err := call.AllocResults()
	if err != nil {
		return err
	}
	return r.SetItem(item)
}

// Bytes implements capnpapi.Bench_Server.
func (capnpService) Bytes(_ context.Context, call capnpapi.Bench_bytes) error {
	data, err := call.Args().Data()
	if err != nil {
		return err
	}
	r, err := call.AllocResults()
	if err != nil {
		return err
	}
	s := work.SumOf(data)
	r.SetLength(s.Length)
	r.SetWords(s.Words)
	return nil
}

// Make implements capnpapi.Bench_Server.
func (s capnpService) Make(_ context.Context, call capnpapi.Bench_make) error {
	r, err := call.AllocResults()
	if err != nil {
		return err
	}
	return r.SetThing(capnpapi.Thing_ServerToClient(capnpThing{s.things.New()}))
}

type capnpThing struct{ *work.Thing }

// Add implements capnpapi.Thing_Server.
func (capnpThing) Add(_ context.Context, call capnpapi.Thing_add) error {
	r, err := call.AllocResults()
	if err != nil {
		return err
	}
	r.SetN(call.Args().A() + call.Args().B())
	return nil
}

// Shutdown implements server.Shutdowner: nobody holds the thing any more.
func (t capnpThing) Shutdown() { t.Drop() }

type capnpClient struct {
	*rpc.Conn
	bench capnpapi.Bench
}

// Add implements Client.
func (c capnpClient) Add(ctx context.Context, a, b int64) (int64, error) {
	f, release := c.bench.Add(ctx, func(p capnpapi.Bench_add_Params) error {
		p.SetA(a)
		p.SetB(b)
		return nil
	})
	defer release()
	r, err := f.Struct()
	return r.N(), err
}

// Echo implements Client.
func (c capnpClient) Echo(ctx context.Context, item work.Item) (work.Item, error) {
	f, release := c.bench.Echo(ctx, func(p capnpapi.Bench_echo_Params) error {
		to, err := p.NewItem()
		if err != nil {
			return err
		}
		to.SetId(item.ID)
		to.SetPrice(item.Price)
		return to.SetName(item.Name)
	})
	defer release()
	r, err := f.Struct()
	if err != nil {
		return work.Item{}, err
	}
	back, err := r.Item()
	if err != nil {
		return work.Item{}, err
	}
	name, err := back.Name()
	return work.Item{ID: back.Id(), Name: name, Price: back.Price()}, err
}

// Bytes implements Client.
func (c capnpClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	f, release := c.bench.Bytes(ctx, func(p capnpapi.Bench_bytes_Params) error { return p.SetData(body) })
	defer release()
	r, err := f.Struct()
	return work.Sum{Length: r.Length(), Words: r.Words()}, err
}

// Make implements Referrer.
func (c capnpClient) Make(ctx context.Context) (Reference, error) {
	f, release := c.bench.Make(ctx, nil)
	defer release()
	r, err := f.Struct()
	if err != nil {
		return nil, err
	}
	return capnpReference{r.Thing().AddRef()}, nil
}

// Release implements Referrer.
func (capnpClient) Release(r Reference) { r.(capnpReference).thing.Release() }

type capnpReference struct{ thing capnpapi.Thing }

// Add implements Reference.
func (r capnpReference) Add(ctx context.Context, a, b int64) (int64, error) {
	f, release := r.thing.Add(ctx, func(p capnpapi.Thing_add_Params) error {
		p.SetA(a)
		p.SetB(b)
		return nil
	})
	defer release()
	result, err := f.Struct()
	return result.N(), err
}
