package transport

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The frame types of yamux.
const (
	frameData   = 0
	frameWindow = 1
	framePing   = 2
	frameGoAway = 3
)

// The flags of yamux's data and window frames.
const (
	flagSYN = 1 << 0
	flagACK = 1 << 1
	flagFIN = 1 << 2
	flagRST = 1 << 3
)

// Rates that no honest peer exceeds.
const (
	pingRate   = 10 // a second
	pingBurst  = 20
	openRate   = 20000 // a second
	openBurst  = 20000
	resetRate  = 2000 // a second
	resetBurst = 2000
)

// guard looks at the headers of inbound frames, and ends the connection on what
// would hurt yamux: it starts a goroutine for each ping,
// accepts any number of streams, and believes any stream id. Its violation is
// final. It sees outbound headers too, for the table of streams.
type guard struct {
	now      func() time.Time
	violated func(error)
	streams  *peerStreams
	parity   uint32 // of the ids that the peer may open
	lastID   uint32 // the latest it opened

	maxLen uint32 // bytes of a frame's body

	pings  bucket
	opens  bucket
	resets bucket
}

// newGuard returns a guard for the end with the given role. violated is told of
// the first violation.
func newGuard(role Role, cfg *Config, now func() time.Time, violated func(error)) *guard {
	g := &guard{now: now, violated: violated, streams: newPeerStreams(cfg), maxLen: cfg.Window}
	if role == Acceptor {
		g.parity = 1 // yamux clients open odd ids
	}
	start := now()
	g.pings = bucket{rate: pingRate, burst: pingBurst, left: pingBurst, at: start}
	g.opens = bucket{rate: openRate, burst: openBurst, left: openBurst, at: start}
	g.resets = bucket{rate: resetRate, burst: resetBurst, left: resetBurst, at: start}
	return g
}

// header is the head of a frame.
type header struct {
	version byte
	kind    byte
	flags   uint16
	id      uint32
	length  uint32
}

func parseHeader(p []byte) header {
	return header{p[0], p[1], binary.BigEndian.Uint16(p[2:]), binary.BigEndian.Uint32(p[4:]), binary.BigEndian.Uint32(p[8:])}
}

// came checks the header of an inbound frame.
func (g *guard) came(h header) error {
	err := g.frame(h)
	if err != nil {
		g.violated(err)
	}
	return err
}

func (g *guard) frame(h header) error {
	switch {
	case h.version != 0:
		return violation("frame of version %d", h.version)
	case h.kind > frameGoAway:
		return violation("frame of unknown type %d", h.kind)
	case h.flags > flagSYN|flagACK|flagFIN|flagRST:
		return violation("frame with unknown flags %x", h.flags)
	case h.kind == framePing:
		if h.flags&flagSYN != 0 && !g.pings.take(g.now()) {
			return violation("more than %d pings a second", pingRate)
		}
		return nil
	case h.kind == frameGoAway:
		return nil
	case h.id == 0:
		return violation("stream 0")
	case h.kind == frameData && h.length > g.maxLen:
		return violation("frame of %d bytes, the window is %d", h.length, g.maxLen)
	case h.flags&flagRST != 0 && !g.resets.take(g.now()):
		return violation("more than %d resets a second", resetRate)
	}
	if h.flags&flagSYN != 0 {
		if err := g.open(h.id); err != nil {
			return err
		}
	}
	switch {
	case h.id != laneID:
		return g.bulk(h)
	case g.parity == 1 && g.lastID == 0:
		return violation("stream 1 used before it was opened")
	}
	return nil
}

// open checks the opening of a stream.
func (g *guard) open(id uint32) error {
	switch {
	case id%2 != g.parity:
		return violation("stream %d opened by the side that does not own its number", id)
	case id <= g.lastID:
		return violation("stream %d opened after stream %d", id, g.lastID)
	case !g.opens.take(g.now()):
		return violation("more than %d streams opened a second", openRate)
	}
	g.lastID = id
	if id == laneID {
		return nil
	}
	return g.streams.cameOpen(id)
}

// bulk checks a frame of a bulk stream. Only the side that opened it sends on it.
func (g *guard) bulk(h header) error {
	switch {
	case h.id%2 == g.parity && h.kind == frameData:
		return g.streams.came(h.id, int64(h.length), h.flags)
	case h.id%2 == g.parity:
		return g.streams.came(h.id, 0, h.flags)
	case h.kind == frameData && h.length > 0:
		return violation("data on stream %d by the side that did not open it", h.id)
	}
	return nil
}

// sent is told of each outbound header, before it is written.
func (g *guard) sent(p []byte) {
	if h := parseHeader(p); h.kind == frameWindow && h.id != laneID && h.id%2 == g.parity {
		g.streams.sent(h.id, int64(h.length), h.flags)
	}
}

func violation(format string, args ...any) error {
	return &ProtocolError{Violation: fmt.Sprintf(format, args...)}
}

// bucket is a token bucket.
type bucket struct {
	rate  float64 // tokens a second
	burst float64
	left  float64
	at    time.Time
}

func (b *bucket) take(now time.Time) bool {
	b.left = min(b.burst, b.left+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
