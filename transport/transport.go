package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Role says which end of a connection this is.
type Role int

// The two ends.
const (
	Dialer Role = iota
	Acceptor
)

// Link is a connection before multiplexing starts: bytes, on which the handshake
// runs. Whoever has it either opens or closes it.
type Link interface {
	net.Conn
	// Info describes the link. On tls it performs the handshake if that has not
	// happened yet.
	Info() Info
	// Secret returns 32 bytes that only the two ends of the link know, the same at
	// both: on tls. Elsewhere it returns none.
	Secret() []byte
	// Open starts multiplexing. The link must not be used directly afterwards;
	// closing is up to the Conn, also when Open fails.
	Open(role Role, cfg *Config) (Conn, error)
}

// Listener accepts links.
type Listener interface {
	// Accept returns the next link. Its error is net.ErrClosed after Close.
	Accept() (Link, error)
	// Close stops listening. Links that were accepted live on.
	Close() error
	// URL returns the address, with the port that was picked.
	URL() string
}

// Info describes a link or connection.
type Info struct {
	Scheme           string              // tcp, unix, tls or pipe
	Local            string              // this end's address, as a URL: of the IP address, not of a name for it
	Remote           string              // the other end's address, likewise
	HasPeerKey       bool                // the peer proved to own a key, on tls
	PeerKey          [32]byte            // SHA-256 of that key (SubjectPublicKeyInfo)
	PeerCertificates []*x509.Certificate // the peer's chain, leaf first
	InMemory         bool                // both ends are in this process and use no operating system resource
}

// Conn is one connection between two nodes: an ordered lane of messages, and
// bulk bodies beside it that do not delay the lane. All methods may be called
// concurrently.
type Conn interface {
	// Serve delivers what arrives to h until the connection ends, and returns
	// why; ErrClosed after Close. It is called once. When it has returned, all
	// goroutines of the Conn have ended or are about to.
	Serve(h Handler) error
	// Send queues head and body as one message of the lane, at most
	// Config.MaxLaneMessage bytes, and copies both. It waits only for room in the
	// queue, never for the network, and no longer than ctx. After an error not one
	// byte was accepted.
	Send(ctx context.Context, head, body []byte) error
	// TrySend is Send for a handler on the reader, which must not wait: it returns
	// ErrFull when there is no room. With others true, the message may be held until
	// the reader has delivered what it has read, to leave in one write with those
	// that are sent meanwhile.
	TrySend(head, body []byte, others bool) error
	// Queue is Send for a message that others are about to join: it is written with
	// the next one that is sent, by Flush, or when the queue has grown.
	Queue(ctx context.Context, head, body []byte) error
	// Flush has the queue written, by the caller itself as far as the network takes
	// it at once. It never waits.
	Flush()
	// SendBody sends a bulk body under an id that a message of the lane announces,
	// and returns when body may be used again. What is queued is written before it.
	// When ctx ends first, the receiver is told that the body will not be complete,
	// even if nothing of it was sent. After an error body must not be written to: it
	// may still be read.
	SendBody(ctx context.Context, id uint64, body []byte) error
	// Close takes no more messages, sends what is queued, says goodbye, gives the
	// peer a moment to read to the end, and closes the connection; all that for
	// at most Config.WriteTimeout. Bodies that are being sent are cut off.
	Close() error
	// Abort closes the connection at once; Serve returns err.
	Abort(err error)
	// Received returns how many bytes have come from the peer. While the number
	// grows the peer is alive, whatever it sends.
	Received() uint64
	// Info describes the connection.
	Info() Info
}

// Handler receives what arrives on a Conn.
type Handler interface {
	// Message takes one message of the lane, in order, on the reader: it must not
	// block, and msg is valid only during the call.
	Message(msg []byte)
	// Body announces a bulk body of size bytes, on a goroutine of its own. It may
	// wait for the lane's message about it until ctx ends with the connection, and
	// returns where to put the body: a slice of size bytes, or nil to have it
	// skipped. An error ends the connection.
	Body(ctx context.Context, id uint64, size int64) ([]byte, error)
	// BodyDone tells that buf, from Body, is complete, or with err that it never
	// will be: ErrBodyLost, or else the connection ends.
	BodyDone(id uint64, buf []byte, err error)
}

