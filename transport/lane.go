package transport

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// laneWriter joins the messages of many callers into few writes. Senders append
// to a shared buffer; the first one that finds nobody writing starts a goroutine
// that writes until the buffer is empty. No sender is ever inside a network
// write, so that its context always frees it.
type laneWriter struct {
	w    *yamux.Stream
	conn *muxConn
	max  int // bytes of one message
	cap  int // bytes that may be queued

	mu       sync.Mutex
	buf      []byte        // messages that nobody is writing yet
	count    int           // of messages in buf
	spare    []byte        // the other buffer, while nobody writes
	flushing bool          // a flush runs
	room     chan struct{} // closed and replaced when buf is taken; nil while nobody waits
	idle     chan struct{} // closed when a flush ends; nil while nobody waits
	err      error         // why nothing can be sent
	draining bool          // nothing more is taken
}

// newLaneWriter returns the writer of a lane that is not open yet.
func newLaneWriter(cfg *Config, conn *muxConn) *laneWriter {
	return &laneWriter{conn: conn, max: cfg.MaxLaneMessage, cap: cfg.MaxQueued}
}

// send queues one message, when there is room for it.
func (l *laneWriter) send(ctx context.Context, head, body []byte) error {
	size := len(head) + len(body)
	if size > l.max {
		return fmt.Errorf("%w: %d bytes on the lane, the limit is %d", ErrTooLarge, size, l.max)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil && !l.draining && len(l.buf) > 0 && len(l.buf)+size > l.cap {
		if err := l.awaitRoom(ctx); err != nil {
			return err
		}
	}
	if l.err != nil {
		return l.err
	}
	if l.draining {
		return ErrClosed
	}
	l.buf = binary.AppendUvarint(l.buf, uint64(size))
	l.buf = append(append(l.buf, head...), body...)
	l.count++
	if !l.flushing {
		l.flushing = true
		l.conn.tasks.Go(l.flush)
	}
	return nil
}

// awaitRoom waits until the queue was taken; l.mu is held, but not meanwhile.
func (l *laneWriter) awaitRoom(ctx context.Context) error {
	if l.room == nil {
		l.room = make(chan struct{})
	}
	room := l.room
	l.mu.Unlock()
	defer l.mu.Lock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// flush writes what is queued until nothing is left.
func (l *laneWriter) flush() {
	for {
		if l.crowded() {
			runtime.Gosched() // more is coming; one write for all of it
		}
		batch := l.take()
		if batch == nil {
			return
		}
		if err := l.write(batch); err != nil {
			l.lose(err)
		}
		l.giveBack(batch)
	}
}

// lose ends the connection after a failed write. If yamux gave up the session
// before, Serve is about to learn why.
func (l *laneWriter) lose(err error) {
	if l.conn.session.IsClosed() {
		l.fail(l.conn.explain(err))
		return
	}
	l.conn.Abort(l.conn.explain(err))
}

// writePiece is how many bytes the peer must take within WriteTimeout.
const writePiece = 64 << 10

// write writes a batch. A peer that opens no window for WriteTimeout has lost its
// connection: yamux itself would wait for ever.
func (l *laneWriter) write(batch []byte) error {
	for piece := range slices.Chunk(batch, writePiece) {
		l.w.SetWriteDeadline(time.Now().Add(l.conn.cfg.WriteTimeout))
		if _, err := l.w.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// crowded reports whether more than one message is queued.
func (l *laneWriter) crowded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count > 1
}

// take returns the queued bytes; nil ends the flush.
func (l *laneWriter) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) == 0 || l.err != nil {
		l.flushing = false
		l.buf, l.count = l.buf[:0], 0
		wake(&l.idle)
		return nil
	}
	batch := l.buf
	l.buf, l.spare, l.count = l.spare[:0], nil, 0
	wake(&l.room)
	return batch
}

// keepBuffer is the largest write buffer that is kept, in bytes.
const keepBuffer = 64 << 10

func (l *laneWriter) giveBack(batch []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cap(batch) <= keepBuffer {
		l.spare = batch[:0]
	}
}

// wake tells those who wait on a channel, if there are any.
func wake(ch *chan struct{}) {
	if *ch != nil {
		close(*ch)
		*ch = nil
	}
}

// fail makes every further send fail with err.
func (l *laneWriter) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	wake(&l.room)
	wake(&l.idle)
}

// drain takes no more messages and waits until those that are queued have been
// written, or cannot be.
func (l *laneWriter) drain() {
	l.mu.Lock()
	l.draining = true
	wake(&l.room)
	if !l.flushing || l.err != nil {
		l.mu.Unlock()
		return
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	<-idle
}

// readLane delivers the lane's messages until it ends.
func readLane(r io.Reader, max int, h Handler) error {
	in := bufio.NewReaderSize(r, 16<<10)
	var buf []byte
	for {
		size, err := readUvarint(in)
		if err != nil {
			return err
		}
		if size > uint64(max) {
			return violation("message of %d bytes on the lane, the limit is %d", size, max)
		}
		if int(size) > cap(buf) {
			buf = make([]byte, size)
		}
		msg := buf[:size]
		if _, err := io.ReadFull(in, msg); err != nil {
			return err
		}
		h.Message(msg)
	}
}

// readUvarint is binary.ReadUvarint that tells an end from a violation. io.EOF
// means that there was nothing.
func readUvarint(r io.ByteReader) (uint64, error) {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b, err := r.ReadByte()
		if err == io.EOF && shift > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
		if shift == 63 && b > 1 {
			break // more than 64 bits
		}
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v, nil
		}
	}
	return 0, violation("number of more than 64 bits")
}
