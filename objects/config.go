package objects

import (
	"crypto/tls"
	"log/slog"
	"math"
	"runtime/debug"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// Config holds every setting of a [Node]. The zero value, and a nil *Config,
// mean the defaults that stand at each field. A Config is copied when the node
// is made and may be shared.
type Config struct {
	// TLS is used by tls:// addresses, to listen and to dial. TLS 1.3 is the
	// least version accepted; with ClientCAs set, clients must show a
	// certificate. Nil: tls:// addresses are refused. A key is the name of one node,
	// see [Node.ID]: of processes that share one, each that connects ends the sessions
	// of those whose connections are broken at that moment.
	TLS *tls.Config

	// AllowPlaintext permits tcp:// addresses beyond loopback, where anybody on
	// the path can read and change what is said. Default: refused.
	AllowPlaintext bool

	// Logger receives what a person must act on, at Warn and Error, and the
	// life of sessions at Debug. Nil: slog.Default().
	Logger *slog.Logger

	// Lease is G, how long a session goes on after its connection broke: so long
	// its references are kept, on both sides, and calls wait for the next connection.
	// Negative: a session ends with its connection. Zero means 60 s.
	Lease time.Duration
	// ResumeInterval is how often one session may be resumed in the long run, by a
	// peer whose connections break or who breaks them; a hundred times as often may
	// come at once. 50,000 references that the two hold of each other count as one
	// time more. Beyond it the peer is refused, and dials again later. Zero means
	// 50 ms; negative: as often as the peer likes.
	ResumeInterval time.Duration
	// KeepAlive is the silence after which a peer that was dialled is asked for a
	// sign of life; one that dialled is asked a third of it later. Zero means 15 s.
	KeepAlive time.Duration
	// KeepAliveTimeout is how much longer it may then stay silent before it
	// counts as dead. Zero means 10 s.
	KeepAliveTimeout time.Duration
	// HandshakeTimeout bounds dialling and the handshake. Zero means 5 s.
	HandshakeTimeout time.Duration
	// WriteTimeout bounds one network write; a peer that takes nothing for so
	// long has lost its connection. Zero means 10 s.
	WriteTimeout time.Duration
	// DrainTimeout is how long [Node.Close] waits for running methods. Zero
	// means 5 s.
	DrainTimeout time.Duration
	// ReleaseDelay is how long released references are collected before they
	// are given back in one message. Zero means 50 ms.
	ReleaseDelay time.Duration

	// Limits bounds what peers may make this node do. Zero fields mean the
	// defaults written at them.
	Limits Limits

	// Inspect decides whether a peer may ask for a [Snapshot] of the node, as
	// objctl refs does: it shows Go types, and the addresses of other peers and
	// what they hold, but no values. A peer that asks for others counts as
	// itself: what it is shown it may pass on, as a registry does. Nil: peers on
	// this machine, which are those on loopback, unix sockets and in memory.
	Inspect func(Peer) bool

	// DialPolicy decides whether this node dials the owner of an object that another
	// peer passed to it. If it does, calls on the object go there directly; if not,
	// through the peer. It is asked for each address, from several goroutines. Nil:
	// loopback addresses and unix sockets, if the peer itself is on this machine;
	// tls:// addresses of owners with a key, which must prove it and be acceptable to
	// TLS but for their name; tcp:// addresses if AllowPlaintext is set. Link-local
	// addresses only if the peer is reached at one, too.
	DialPolicy func(Introduction) bool
	// Advertise is where others can reach this node, as URLs, to whom its peers pass
	// its objects: at most four, of 128 bytes each. A host that is left out or is a
	// wildcard stands for the address by which the peer is connected. Peers are told
	// when they connect. Nil: where it listens then; empty, but not nil: nowhere.
	Advertise []string

	// PressureExports is how many exported objects the node may have before it asks
	// those who hold them to run their garbage collectors, see [AskToCollect]. A
	// peer that holds nine tenths of Limits.Exports is asked in any case. Zero
	// means no such number.
	PressureExports int
	// PressureMemory is the same for the heap of this process, in bytes. Zero means
	// nine tenths of the memory limit (GOMEMLIMIT), never without one; -1 never.
	PressureMemory int64
	// CollectInterval is the least time between two garbage collections that peers
	// ask this node for, and between two times that it asks the same one. Zero
	// means 10 s; negative: this node neither asks nor obeys.
	CollectInterval time.Duration

	// ProfileExports enters each exported object, with the stack that passed it,
	// into the profile "netobj_exports" of runtime/pprof, until it is reclaimed.
	// The stack of a method's result is the runtime's own. It costs some
	// microseconds and hundreds of bytes for each.
	ProfileExports bool

	// Chunk is how much of a large argument or result is written at once, in bytes;
	// a small call waits for one such write at most. What is less than 1 KiB, or 2 GiB
	// and more, is taken for the nearest that is not. Zero means 256 KiB.
	Chunk int
	// Window is how much of one large argument or result may be under way, in bytes,
	// at least 256 KiB. A link carries at most a window in a round trip: 512 KiB is
	// 50 Mbit/s at 80 ms. A larger one lets small calls wait behind as much, and a
	// session hold 32 times as much. The receiver's counts. Zero means 512 KiB.
	Window int

	// ThroughYamux sends everything through yamux's queues and goroutines; on the
	// wire it looks the same. It is slower, and there to compare with.
	ThroughYamux bool

	// PoisonLent overwrites the arguments of each call as they came once it is
	// answered, so that a method which keeps []byte parameters that are only lent to
	// it (//objgen:lend) soon notices. It costs time, and is for tests; package
	// objtest sets it.
	PoisonLent bool

	// LocalCallsOnWire sends calls between this node and others of its process
	// through their connection, with all limits and copies of a call between
	// processes. Default: they go straight to the object. Nodes of package objtest
	// have it set.
	LocalCallsOnWire bool

	// PipeNet is the in-memory network of pipe:// addresses. Nil: one that is
	// common to the process.
	PipeNet *transport.PipeNet
}

// Limits bounds what one peer, and all of them together, can make a node hold
// or do. The limits that both sides must agree on are told in the handshake and
// checked before anything is sent, so that an error is local.
type Limits struct {
	MessageSize    int   // bytes of one call's arguments or results; zero means 4 MiB
	Depth          int   // nesting of values; zero means 32
	Elements       int   // elements of one list; zero means 65,536
	Pairs          int   // pairs of one map; zero means 16,384
	References     int   // references in one message; zero means 1,024
	DecodeBudget   int64 // bytes that the arguments of one session's unfinished calls may take and, apart from them, its undelivered results; zero means 32 MiB
	NodeBudget     int64 // the same for the whole node; zero means 1/8 of the memory limit (GOMEMLIMIT), 512 MiB without one
	Running        int   // methods running at once for one session, beyond those that its own calls from here wait for; zero means 256
	Queued         int   // calls of one session that wait for one of those places; zero means 16,384
	Answers        int   // answers of one session that are kept until the peer has told that they came; zero means 1,024, negative none
	AnswerBytes    int   // bytes that they take; zero means 1 MiB
	Exports        int   // objects that one session may hold of this node; zero means 65,536
	Imports        int   // objects of one peer that this node holds; zero means 65,536
	Cancelled      int   // cancelled calls whose end has not been seen, per session; zero means 16,384
	Sessions       int   // sessions of the node, and as many more that are without a connection; zero means 4,096
	SessionsPerKey int   // sessions of one TLS key; zero means 16
	HalfOpen       int   // handshakes in progress; zero means 256
	Claims         int   // objects of others that one peer has introduced and that are being claimed; zero means 256
	Dials          int   // dials at once to owners that one peer has introduced; zero means 8
	Owners         int   // sessions that such dials have led to; zero means 256
	Streams        int   // inbound bulk streams per session; zero means 128
}

// defaults returns a copy of c with every zero filled in.
func (c *Config) defaults() *Config {
	var d Config
	if c != nil {
		d = *c
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	if d.Inspect == nil {
		d.Inspect = onThisMachine
	}
	if d.DialPolicy == nil {
		d.DialPolicy = d.mayDial
	}
	if d.PipeNet == nil {
		d.PipeNet = processPipes
	}
	fill(&d.Lease, 60*time.Second)
	fill(&d.ResumeInterval, 50*time.Millisecond)
	fill(&d.KeepAlive, 15*time.Second)
	fill(&d.KeepAliveTimeout, 10*time.Second)
	fill(&d.HandshakeTimeout, 5*time.Second)
	fill(&d.WriteTimeout, 10*time.Second)
	fill(&d.DrainTimeout, 5*time.Second)
	fill(&d.CollectInterval, 10*time.Second)
	fill(&d.PressureMemory, pressureMemory())
	fill(&d.ReleaseDelay, 50*time.Millisecond)
	fill(&d.Chunk, 256<<10)
	fill(&d.Window, 512<<10)
	d.Window = min(max(d.Window, 256<<10), math.MaxInt32) // yamux's streams begin with that much
	l := &d.Limits
	fill(&l.MessageSize, 4<<20)
	fill(&l.Depth, 32)
	fill(&l.Elements, 65536)
	fill(&l.Pairs, 16384)
	fill(&l.References, 1024)
	fill(&l.DecodeBudget, 32<<20)
	fill(&l.NodeBudget, nodeBudget())
	fill(&l.Running, 256)
	fill(&l.Queued, 16384)
	fill(&l.Answers, 1024)
	fill(&l.AnswerBytes, 1<<20)
	fill(&l.Exports, 65536)
	fill(&l.Imports, 65536)
	fill(&l.Cancelled, 16384)
	fill(&l.Sessions, 4096)
	fill(&l.SessionsPerKey, 16)
	fill(&l.HalfOpen, 256)
	fill(&l.Claims, 256)
	fill(&l.Dials, 8)
	fill(&l.Owners, 256)
	fill(&l.Streams, 128)
	return &d
}

func fill[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// nodeBudget is an eighth of the memory limit, if the program set one.
func nodeBudget() int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit / 8
	}
	return 512 << 20
}

// pressureMemory is nine tenths of the memory limit, if the program set one.
func pressureMemory() int64 {
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		return limit / 10 * 9
	}
	return -1
}

