package transport

import (
	"net"
	"testing"
	"time"
)

// pongs is a conn that brings pongs without end, so many bytes at once as it is
// told.
type pongs struct {
	net.Conn
	each int
	next int // byte of a pong
}

func (c *pongs) Read(p []byte) (int, error) {
	pong := [headerSize]byte{1: framePing, 3: flagACK}
	n := min(len(p), c.each)
	for i := range n {
		p[i] = pong[c.next]
		c.next = (c.next + 1) % headerSize
	}
	return n, nil
}

// TestReadBufferFits reads much, then little: the buffer must follow.
func TestReadBufferFits(t *testing.T) {
	conn := &pongs{}
	u := &under{Conn: conn, guard: newGuard(Dialer, (*Config)(nil).defaults(), time.Now, func(error) {})}
	read := func(times int) {
		for range times {
			if err := u.fill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range []struct{ each, reads, size int }{
		{12, 1, minReadBuffer},
		{100_000, 5, maxReadBuffer},
		{12, 10, maxReadBuffer}, // which may be a pause
		{12, 100, minReadBuffer},
	} {
		conn.each = step.each
		read(step.reads)
		if len(u.buf) != step.size {
			t.Errorf("after %d reads of %d bytes: %d, want %d", step.reads, step.each, len(u.buf), step.size)
		}
	}
}
