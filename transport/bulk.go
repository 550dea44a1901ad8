package transport

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// A bulk stream carries bodies one after the other: uvarint id, uvarint size,
// then the bytes. Streams are kept for the next body; one that a sender gives up
// in the middle is closed, which tells the receiver.

// bulkSender sends bodies.
type bulkSender struct {
	conn  *muxConn
	slots chan struct{} // one for each body being sent

	mu   sync.Mutex
	idle []*yamux.Stream // the last used at the end
}

// maxSending is how many bodies are sent at once; maxIdle is how many streams
// are kept for later ones. Both stay below what the peer lets be open.
const (
	maxSending = 32
	maxIdle    = 8
)

func newBulkSender(c *muxConn) *bulkSender {
	return &bulkSender{conn: c, slots: make(chan struct{}, min(maxSending, max(c.cfg.MaxStreams/2, 1)))}
}

// send sends one body, on a goroutine of its own: yamux's writes cannot be
// interrupted by a context. After an error body may still be read for a while,
// until the connection's WriteTimeout at most.
func (b *bulkSender) send(ctx context.Context, id uint64, body []byte) error {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-b.conn.ctx.Done():
		return b.conn.reason()
	}
	done := make(chan error, 1)
	quit := make(chan struct{})
	b.conn.tasks.Go(func() {
		defer func() { <-b.slots }()
		done <- b.write(quit, id, body)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		close(quit)
		return context.Cause(ctx)
	}
}

var errQuit = errors.New("sender gave up")

func (b *bulkSender) write(quit chan struct{}, id uint64, body []byte) error {
	s, err := b.stream()
	if err != nil {
		return b.conn.explain(err)
	}
	if err := b.copy(s, quit, id, body); err != nil {
		s.Close()
		return b.conn.explain(err)
	}
	b.keep(s)
	return nil
}

func (b *bulkSender) copy(s *yamux.Stream, quit chan struct{}, id uint64, body []byte) error {
	head := binary.AppendUvarint(binary.AppendUvarint(nil, id), uint64(len(body)))
	if err := b.chunk(s, head); err != nil {
		return err
	}
	for len(body) > 0 {
		select {
		case <-quit:
			return errQuit
		default:
		}
		n := min(len(body), b.conn.cfg.Chunk)
		if err := b.chunk(s, body[:n]); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

// chunk writes p. A receiver that takes nothing for StallTimeout loses the body.
func (b *bulkSender) chunk(s *yamux.Stream, p []byte) error {
	s.SetWriteDeadline(time.Now().Add(b.conn.cfg.StallTimeout))
	_, err := s.Write(p)
	return err
}

// stream returns a stream that nobody uses.
func (b *bulkSender) stream() (*yamux.Stream, error) {
	b.mu.Lock()
	if n := len(b.idle); n > 0 {
		s := b.idle[n-1]
		b.idle = b.idle[:n-1]
		b.mu.Unlock()
		return s, nil
	}
	b.mu.Unlock()
	return b.conn.session.OpenStream()
}

// keep puts a stream away for the next body.
func (b *bulkSender) keep(s *yamux.Stream) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.idle) >= maxIdle {
		s.Close()
		return
	}
	b.idle = append(b.idle, s)
}

// receive takes the bodies of one inbound stream; it ends with the stream.
func (c *muxConn) receive(s *yamux.Stream, h Handler) {
	defer s.Close()
	in := bufio.NewReaderSize(s, 64) // for the heads; bodies are read past it
	s.SetReadDeadline(time.Now().Add(c.cfg.FirstByteTimeout))
	for {
		id, err := binary.ReadUvarint(in)
		if err != nil {
			return // the sender closed an idle stream, or the connection ended
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return
		}
		if size > uint64(c.cfg.MaxBody) {
			c.Abort(violation("body of %d bytes, the limit is %d", size, c.cfg.MaxBody))
			return
		}
		buf, err := h.Body(c.ctx, id, int64(size))
		if err != nil {
			c.Abort(err)
			h.BodyDone(id, nil, err)
			return
		}
		err = c.fill(s, in, buf, int64(size))
		h.BodyDone(id, buf, err)
		if err != nil {
			return
		}
		s.Shrink() // an idle stream keeps no buffer
		s.SetReadDeadline(time.Time{})
	}
}

// fill reads a body into buf, or past it if that is nil, and gives up after
// StallTimeout without a byte.
func (c *muxConn) fill(s *yamux.Stream, in *bufio.Reader, buf []byte, size int64) error {
	if buf == nil {
		_, err := io.Copy(io.Discard, &patient{s, io.LimitReader(in, size), c.cfg.StallTimeout})
		return c.explain(err)
	}
	_, err := io.ReadFull(&patient{s, in, c.cfg.StallTimeout}, buf)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return c.explain(err)
}

// patient is a reader that waits for each read at most so long.
type patient struct {
	s       *yamux.Stream
	r       io.Reader
	timeout time.Duration
}

func (p *patient) Read(buf []byte) (int, error) {
	p.s.SetReadDeadline(time.Now().Add(p.timeout))
	return p.r.Read(buf)
}
