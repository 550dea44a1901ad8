package transport

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"
)

// under is the conn below yamux. Outbound it joins each frame's header with its
// body, which yamux writes one after the other, into one write with a deadline;
// inbound it reads into a large buffer and shows every frame to the guard. Data
// and windows of the lane and of bulk streams pass yamux by, both ways.
type under struct {
	net.Conn
	writeTimeout time.Duration
	guard        *guard
	received     atomic.Uint64 // bytes read from Conn

	chunks  turn             // of bodies: one of them stands in line for writing
	writing turn             // guards what follows
	ended   bool             // closeWrite was called; nothing more leaves
	failed  error            // of the write that was the last
	held    [headerSize]byte // a header whose body has not come yet
	hold    bool
	heads   []byte     // headers of frames that pass yamux by
	out     []byte     // headers and body joined
	tail    []byte     // what a tried write has left of out
	try     *tryWriter // nil where writes cannot be tried

	lane  *directLane // takes the lane's frames; nil: all frames are yamux's
	bulk  *bulkSender // hears what receivers of its streams say, if lane is not nil
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

	directRead = 8 << 10 // so much of a body is read past the buffer
)

// headerSize is the size of yamux's frame header: version, type, flags (2),
// stream (4), length (4).
const headerSize = 12

// joinMax is the largest body that is copied behind its header; larger ones are
// written with it by writev where the network can.
const joinMax = 64 << 10

func (u *under) Write(p []byte) (int, error) {
	u.writing.take()
	defer u.writing.give()
	if u.ended {
		return len(p), nil // an error would make yamux close, and not read to the end
	}
	if u.hold {
		u.hold = false
		return len(p), u.send(u.held[:], p)
	}
	u.guard.sent(p) // a header, as no body is due
	if h := parseHeader(p); u.bulk != nil && h.flags&flagSYN != 0 && h.id != laneID {
		u.bulk.opens(h.id) // now: the receiver may answer before yamux has returned
	}
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
		if u.try == nil { // there are two writes, and TLS makes records of 16 KiB of each
			first := joinMax - len(heads)
			u.out = append(append(u.out[:0], heads...), body[:first]...)
			heads, body = u.out, body[first:]
		}
		parts := net.Buffers{heads, body}
		_, u.failed = parts.WriteTo(u.Conn)
		return u.failed
	}
	u.start(heads, body)
	u.flush()
	return u.failed
}

// start writes headers and bodies as one, as far as the network takes them at once,
// and keeps the rest for flush; u.writing is held, and nothing is kept.
func (u *under) start(parts ...[]byte) {
	u.out = u.out[:0]
	for _, p := range parts {
		u.out = append(u.out, p...)
	}
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
	u.writing.take()
	defer u.writing.give()
	if u.ended {
		return nil
	}
	return u.send(u.laneHeads(grant, len(payload)), payload)
}

// tryLane is writeLane that does not wait, neither for others that write nor for the
// network. It reports whether the frames are under way; if more is true, writeLane
// must be called to write the rest of them.
func (u *under) tryLane(grant uint32, payload []byte, behind *frame) (taken, more bool) {
	if len(payload) > joinMax || !u.begins() {
		return false, false
	}
	defer u.writing.give()
	if behind == nil {
		return u.tryWrite(u.laneHeads(grant, len(payload)), payload)
	}
	u.heads = u.laneHeads(grant, len(payload))
	n := len(u.heads)
	u.heads = append(appendHeader(u.heads, frameData, behind.id, uint32(len(behind.start)+len(behind.rest))), behind.start...)
	return u.tryWrite(u.heads[:n], payload, u.heads[n:], behind.rest)
}

// frame is a data frame of a bulk stream, its payload in two parts.
type frame struct {
	id          uint32
	start, rest []byte
}

// begins takes the turn for a tried write, if it is free and nothing is in the way.
func (u *under) begins() bool {
	if u.try == nil || !u.writing.try() {
		return false
	}
	if u.ended || u.failed != nil || len(u.tail) > 0 {
		u.writing.give()
		return false
	}
	return true
}

// tryWrite writes what the network takes at once; u.writing is held.
func (u *under) tryWrite(parts ...[]byte) (taken, more bool) {
	u.start(parts...)
	return true, len(u.tail) > 0 || u.failed != nil
}

// tryGrant writes a grant for a bulk stream in the way of tryLane.
func (u *under) tryGrant(id, n uint32) (taken, more bool) {
	if !u.begins() {
		return false, false
	}
	defer u.writing.give()
	u.heads = appendHeader(u.heads[:0], frameWindow, id, n)
	return u.tryWrite(u.heads)
}

// laneHeads returns the headers of writeLane's frames; u.writing is held.
func (u *under) laneHeads(grant uint32, payload int) []byte {
	u.heads = u.heads[:0]
	if grant > 0 {
		u.heads = appendHeader(u.heads, frameWindow, laneID, grant)
	}
	if payload > 0 {
		u.heads = appendHeader(u.heads, frameData, laneID, uint32(payload))
	}
	return u.heads
}

// appendHeader appends the header of a frame without flags.
func appendHeader(b []byte, kind byte, id, length uint32) []byte {
	b = append(b, 0, kind, 0, 0)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, id), length)
}

// writeBody writes a frame of a bulk stream whose payload is in two parts. Frames of
// the lane wait for the chunk that is being written, and for no other.
func (u *under) writeBody(id uint32, start, rest []byte) error {
	u.chunks.take()
	defer u.chunks.give()
	return u.writeFrame(frameData, id, uint32(len(start)+len(rest)), start, rest)
}

// writeFrame writes a frame of a bulk stream without flags.
func (u *under) writeFrame(kind byte, id, length uint32, start, rest []byte) error {
	u.writing.take()
	defer u.writing.give()
	if u.ended {
		return nil
	}
	u.heads = append(appendHeader(u.heads[:0], kind, id, length), start...)
	return u.send(u.heads, rest)
}

// closeWrite tells the peer that nothing more comes, and leaves the other
// direction open. What a tried write has left is under way, and leaves first.
func (u *under) closeWrite() {
	u.writing.take()
	defer u.writing.give()
	u.flush()
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
