package transport

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// outStream is a bulk stream of ours past yamux: its frames are written by the
// goroutine that sends a body, as far as the receiver's window lets it.
type outStream struct {
	sender *bulkSender
	id     uint32
	stream *yamux.Stream // which knows of its opening and end

	changed chan struct{} // capacity 1: the window has grown, or the receiver has closed the stream

	mu     sync.Mutex // guards what follows
	window int64      // bytes that may be sent
	closed bool       // the receiver takes no more
}

func newOutStream(b *bulkSender, id uint32) *outStream {
	return &outStream{sender: b, id: id, window: initialWindow, changed: make(chan struct{}, 1)}
}

// came implements taker. The guard lets no data pass.
func (o *outStream) came([]byte) error { return nil }

// widen implements taker.
func (o *outStream) widen(n uint32) {
	o.mu.Lock()
	o.window += int64(n)
	o.mu.Unlock()
	o.wake()
}

// ended implements taker.
func (o *outStream) ended(bool) error {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.wake()
	return nil
}

func (o *outStream) wake() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// write implements outbound. The heading leaves with the first chunk.
func (o *outStream) write(ctx context.Context, head heading, body []byte) error {
	conn := o.sender.conn
	start, stop := head.append(nil), (<-chan struct{})(nil)
	for left := int64(head.size); len(start) > 0 || left > 0; {
		if ctx.Err() != nil && len(start) == 0 {
			return context.Cause(ctx)
		} else if ctx.Err() != nil {
			body = nil
		}
		n, err := o.reserve(stop, min(len(start)+len(body), conn.cfg.Chunk))
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		first := min(n, len(start))
		n -= first
		if err := conn.under.writeBody(o.id, start[:first], body[:n]); err != nil {
			conn.lane.lose(err)
			return err
		}
		start, body, left = start[first:], body[n:], left-int64(n)
		if len(start) == 0 {
			stop = ctx.Done()
		}
	}
	if _, closed := o.take(0); closed {
		return errGivenUp
	}
	return nil
}

// tryMax is the largest body that its sender writes itself, in bytes. It is copied
// for that, since the rest of what the network does not take at once is written
// later.
const tryMax = 96 << 10

// tryWrite is write that never waits, joined with what is queued on the lane. It
// reports whether the body is under way.
func (o *outStream) tryWrite(head heading, body []byte) bool {
	conn, start := o.sender.conn, head.append(nil)
	n := len(start) + len(body)
	if n > min(tryMax, conn.cfg.Chunk) {
		return false
	}
	got, closed := o.take(n)
	taken := got == n && !closed && conn.lane.writeWith(&frame{o.id, start, body})
	if !taken {
		o.mu.Lock()
		o.window += int64(got)
		o.mu.Unlock()
	}
	return taken
}

// errGivenUp: the receiver has closed the stream.
var errGivenUp = fmt.Errorf("%w: it gave up the body", ErrTimeout)

// reserve takes up to n bytes of the window. It waits until there are some, unless
// stop is closed.
func (o *outStream) reserve(stop <-chan struct{}, n int) (int, error) {
	conn := o.sender.conn
	var patience <-chan time.Time
	for {
		switch got, closed := o.take(n); {
		case closed:
			return 0, errGivenUp
		case got > 0:
			return got, nil
		}
		if patience == nil {
			timer := time.NewTimer(conn.cfg.StallTimeout)
			defer timer.Stop()
			patience = timer.C
		}
		select {
		case <-o.changed:
		case <-stop:
			return 0, errQuit
		case <-conn.ctx.Done():
			return 0, context.Cause(conn.ctx)
		case <-patience:
			return 0, fmt.Errorf("%w: it takes nothing of the body", ErrTimeout)
		}
	}
}

// take takes up to n bytes of the window, and reports whether the receiver has
// closed the stream.
func (o *outStream) take(n int) (got int, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	got = int(min(int64(n), o.window))
	o.window -= int64(got)
	return got, o.closed
}

// giveUp implements outbound.
func (o *outStream) giveUp() {
	giveUp(o.stream)
	o.sender.forget(o.id)
}

// giveUp closes a stream and waits until the receiver has closed it too.
func giveUp(s *yamux.Stream) {
	s.Close()
	s.SetReadDeadline(time.Now().Add(closeTimeout))
	io.Copy(io.Discard, s)
}
