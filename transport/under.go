package transport

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// under is the conn below yamux. Outbound it joins each frame's header with its
// body, which yamux writes one after the other, into one write with a deadline;
// inbound it reads into a large buffer and shows every frame to the guard. The
// frames of the lane pass yamux by, both ways.
type under struct {
	net.Conn
	writeTimeout time.Duration
	guard        *guard
	received     atomic.Uint64 // bytes read from Conn

	writing sync.Mutex
	ended   bool             // closeWrite was called; nothing more leaves
	failed  error            // of the write that was the last
	held    [headerSize]byte // a header whose body has not come yet
	hold    bool
	heads   []byte     // headers of the lane
	out     []byte     // headers and body joined
	tail    []byte     // what a tried write has left of out
	try     *tryWriter // nil where writes cannot be tried

	lane  *directLane // takes the lane's frames; nil: they are yamux's
	frame inFrame

	buf    []byte // read and not yet used: buf[next:end]
	next   int
	end    int
	size   int // of buf, from the next read on
	sparse int // reads in a row that brought little
}

// How much is read from the network at once, in bytes: an idle connection keeps
// little, a busy one reads much.
const (
	minReadBuffer = 4 << 10
	maxReadBuffer = 64 << 10
	sparseReads   = 16 // so many small ones make the buffer smaller
)

// headerSize is the size of yamux's frame header: version, type, flags (2),
// stream (4), length (4).
const headerSize = 12

// joinMax is the largest body that is copied behind its header; larger ones are
// written with it by writev where the network can.
const joinMax = 64 << 10

func (u *under) Write(p []byte) (int, error) {
	u.writing.Lock()
	defer u.writing.Unlock()
	if u.ended {
		return len(p), nil // an error would make yamux close, and not read to the end
	}
	if u.hold {
		u.hold = false
		return len(p), u.send(u.held[:], p)
	}
	u.guard.sent(p) // a header, as no body is due
	if p[1] == frameData && binary.BigEndian.Uint32(p[8:]) > 0 {
		copy(u.held[:], p)
		u.hold = true
		return len(p), nil
	}
	return len(p), u.send(p, nil)
}

// send writes headers and a body as one; u.writing is held. After a failure, which
// may have left a part of a frame on the wire, nothing more is written: the peer
// would take it for the rest.
func (u *under) send(heads, body []byte) error {
	if u.flush(); u.failed != nil {
		return u.failed
	}
	if len(body) > joinMax {
		u.SetWriteDeadline(time.Now().Add(u.writeTimeout))
		parts := net.Buffers{heads, body}
		_, u.failed = parts.WriteTo(u.Conn)
		return u.failed
	}
	u.start(heads, body)
	u.flush()
	return u.failed
}

// start writes headers and a body as one, as far as the network takes them at once,
// and keeps the rest for flush; u.writing is held, and nothing is kept.
func (u *under) start(heads, body []byte) {
	u.out = append(append(u.out[:0], heads...), body...)
	u.tail = u.out
	if u.try == nil || len(u.out) == 0 {
		return
	}
	var n int
	n, u.failed = u.try.write(u.out)
	u.tail = u.out[n:]
}

// flush writes what start has kept; u.writing is held.
func (u *under) flush() {
	if len(u.tail) == 0 || u.failed != nil {
		return
	}
	u.SetWriteDeadline(time.Now().Add(u.writeTimeout))
	_, u.failed = u.Conn.Write(u.tail)
	u.tail = nil
}

// writeLane writes a frame of the lane with payload, if there is any, behind one
// that grants the peer more of its window, if grant is not 0. payload is within
// the window.
func (u *under) writeLane(grant uint32, payload []byte) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	if u.ended {
		return nil
	}
	return u.send(u.laneHeads(grant, len(payload)), payload)
}

// tryLane is writeLane that does not wait, neither for others that write nor for the
// network. It reports whether the frames are under way; if more is true, writeLane
// must be called to write the rest of them.
func (u *under) tryLane(grant uint32, payload []byte) (taken, more bool) {
	if u.try == nil || len(payload) > joinMax || !u.writing.TryLock() {
		return false, false
	}
	defer u.writing.Unlock()
	if u.ended || u.failed != nil || len(u.tail) > 0 {
		return false, false
	}
	u.start(u.laneHeads(grant, len(payload)), payload)
	return true, len(u.tail) > 0 || u.failed != nil
}

