package transport

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
)

// laneWriter joins the messages of many callers into few writes. Senders append
// to a shared buffer; the first one that finds nobody writing starts a goroutine
// that writes until the buffer is empty. Senders that know of each other queue their
// messages, and the last of them writes, as far as the network takes it at once.
// None ever waits inside a network write, so that its context always frees it.
type laneWriter struct {
	w    laneStream
	conn *muxConn
	max  int    // bytes of one message
	cap  int    // bytes that may be queued
	run  func() // flush, as one of conn's tasks; made once, so that starting it allocates nothing

	mu       sync.Mutex
	buf      []byte        // messages that nobody is writing yet
	spare    []byte        // the other buffer, while nobody writes
	flushing bool          // a flush runs
	kicked   bool          // the flush must write even if nothing is queued
	reading  bool          // the reader delivers messages, and has what is held written then
	room     chan struct{} // closed and replaced when buf is taken; nil while nobody waits
	idle     chan struct{} // closed when a flush ends; nil while nobody waits
	err      error         // why nothing can be sent
	draining bool          // nothing more is taken
}

// newLaneWriter returns the writer of a lane that is not open yet.
func newLaneWriter(cfg *Config, conn *muxConn) *laneWriter {
	l := &laneWriter{conn: conn, max: cfg.MaxLaneMessage, cap: cfg.MaxQueued}
	l.run = func() {
		defer conn.tasks.Done()
		l.flush()
	}
	return l
}

// urgency is when a message is written that finds nobody writing.
type urgency int

const (
	soon   urgency = iota // by a goroutine, which lets others join first
	held                  // when the reader has delivered what it has read; soon if nothing is being delivered
	queued                // with the next one, or by writeNow
)

// maxHeld is how many bytes of messages wait for others that are about to join them,
// so that the peer need not wait for a long batch of its own to be served.
const maxHeld = 16 << 10

// send queues one message, when there is room for it.
func (l *laneWriter) send(ctx context.Context, head, body []byte, when urgency) error {
	size := len(head) + len(body)
	if size > l.max {
		return fmt.Errorf("%w: %d bytes on the lane, the limit is %d", ErrTooLarge, size, l.max)
	}
	if ctx != impatient && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.err == nil && !l.draining && len(l.buf) > 0 && len(l.buf)+size > l.cap {
		if !l.flushing { // all of it is held
			l.start()
		}
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
	switch {
	case l.flushing:
	case when == held && l.reading && len(l.buf) < maxHeld:
	case when == queued && len(l.buf) < maxHeld:
	default:
		l.start()
	}
	return nil
}

// hold tells that the reader begins to deliver messages; release follows.
func (l *laneWriter) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading = true
}

// release writes what was held.
func (l *laneWriter) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reading = false
	l.writeNow()
}

// flushNow writes what was queued.
func (l *laneWriter) flushNow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writeNow()
}

// start starts the goroutine that writes; l.mu is held.
func (l *laneWriter) start() {
	l.flushing = true
	l.conn.tasks.Add(1)
	go l.run() // ends when nothing is queued, or with the connection
}

// writeNow writes what is queued as far as the network takes it at once, and has the
// rest written; l.mu is held, but not meanwhile.
func (l *laneWriter) writeNow() {
	if len(l.buf) > 0 {
		l.tryWrite(nil)
	}
}

// writeWith writes what is queued and behind it a frame of a bulk stream, as far as
// the network takes them at once, and has the rest written. It reports whether the
// frame is under way.
func (l *laneWriter) writeWith(behind *frame) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tryWrite(behind)
}

func (l *laneWriter) tryWrite(behind *frame) (taken bool) {
	if l.flushing || l.err != nil {
		return false
	}
	l.flushing = true
	batch := l.swap()
	l.mu.Unlock()
	taken, more := l.w.tryWrite(batch, behind)
	l.mu.Lock()
	if taken {
		l.keep(batch)
	} else {
		l.buf = append(batch, l.buf...)
	}
	l.kicked = l.kicked || more
	if (len(l.buf) > 0 || l.kicked) && l.err == nil { // after the end Serve may be past its wait
		l.start()
	} else {
		l.stopped()
	}
	return taken
}

// swap takes what is queued; l.mu is held.
func (l *laneWriter) swap() (batch []byte) {
	batch = l.buf
	l.buf, l.spare = l.spare[:0], nil
	return batch
}

// stopped notes that nobody writes any more; l.mu is held.
func (l *laneWriter) stopped() {
	l.flushing = false
	wake(&l.idle)
}

// awaitRoom waits until the queue was taken; l.mu is held, but not meanwhile.
func (l *laneWriter) awaitRoom(ctx context.Context) error {
	if ctx == impatient {
		return ErrFull
	}
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
	var batch []byte
	for {
		runtime.Gosched() // let those who are about to send; one write for all of it
		var ok bool
		if batch, ok = l.take(batch); !ok {
			return
		}
		if err := l.w.write(batch); err != nil {
			l.lose(err)
		}
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

// kick sees to it that the stream's write is called soon, be it with nothing.
func (l *laneWriter) kick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kicked = true
	if !l.flushing && l.err == nil {
		l.start()
	}
}

// take returns the queued bytes, of which there are none after a kick; false ends
// the flush. written is the batch before.
func (l *laneWriter) take(written []byte) (batch []byte, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep(written)
	if len(l.buf) == 0 && !l.kicked || l.err != nil {
		l.buf = l.buf[:0]
		l.stopped()
		return nil, false
	}
	l.kicked = false
	wake(&l.room)
	return l.swap(), true
}

// keepBuffer is the largest write buffer that is kept, in bytes.
const keepBuffer = 64 << 10

// keep keeps the buffer of a batch that was written; l.mu is held.
func (l *laneWriter) keep(batch []byte) {
	if cap(batch) <= keepBuffer && cap(batch) > cap(l.spare) {
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
	if len(l.buf) > 0 && !l.flushing && l.err == nil { // all of it is held
		l.start()
	}
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
