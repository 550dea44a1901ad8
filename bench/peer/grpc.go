package peer

import (
	"context"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/netobj/netobj/bench/schema/grpcapi"
	"github.com/netobj/netobj/bench/schema/message"
	"github.com/netobj/netobj/bench/work"
)

// maxMessage is what peers with a limit on messages are told to accept: the
// largest body and a little.
const maxMessage = 16<<20 + 64<<10

// grpcPeer is grpc-go: by default only the limit of messages is raised. Tuned, it
// has wide windows (which switches its estimate of the bandwidth off), large
// buffers and workers for streams, as its documentation offers.
type grpcPeer struct{ tuned, tls bool }

// Traits implements Peer.
func (p grpcPeer) Traits() Traits {
	t := Traits{Name: "grpc", About: "grpc-go, defaults", Network: "tcp", TLS: p.tls}
	switch {
	case p.tuned:
		t.Name = "grpc-tuned"
		t.About = "grpc-go, windows 16 MiB and 32 MiB, buffers 256 KiB, stream workers"
	case p.tls:
		t.Name = "grpc-tls"
		t.About = "grpc-go, defaults, TLS 1.3"
	}
	return t
}

const (
	grpcStreamWindow = 16 << 20
	grpcConnWindow   = 32 << 20
	grpcBuffer       = 256 << 10
)

func (p grpcPeer) serverOptions(at Endpoint) []grpc.ServerOption {
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(maxMessage)}
	if p.tls {
		options = append(options, grpc.Creds(credentials.NewTLS(at.TLS)))
	}
	if p.tuned {
		options = append(options,
			grpc.InitialWindowSize(grpcStreamWindow),
			grpc.InitialConnWindowSize(grpcConnWindow),
			grpc.ReadBufferSize(grpcBuffer),
			grpc.WriteBufferSize(grpcBuffer),
			grpc.NumStreamWorkers(uint32(runtime.GOMAXPROCS(0))))
	}
	return options
}

func (p grpcPeer) dialOptions(to Endpoint) []grpc.DialOption {
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if p.tls {
		options[0] = grpc.WithTransportCredentials(credentials.NewTLS(to.TLS))
	}
	if p.tuned {
		options = append(options,
			grpc.WithInitialWindowSize(grpcStreamWindow),
			grpc.WithInitialConnWindowSize(grpcConnWindow),
			grpc.WithReadBufferSize(grpcBuffer),
			grpc.WithWriteBufferSize(grpcBuffer))
	}
	return options
}

// Serve implements Peer.
func (p grpcPeer) Serve(at Endpoint) (Server, error) {
	l, err := listen(Endpoint{Network: at.Network, Address: at.Address}) // TLS is gRPC's own affair
	if err != nil {
		return nil, err
	}
	s := grpc.NewServer(p.serverOptions(at)...)
	grpcapi.RegisterBenchServer(s, grpcService{})
	l.stop = func() error {
		s.Stop()
		return nil
	}
	go s.Serve(l) // ends with stop
	return l, nil
}

type grpcService struct {
	messageService
	grpcapi.UnsafeBenchServer
}

// Dial implements Peer.
func (p grpcPeer) Dial(_ context.Context, to Endpoint) (Client, error) {
	c, err := grpc.NewClient("passthrough:///"+to.Address, p.dialOptions(to)...)
	if err != nil {
		return nil, err
	}
	return grpcClient{c, grpcapi.NewBenchClient(c)}, nil
}

type grpcClient struct {
	*grpc.ClientConn
	bench grpcapi.BenchClient
}

// Add implements Client.
func (c grpcClient) Add(ctx context.Context, a, b int64) (int64, error) {
	return numberOf(c.bench.Add(ctx, &message.Pair{A: a, B: b}))
}

// Echo implements Client.
func (c grpcClient) Echo(ctx context.Context, item work.Item) (work.Item, error) {
	return itemOf(c.bench.Echo(ctx, itemMessage(item)))
}

// Bytes implements Client.
func (c grpcClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	return sumOf(c.bench.Bytes(ctx, &message.Body{Data: body}))
}