// Config holds the settings of listeners, links and connections.
type Config struct {
	// TLS is used by tls:// addresses, which need it.
	TLS *tls.Config
	// AllowPlaintext permits tcp:// addresses beyond loopback.
	AllowPlaintext bool
	// PeerKey is the SHA-256 of the key that who is dialled must own, on tls. Its
	// certificate must be as good as ever, but for the name. Nil: the name counts.
	PeerKey *[32]byte
	// Permit decides whether an address may be dialled, on tcp and tls, once names are
	// resolved. Nil: any.
	Permit func(ip netip.Addr) error
	// Logger receives yamux's own messages at Debug. Nil: they are dropped.
	Logger *slog.Logger
	// WriteTimeout bounds one network write; a peer that takes nothing for so long
	// has lost its connection. Zero means 10 s.
	WriteTimeout time.Duration
	// StallTimeout bounds the silence in the middle of a bulk body. Zero means 30 s.
	StallTimeout time.Duration
	// FirstByteTimeout bounds the wait for the first byte of a bulk stream. Zero
	// means 10 s.
	FirstByteTimeout time.Duration
	// MaxLaneMessage is the largest message of the lane in bytes. Zero means
	// 128 KiB.
	MaxLaneMessage int
	// MaxQueued is how many bytes may wait to be written on the lane. Zero means
	// 1 MiB.
	MaxQueued int
	// MaxBody is the largest bulk body in bytes. Zero means 4 MiB.
	MaxBody int64
	// MaxStreams is how many bulk streams the peer may have open, at least 2. Zero
	// means 128.
	MaxStreams int
	// PeerStreams is how many bulk streams the peer said it lets be open. Zero means
	// MaxStreams.
	PeerStreams int
	// Chunk is how much of a bulk body is written at once, in bytes, at least 1 KiB and
	// less than 2 GiB; what is beyond is taken for the nearest of these. The lane waits
	// for one such write at most. Zero means 256 KiB.
	Chunk int
	// Window is the flow-control window of a stream in bytes, at least 256 KiB: so
	// much the peer may send that was not read yet, on all bulk streams together 32
	// times as much. One stream carries at most a window in a round trip, so a long
	// link needs a larger one; small calls may wait behind as much. Zero means 512 KiB.
	Window uint32
	// ThroughYamux sends the lane and bulk bodies through yamux's queues and
	// goroutines; on the wire they look the same. It is slower, and there to compare
	// with.
	ThroughYamux bool
	// PipeNet is the network of pipe:// addresses, which need it.
	PipeNet *PipeNet
}

func (c *Config) defaults() *Config {
	var d Config
	if c != nil {
		d = *c
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	orDefault(&d.WriteTimeout, 10*time.Second)
	orDefault(&d.StallTimeout, 30*time.Second)
	orDefault(&d.FirstByteTimeout, 10*time.Second)
	orDefault(&d.MaxLaneMessage, 128<<10)
	orDefault(&d.MaxQueued, 1<<20)
	orDefault(&d.MaxBody, 4<<20)
	orDefault(&d.MaxStreams, 128)
	orDefault(&d.PeerStreams, d.MaxStreams)
	orDefault(&d.Chunk, 256<<10)
	d.Chunk = min(max(d.Chunk, 1<<10), math.MaxInt32) // a frame's length has 32 bits
	orDefault(&d.Window, 512<<10)
	return &d
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Errors of connections.
var (
	// ErrClosed: this side closed the connection.
	ErrClosed = errors.New("connection closed")
	// ErrTimeout: the peer took or sent nothing for too long.
	ErrTimeout = errors.New("peer stalled")
	// ErrTooLarge: a message or body is beyond the limit.
	ErrTooLarge = errors.New("message too large")
	// ErrFull: a message would have had to wait for room in the queue.
	ErrFull = errors.New("too much is queued")
	// ErrBodyLost: the sender of a bulk body gave it up, or stalled.
	ErrBodyLost = errors.New("the sender stopped before the end")
)

// impatient is the context of a sender that does not wait.
var impatient context.Context

// ProtocolError says what rule the peer broke.
type ProtocolError struct {
	Violation string
}

// Error names the violation.
func (e *ProtocolError) Error() string { return "protocol violation: " + e.Violation }

// AddressError says why an address cannot be used with this Config, whoever
// listens there.
type AddressError struct {
	Reason string
}

// Error returns the reason.
func (e *AddressError) Error() string { return e.Reason }

func unusable(format string, args ...any) error {
	return &AddressError{Reason: fmt.Sprintf(format, args...)}
}

// Listen accepts links at an address: tcp://host:port, tls://host:port,
// unix:///path or pipe://name. ctx bounds the call, not the listener. The error is
// an AddressError, or that of the network.
func Listen(ctx context.Context, address string, cfg *Config) (Listener, error) {
	cfg = cfg.defaults()
	u, err := parse(address)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "tcp", "tls":
		return listenTCP(ctx, u, cfg)
	case "unix":
		return listenUnix(ctx, u)
	}
	return listenPipe(u, cfg)
}

// Dial connects to an address. It returns within ctx. The error is an
// AddressError, or that of the network.
func Dial(ctx context.Context, address string, cfg *Config) (Link, error) {
	cfg = cfg.defaults()
	u, err := parse(address)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "tcp", "tls":
		return dialTCP(ctx, u, cfg)
	case "unix":
		return dialUnix(ctx, u)
	}
	return dialPipe(ctx, u, cfg)
}

func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil && !strings.Contains(address, "://") { // 127.0.0.1:7000 does not even parse
		u, err = &url.URL{}, nil
	}
	if err != nil {
		return nil, unusable("%q is not an address: %v", address, err)
	}
	switch u.Scheme {
	case "tcp", "tls":
		if _, port, err := net.SplitHostPort(u.Host); err != nil || port == "" {
			return nil, unusable("%q needs host and port: %s://host:port", address, u.Scheme)
		}
	case "unix":
		if u.Host != "" || u.Path == "" {
			return nil, unusable("%q needs an absolute path: unix:///path", address)
		}
	case "pipe":
		if u.Host == "" {
			return nil, unusable("%q needs a name: pipe://name", address)
		}
	default:
		return nil, unusable("%q has no scheme that is known; use tcp://host:port, tls://host:port, unix:///path or pipe://name", address)
	}
	return u, nil
}
