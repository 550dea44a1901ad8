package peer

import (
	"context"
	"net/http"

	"connectrpc.com/connect"

	"github.com/netobj/netobj/bench/schema/connectapi/connectapiconnect"
	"github.com/netobj/netobj/bench/schema/message"
	"github.com/netobj/netobj/bench/work"
)

// connectPeer is connect-go on net/http with HTTP/2 in plaintext (h2c), its own
// protocol, messages in binary. Answers are not compressed: gzip, its default,
// suits networks and not a loopback.
type connectPeer struct{}

// Traits implements Peer.
func (connectPeer) Traits() Traits {
	return Traits{Name: "connect", About: "connect-go on net/http, h2c, no compression", Network: "tcp"}
}

// connectStreams lets 512 callers share one connection; net/http's default is 250.
const connectStreams = 1024

// h2c is HTTP/2 in plaintext and nothing else.
func h2c() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// Serve implements Peer.
func (connectPeer) Serve(at Endpoint) (Server, error) {
	l, err := listen(at)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(connectapiconnect.NewBenchHandler(connectService{}))
	s := &http.Server{
		Handler:   mux,
		Protocols: h2c(),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: connectStreams},
	}
	l.stop = s.Close
	go s.Serve(l) // ends with stop
	return l, nil
}

// Dial implements Peer.
func (connectPeer) Dial(_ context.Context, to Endpoint) (Client, error) {
	t := &http.Transport{
		Protocols: h2c(),
		HTTP2:     &http.HTTP2Config{StrictMaxConcurrentRequests: true}, // one connection
	}
	bench := connectapiconnect.NewBenchClient(&http.Client{Transport: t}, "http://"+to.Address,
		connect.WithAcceptCompression("gzip", nil, nil))
	return connectClient{t, bench}, nil
}

type connectService struct{ messageService }

// Add implements connectapiconnect.BenchHandler.
func (s connectService) Add(ctx context.Context, r *connect.Request[message.Pair]) (*connect.Response[message.Number], error) {
	return response(s.messageService.Add(ctx, r.Msg))
}

// Echo implements connectapiconnect.BenchHandler.
func (s connectService) Echo(ctx context.Context, r *connect.Request[message.Item]) (*connect.Response[message.Item], error) {
	return response(s.messageService.Echo(ctx, r.Msg))
}

// Bytes implements connectapiconnect.BenchHandler.
func (s connectService) Bytes(ctx context.Context, r *connect.Request[message.Body]) (*connect.Response[message.Sum], error) {
	return response(s.messageService.Bytes(ctx, r.Msg))
}

func response[T any](message *T, err error) (*connect.Response[T], error) {
	return connect.NewResponse(message), err
}

type connectClient struct {
	transport *http.Transport
	bench     connectapiconnect.BenchClient
}

// Add implements Client.
func (c connectClient) Add(ctx context.Context, a, b int64) (int64, error) {
	return numberOf(payload(c.bench.Add(ctx, connect.NewRequest(&message.Pair{A: a, B: b}))))
}

// Echo implements Client.
func (c connectClient) Echo(ctx context.Context, item work.Item) (work.Item, error) {
	return itemOf(payload(c.bench.Echo(ctx, connect.NewRequest(itemMessage(item)))))
}

// Bytes implements Client.
func (c connectClient) Bytes(ctx context.Context, body []byte) (work.Sum, error) {
	return sumOf(payload(c.bench.Bytes(ctx, connect.NewRequest(&message.Body{Data: body}))))
}

func payload[T any](r *connect.Response[T], err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return r.Msg, nil
}

// Close implements Client.
func (c connectClient) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}
