package transport

import (
	"errors"
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

// torn is a conn that takes half of the first write.
type torn struct {
	net.Conn
	writes int
}

func (c *torn) SetWriteDeadline(time.Time) error { return nil }
func (c *torn) Write(p []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		return len(p) / 2, errTorn
	}
	return len(p), nil
}

var errTorn = errors.New("torn")

// TestNothingFollowsATornFrame has the lane and yamux write when the other's frame
// left only in part: the peer would take what follows for the rest of it.
func TestNothingFollowsATornFrame(t *testing.T) {
	writers := map[string]func(*under) error{
		"lane": func(u *under) error { return u.writeLane(0, make([]byte, 100)) },
		"yamux": func(u *under) error {
			_, err := u.Write(appendHeader(nil, frameWindow, laneID, 1))
			return err
		},
		"yamux's data": func(u *under) error {
			u.Write(laneFrame(frameData, 0, 100, nil))
			_, err := u.Write(make([]byte, 100))
			return err
		},
	}
	for first, write := range writers {
		for second, follow := range writers {
			conn := &torn{}
			u := &under{Conn: conn, guard: newGuard(Dialer, fuzzConfig(), stopped, func(error) {})}
			write(u)
			if err := follow(u); err != errTorn || conn.writes != 1 {
				t.Errorf("%s after %s: %d writes, %v", second, first, conn.writes, err)
			}
		}
	}
}

// TestNothingFollowsTheEnd ends one direction between a header and its body: what
// is written then is dropped, without an error, which would end the other
// direction.
func TestNothingFollowsTheEnd(t *testing.T) {
	conn := &sizes{}
	u := &under{Conn: conn, guard: newGuard(Dialer, fuzzConfig(), stopped, func(error) {})}
	_, header := u.Write(laneFrame(frameData, 0, 100, nil))
	u.closeWrite()
	_, body := u.Write(make([]byte, 100))
	_, window := u.Write(appendHeader(nil, frameWindow, laneID, 1))
	if err := errors.Join(header, body, window, u.writeLane(1, make([]byte, 100))); err != nil || len(conn.seen) > 0 {
		t.Errorf("%v, writes of %d bytes", err, conn.seen)
	}
}