// calls is how many calls of one session may be unfinished at once, running and
// waiting. The peer learns it in the handshake and keeps the rest back.
func (l *Limits) calls() int { return l.Running + l.Queued }

// arguments is how many bytes of arguments the unfinished calls of one session
// may have; the peer's callers wait beyond that. It is less than half the
// budget: a value takes memory as it came and as it is decoded, and small ones
// more than that.
func (l *Limits) arguments() int64 { return l.DecodeBudget / 8 * 3 }

// marshalLimits are the limits of one message's values.
func (l *Limits) marshalLimits() marshal.Limits {
	return marshal.Limits{
		MaxMessage:  l.MessageSize,
		MaxDepth:    l.Depth,
		MaxElements: l.Elements,
		MaxPairs:    l.Pairs,
		MaxRefs:     l.References,
	}
}

var processPipes = transport.NewPipeNet()

func (c *Config) transport() *transport.Config {
	return &transport.Config{
		TLS:            c.TLS,
		AllowPlaintext: c.AllowPlaintext,
		Logger:         c.Logger,
		WriteTimeout:   c.WriteTimeout,
		MaxLaneMessage: bulkThreshold + wire.MaxHead(c.Limits.References),
		MaxStreams:     c.Limits.Streams,
		MaxBody:        int64(c.Limits.MessageSize),
		Chunk:          c.Chunk,
		Window:         uint32(c.Window),
		PipeNet:        c.PipeNet,

		ThroughYamux: c.ThroughYamux,
	}
}
