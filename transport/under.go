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
// inbound it reads into a large buffer and shows every frame to the guard.
type under struct {
	net.Conn
	writeTimeout time.Duration
	guard        *guard
	received     atomic.Uint64 // bytes read from Conn

	writing sync.Mutex
	ended   bool             // closeWrite was called; nothing more leaves
	held    [headerSize]byte // a header whose body has not come yet
	hold    bool
	out     []byte // header and body joined

	buf    []byte // read and not yet given to yamux: buf[next:end]
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
		return u.writeJoined(p)
	}
	u.guard.sent(p) // a header, as no body is due
	if p[1] == frameData && binary.BigEndian.Uint32(p[8:]) > 0 {
		copy(u.held[:], p)
		u.hold = true
		return len(p), nil
	}
	u.SetWriteDeadline(time.Now().Add(u.writeTimeout))
	return u.Conn.Write(p)
}

func (u *under) writeJoined(body []byte) (int, error) {
	u.SetWriteDeadline(time.Now().Add(u.writeTimeout))
	if len(body) > joinMax {
		parts := net.Buffers{u.held[:], body}
		n, err := parts.WriteTo(u.Conn)
		return max(int(n)-headerSize, 0), err
	}
	u.out = append(append(u.out[:0], u.held[:]...), body...)
	n, err := u.Conn.Write(u.out)
	return max(n-headerSize, 0), err
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

func (u *under) Read(p []byte) (int, error) {
	if u.next == u.end {
		if err := u.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.buf[u.next:u.end])
	u.next += n
	return n, nil
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
	return u.guard.inspect(u.buf[:n])
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
