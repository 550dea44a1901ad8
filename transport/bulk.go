package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

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
	idle    []*yamux.Stream // the last used at the end; no more than slots
	untold  []heading       // of bodies given up before their first byte
	telling bool            // a goroutine tells of them
}

// heading is what stands before a body.
type heading struct{ id, size uint64 }

// maxSending is how many bodies are sent at once.
const maxSending = 32

// maxUntold is how many bodies given up may wait to be told of.
const maxUntold = 64 << 10

func newBulkSender(c *muxConn) *bulkSender {
	return &bulkSender{conn: c, slots: make(chan struct{}, min(maxSending, max(c.cfg.PeerStreams/2, 1)))}
}

// send sends one body, on a goroutine of its own: yamux's writes cannot be
// interrupted by a context. After an error body may still be read for a while,
// until the connection's WriteTimeout at most.
func (b *bulkSender) send(ctx context.Context, id uint64, body []byte) error {
	o := &outbound{conn: b.conn, heading: heading{id, uint64(len(body))}, body: body}
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		b.tell(o.heading)
		return context.Cause(ctx)
	case <-b.conn.ctx.Done():
		return context.Cause(b.conn.ctx)
	}
	done := make(chan error, 1)
	if !b.conn.spawn(func() { b.run(o, done) }) {
		return context.Cause(b.conn.ctx)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		o.cancel()
		return context.Cause(ctx)
	}
}

// run sends o in the slot that the caller took, and gives the slot back.
func (b *bulkSender) run(o *outbound, done chan<- error) {
	defer func() { <-b.slots }()
	s, err := b.stream()
	if err == nil {
		err = o.write(s)
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
		b.giveUp(s)
	}
}

// giveUp closes a stream in the middle of a body, and waits until the receiver
// has let go of it: until then it counts there.
func (b *bulkSender) giveUp(s *yamux.Stream) {
	s.Close()
	s.SetReadDeadline(time.Now().Add(closeTimeout))
	io.Copy(io.Discard, s)
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
		o := &outbound{conn: b.conn, heading: b.untold[0], quit: true}
		b.untold = b.untold[1:]
		b.mu.Unlock()
		select {
		case b.slots <- struct{}{}:
		case <-b.conn.ctx.Done():
			return
		}
		if !b.conn.spawn(func() { b.run(o, make(chan error, 1)) }) {
			return
		}
	}
}

// stream returns a stream that nobody uses.
func (b *bulkSender) stream() (*yamux.Stream, error) {
	b.mu.Lock()
	if len(b.idle) > 0 {
		s := b.idle[0] // the receiver is most likely done with it
		b.idle = b.idle[1:]
		b.mu.Unlock()
		return s, nil
	}
	b.mu.Unlock()
	b.opening.Lock() // numbers must grow on the wire
	defer b.opening.Unlock()
	return b.conn.session.OpenStream()
}

// keep puts a stream away for the next body.
func (b *bulkSender) keep(s *yamux.Stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.idle = append(b.idle, s)
}

// outbound is one body on its way out.
type outbound struct {
	conn *muxConn
	heading
	body []byte

	mu     sync.Mutex
	stream *yamux.Stream // that it is written to; nil before
	quit   bool          // the sender gave up
}

var errQuit = errors.New("sender gave up")

// write writes the heading in any case, so that the receiver learns of a body
// that was given up, and the body.
func (o *outbound) write(s *yamux.Stream) error {
	head := binary.AppendUvarint(binary.AppendUvarint(nil, o.id), o.size)
	s.SetWriteDeadline(time.Now().Add(o.conn.cfg.StallTimeout))
	if _, err := s.Write(head); err != nil {
		return err
	}
	for o.size > 0 {
		if err := o.proceed(s); err != nil {
			return err
		}
		n := min(len(o.body), o.conn.cfg.Chunk)
		if _, err := s.Write(o.body[:n]); err != nil {
			return err
		}
		if o.body = o.body[n:]; len(o.body) == 0 {
			break
		}
	}
	return o.stillTaken(s)
}

// stillTaken returns an error when the receiver has closed s: yamux writes on as
// if somebody read.
func (o *outbound) stillTaken(s *yamux.Stream) error {
	s.SetReadDeadline(time.Unix(1, 0)) // long past: nothing ever comes but the end
	_, err := s.Read(make([]byte, 1))
	switch {
	case errors.Is(err, yamux.ErrTimeout):
		return nil
	case o.conn.ctx.Err() != nil || s.Session().IsClosed():
		return yamux.ErrSessionShutdown // that closes streams, too
	}
	return fmt.Errorf("%w: it gave up the body", ErrTimeout)
}

// proceed allows one more chunk. A receiver that takes nothing for StallTimeout
// loses the body.
func (o *outbound) proceed(s *yamux.Stream) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.quit {
		return errQuit
	}
	o.stream = s
	return s.SetWriteDeadline(time.Now().Add(o.conn.cfg.StallTimeout))
}

// cancel stops the writing, also where it waits for the receiver.
func (o *outbound) cancel() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.quit = true
	if o.stream != nil {
		o.stream.SetWriteDeadline(time.Now())
	}
}