// laneHeads returns the headers of writeLane's frames; u.writing is held.
func (u *under) laneHeads(grant uint32, payload int) []byte {
	u.heads = u.heads[:0]
	if grant > 0 {
		u.heads = appendHeader(u.heads, frameWindow, grant)
	}
	if payload > 0 {
		u.heads = appendHeader(u.heads, frameData, uint32(payload))
	}
	return u.heads
}

// appendHeader appends the header of a frame of the lane without flags.
func appendHeader(b []byte, kind byte, length uint32) []byte {
	b = append(b, 0, kind, 0, 0)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, laneID), length)
}

// closeWrite tells the peer that nothing more comes, and leaves the other
// direction open.
func (u *under) closeWrite() {
	u.writing.Lock()
	defer u.writing.Unlock()
	u.ended = true
	if half, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// letGo forgets the handler, when the reader has ended: timers of yamux's streams
// keep the rest for closeTimeout.
func (u *under) letGo() {
	if u.lane != nil {
		u.lane.handler = nil
	}
}

// Read gives yamux what came: every frame that the guard lets pass, except those
// that the lane takes.
func (u *under) Read(p []byte) (int, error) {
	for {
		if n := u.give(p); n > 0 {
			return n, nil
		}
		if u.frame.last && u.frame.left == 0 {
			return 0, u.lane.ended()
		}
		if u.next == u.end {
			if err := u.fill(); err != nil {
				return 0, err
			}
		}
		if err := u.advance(); err != nil {
			return 0, err
		}
	}
}

// inFrame is the inbound frame that is being read.
type inFrame struct {
	header [headerSize]byte
	have   int    // bytes of header that were read
	pass   []byte // of header, not yet given to yamux
	left   int    // bytes of the body that have not been taken
	ofLane bool   // the body is the lane's
	last   bool   // the lane ends with it
}

// give copies to p what comes next for yamux, of a header or a body; 0 if there is
// nothing in the buffer.
func (u *under) give(p []byte) (n int) {
	f := &u.frame
	if len(f.pass) > 0 {
		n = copy(p, f.pass)
		f.pass = f.pass[n:]
		return n
	}
	if !f.ofLane {
		n = copy(p, u.body())
		u.take(n)
	}
	return n
}

// body is what the buffer has of the frame's body.
func (u *under) body() []byte { return u.buf[u.next:min(u.end, u.next+u.frame.left)] }

// take moves on by n bytes of the body.
func (u *under) take(n int) {
	u.next += n
	u.frame.left -= n
}

// advance uses what the buffer has that is not yamux's yet: a body of the lane, or
// the next header.
func (u *under) advance() error {
	f := &u.frame
	switch {
	case f.left > 0 && f.ofLane:
		body := u.body()
		u.take(len(body))
		return u.lane.came(body)
	case f.left > 0:
		return nil // give will
	}
	n := copy(f.header[f.have:], u.buf[u.next:u.end])
	u.next += n
	if f.have += n; f.have < headerSize {
		return nil
	}
	h := parseHeader(f.header[:])
	if err := u.guard.came(h); err != nil {
		return err
	}
	u.begin(h)
	return nil
}

// begin sorts out who gets the frame whose header has come. Of the lane's frames
// yamux gets the flags alone.
func (u *under) begin(h header) {
	f := &u.frame
	f.have, f.left, f.pass = 0, 0, f.header[:]
	f.ofLane = u.lane != nil && h.id == laneID && (h.kind == frameData || h.kind == frameWindow)
	if h.kind == frameData {
		f.left = int(h.length)
	}
	if !f.ofLane {
		return
	}
	f.last = h.flags&(flagFIN|flagRST) != 0
	switch {
	case h.kind == frameWindow:
		u.lane.widen(h.length)
	case h.flags != 0:
		clear(f.header[headerSize-4:]) // its length
	}
	if h.flags == 0 {
		f.pass = nil
	}
}

// fill reads from the network into the buffer, which is empty.
func (u *under) fill() error {
	if len(u.buf) != u.size || u.size == 0 {
		u.size = max(u.size, minReadBuffer)
		u.buf = make([]byte, u.size)
	}
	n, err := u.Conn.Read(u.buf)
	u.received.Add(uint64(n))
	if n == 0 {
		return err
	}
	u.fit(n)
	u.next, u.end = 0, n
	return nil
}

// fit adapts the buffer's size to a read of n bytes.
func (u *under) fit(n int) {
	u.sparse++
	if n > u.size/8 {
		u.sparse = 0
	}
	switch {
	case n == u.size:
		u.size = min(4*u.size, maxReadBuffer)
	case u.sparse == sparseReads:
		u.size = max(u.size/4, minReadBuffer)
		u.sparse = 0
	}
}
