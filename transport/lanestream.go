package transport

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// laneStream is stream 1 as the lane uses it.
type laneStream interface {
	// write writes a batch of messages; it waits for the network and for the
	// stream's window. It is called by one goroutine at a time.
	write(batch []byte) error
	// tryWrite is write that never waits: it takes the batch, and behind it a frame of
	// a bulk stream unless that is nil, if the window has room for the batch and
	// nobody else writes. If more is true, write must be called, be it with nothing,
	// to go on where the network took no more.
	tryWrite(batch []byte, behind *frame) (taken, more bool)
	// serve delivers what comes until the lane ends, and returns why; it has bulk
	// streams accepted meanwhile. Messages may still be delivered until yamux's
	// reader has ended.
	serve(h Handler) error
}

// yamuxLane leaves the lane to yamux: Config.ThroughYamux.
type yamuxLane struct {
	conn   *muxConn
	stream *yamux.Stream
}

// writePiece is how many bytes the peer must take within WriteTimeout.
const writePiece = 64 << 10

// write writes a batch. A peer that opens no window for WriteTimeout has lost its
// connection: yamux itself would wait for ever.
func (y *yamuxLane) write(batch []byte) error {
	for piece := range slices.Chunk(batch, writePiece) {
		y.stream.SetWriteDeadline(time.Now().Add(y.conn.cfg.WriteTimeout))
		if _, err := y.stream.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

func (y *yamuxLane) tryWrite([]byte, *frame) (taken, more bool) { return false, false }

func (y *yamuxLane) serve(h Handler) error {
	y.conn.tasks.Go(func() { y.conn.acceptLoop(h) })
	in := laneReader{max: y.conn.cfg.MaxLaneMessage}
	buf := make([]byte, 16<<10)
	for {
		n, err := y.stream.Read(buf)
		if bad := y.conn.deliver(&in, buf[:n], h); bad != nil {
			return bad
		}
		if err == io.EOF && in.inMessage() {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
}

// directLane carries the lane past yamux: on the wire it is stream 1 of a yamux
// session, but its data and window frames are written and read by this package,
// without yamux's queues and goroutines. yamux opens the stream, and hears of its
// end; of its data it knows nothing.
//
// Messages are delivered on the goroutine that reads the connection, which is
// yamux's.
type directLane struct {
	conn *muxConn
	in   laneReader

	serving chan struct{} // closed by serve, after which handler is set
	handler Handler

	changed chan struct{} // capacity 1: the window has grown, or something is to be granted

	mu       sync.Mutex // guards what follows
	window   int64      // bytes that may be sent
	consumed int64      // bytes delivered and not granted to the peer again
}

func newDirectLane(c *muxConn) *directLane {
	return &directLane{
		conn:    c,
		in:      laneReader{max: c.cfg.MaxLaneMessage},
		serving: make(chan struct{}),
		window:  initialWindow,
		changed: make(chan struct{}, 1),
	}
}

func (d *directLane) serve(h Handler) error {
	d.handler = h
	close(d.serving)
	d.conn.acceptLoop(h) // messages come on another goroutine
	if d.conn.ctx.Err() != nil {
		return context.Cause(d.conn.ctx)
	}
	return io.EOF
}

// came takes the payload of a frame of the lane, or a part of it. It is called by
// the connection's reader.
func (d *directLane) came(p []byte) error {
	select {
	case <-d.serving:
	case <-d.conn.ctx.Done():
	}
	if d.conn.ctx.Err() != nil {
		return context.Cause(d.conn.ctx)
	}
	err := d.conn.deliver(&d.in, p, d.handler)
	if err == nil {
		err = d.consume(int64(len(p)))
	}
	if err != nil {
		d.conn.Abort(err)
	}
	return err
}

// consume notes that n bytes were delivered. When they are half of the window,
// the peer gets them again.
func (d *directLane) consume(n int64) error {
	window := int64(d.conn.cfg.Window)
	d.mu.Lock()
	d.consumed += n
	consumed := d.consumed
	d.mu.Unlock()
	switch {
	case consumed > window:
		return violation("more than the window of %d bytes on the lane", window)
	case consumed >= window/2 && consumed-n < window/2:
		d.conn.lane.kick()
		d.wake()
	}
	return nil
}

// grant returns how many bytes are to be granted to the peer now.
func (d *directLane) grant() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.consumed < int64(d.conn.cfg.Window)/2 {
		return 0
	}
	n := d.consumed
	d.consumed = 0
	return uint32(n)
}

// ended takes the end of the peer's side of the lane.
func (d *directLane) ended(bool) error {
	err := errPeerClosed
	if d.in.inMessage() {
		err = io.ErrUnexpectedEOF
	}
	d.conn.Abort(err)
	return err
}

// widen takes a grant of the peer.
func (d *directLane) widen(n uint32) {
	d.mu.Lock()
	d.window += int64(n)
	d.mu.Unlock()
	d.wake()
}

func (d *directLane) wake() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// write writes a batch in frames as large as the window and writePiece allow, behind
// what is to be granted to the peer.
func (d *directLane) write(batch []byte) error {
	for {
		n, err := d.reserve(min(len(batch), writePiece))
		if err != nil {
			return err
		}
		if err := d.conn.under.writeLane(d.grant(), batch[:n]); err != nil {
			return err
		}
		if batch = batch[n:]; len(batch) == 0 {
			return nil
		}
	}
}

func (d *directLane) tryWrite(batch []byte, behind *frame) (taken, more bool) {
	got, grant := d.take(len(batch)), d.grant()
	if got == len(batch) {
		taken, more = d.conn.under.tryLane(grant, batch, behind)
	}
	if !taken {
		d.mu.Lock()
		d.window += int64(got)
		d.consumed += int64(grant)
		d.mu.Unlock()
	}
	return taken, more
}

// reserve takes up to n bytes of the window, waiting until there are some, but no
// longer than WriteTimeout: then the peer has lost its connection. Meanwhile the
// peer gets its own window, for which it may be waiting in turn.
func (d *directLane) reserve(n int) (int, error) {
	if got := d.take(n); got > 0 || n == 0 {
		return got, nil
	}
	patience := time.NewTimer(d.conn.cfg.WriteTimeout)
	defer patience.Stop()
	for {
		select {
		case <-d.changed:
		case <-patience.C:
			return 0, fmt.Errorf("%w: it opens no window for the lane", ErrTimeout)
		case <-d.conn.ctx.Done():
			return 0, context.Cause(d.conn.ctx)
		}
		if got := d.take(n); got > 0 {
			return got, nil
		}
		if err := d.conn.under.writeLane(d.grant(), nil); err != nil {
			return 0, err
		}
	}
}

// take takes up to n bytes of the window.
func (d *directLane) take(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n = int(min(int64(n), d.window))
	d.window -= int64(n)
	return n
}
