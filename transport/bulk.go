package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/yamux"
)

// A bulk stream carries bodies one after the other: uvarint id, uvarint size,
// then the bytes. Streams are kept for the next body; one that a sender gives up
// in the middle is closed, which tells the receiver.

// bulkSender sends bodies. Whoever sends has a slot, and there are fewer slots
// than streams that the peer lets be open: an honest sender never meets that
// limit, however slow the receiver.
type bulkSender struct {
	conn  *muxConn
	slots chan struct{}

	opening sync.Mutex // yamux picks a stream's number before it queues its first frame

	mu      sync.Mutex
	pool    []outbound            // streams that nobody uses, the last used at the end; no more than slots
	direct  map[uint32]*outStream // the streams past yamux
	untold  []heading             // of bodies given up before their first byte
	telling bool                  // a goroutine tells of them
}

// outbound is a bulk stream, as its sender uses it: one body at a time.
type outbound interface {
	// write writes the heading in any case, so that the receiver learns of a body
	// that was given up, and then body, unless ctx ends. A receiver that takes
	// nothing for StallTimeout, or has closed the stream, loses the body.
	write(ctx context.Context, head heading, body []byte) error
	// giveUp closes the stream in the middle of a body, and waits until the receiver
	// has let go of it: until then it counts there.
	giveUp()
}

// heading is what stands before a body.
type heading struct{ id, size uint64 }

func (h heading) append(b []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, h.id), h.size)
}

// maxSending is how many bodies are sent at once.
const maxSending = 32

// maxUntold is how many bodies given up may wait to be told of.
const maxUntold = 64 << 10

func newBulkSender(c *muxConn) *bulkSender {
	return &bulkSender{
		conn:   c,
		slots:  make(chan struct{}, min(maxSending, max(c.cfg.PeerStreams/2, 1))),
		direct: map[uint32]*outStream{},
	}
}

// send sends one body, on a goroutine of its own: a write to the network cannot be
// interrupted by a context. After an error body may still be read for a while,
// until the connection's WriteTimeout at most.
func (b *bulkSender) send(ctx context.Context, id uint64, body []byte) error {
	head := heading{id, uint64(len(body))}
	if b.trySend(head, body) {
		return nil
	}
	b.conn.lane.flushNow() // what announces the body may be queued
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		b.tell(head)
		return context.Cause(ctx)
	case <-b.conn.ctx.Done():
		return context.Cause(b.conn.ctx)
	}
	done := make(chan error, 1)
	if !b.conn.spawn(func() { b.run(ctx, head, body, done) }) {
		return context.Cause(b.conn.ctx)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// trySend sends a small body from the caller's goroutine, if a stream is there and
// the network takes it at once, in one write with the message that announces it: a
// body of 64 KiB takes three quarters of the time so.
func (b *bulkSender) trySend(head heading, body []byte) bool {
	if len(body) > tryMax {
		return false
	}
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	default:
		return false
	}
	s := b.pooled()
	if s == nil {
		return false
	}
	defer b.keep(s)
	o, direct := s.(*outStream)
	return direct && o.tryWrite(head, body)
}

// run sends a body in the slot that the caller took, and gives the slot back.
func (b *bulkSender) run(ctx context.Context, head heading, body []byte, done chan<- error) {
	defer func() { <-b.slots }()
	s, err := b.stream()
	if err == nil {
		err = s.write(ctx, head, body)
	}
	if err == nil {
		b.keep(s) // first: the caller's next body shall find it
	}
	done <- b.conn.explain(err)
	switch {
	case err == nil:
	case errors.Is(err, yamux.ErrConnectionWriteTimeout):
		// yamux would go on with a session of which nobody knows what was sent.
		b.conn.Abort(b.conn.explain(err))
	case s != nil:
		s.giveUp()
	}
}

// tell lets the receiver know of a body that never got a slot. A receiver that is
// too far behind has lost the connection.
func (b *bulkSender) tell(h heading) {
	b.mu.Lock()
	n := len(b.untold)
	if n < maxUntold {
		b.untold = append(b.untold, h)
	}
	start := !b.telling
	b.telling = true
	b.mu.Unlock()
	if n >= maxUntold {
		b.conn.Abort(fmt.Errorf("%w: it took none of %d bodies", ErrTimeout, maxUntold))
	} else if start {
		b.conn.spawn(b.tellAll)
	}
}

// gaveUp is the context of a body that is only to be told of.
var gaveUp = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errQuit)
	return ctx
}()

var errQuit = errors.New("sender gave up")

// tellAll sends headings without a body; it ends when none is left or the
// connection has ended.
func (b *bulkSender) tellAll() {
	for {
		b.mu.Lock()
		if len(b.untold) == 0 {
			b.untold, b.telling = nil, false
			b.mu.Unlock()
			return
		}
		head := b.untold[0]
		b.untold = b.untold[1:]
		b.mu.Unlock()
		select {
		case b.slots <- struct{}{}:
		case <-b.conn.ctx.Done():
			return
		}
		if !b.conn.spawn(func() { b.run(gaveUp, head, nil, make(chan error, 1)) }) {
			return
		}
	}
}

// stream returns a stream that nobody uses.
func (b *bulkSender) stream() (outbound, error) {
	if s := b.pooled(); s != nil {
		return s, nil
	}
	b.opening.Lock() // numbers must grow on the wire
	defer b.opening.Unlock()
	s, err := b.conn.session.OpenStream()
	switch {
	case err != nil:
		return nil, err
	case b.conn.cfg.ThroughYamux:
		return &yamuxOut{b.conn, s}, nil
	}
	o := b.outbound(s.StreamID())
	o.stream = s
	return o, nil
}

// pooled takes a stream out of the pool; nil if none is there.
func (b *bulkSender) pooled() outbound {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pool) == 0 {
		return nil
	}
	s := b.pool[0] // the receiver is most likely done with it
	b.pool = b.pool[1:]
	return s
}

// opens notes that the opening of a stream leaves, which will pass yamux by.
func (b *bulkSender) opens(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.direct[id] = newOutStream(b, id)
}

// keep puts a stream away for the next body.
func (b *bulkSender) keep(s outbound) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pool = append(b.pool, s)
}

// outbound returns stream id past yamux; nil if it is not open.
func (b *bulkSender) outbound(id uint32) *outStream {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.direct[id]
}

// forget removes a stream past yamux.
func (b *bulkSender) forget(id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.direct, id)
}
