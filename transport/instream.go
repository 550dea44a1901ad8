package transport

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hashicorp/yamux"
)

// inStream is a bulk stream of the peer past yamux. The connection's reader puts
// what comes where the receiver wants it, and wakes the receiver once for all that
// it wants, not for each frame; what comes before is kept, at most a window.
type inStream struct {
	id      uint32
	window  int64                   // in bytes
	grant   func(id, n uint32) bool // gives the peer n bytes again if that takes no waiting
	changed chan struct{}           // capacity 1: what was wanted has come, half a window is to be granted, or the end

	mu     sync.Mutex // guards what follows
	kept   backlog    // what nobody has wanted yet
	left   int        // how many bytes are wanted
	want   []byte     // where they go; nil: they are skipped
	taken  int64      // bytes that were wanted, and not granted to the peer again
	last   time.Time  // when something came
	closed error      // why nothing more comes
}

func newInStream(id uint32, window int64, grant func(id, n uint32) bool) *inStream {
	return &inStream{id: id, window: window, grant: grant, changed: make(chan struct{}, 1)}
}

// came implements taker.
func (s *inStream) came(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return nil
	}
	s.last = time.Now()
	n := min(s.left, len(p))
	copy(s.want, p[:n])
	s.advance(n)
	s.kept.put(p[n:])
	if n < len(p) {
		s.wake()
	}
	return nil
}

// room returns where up to n bytes that come next are wanted; filled tells that
// some of them are there. nil: nowhere.
func (s *inStream) room(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.want[:min(n, len(s.want))]
}

// filled tells that n bytes are in the room. If the receiver has gone meanwhile,
// they are of no use.
func (s *inStream) filled(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.last = time.Now()
		s.advance(n)
	}
}

// advance notes that n wanted bytes are where they belong; s.mu is held.
func (s *inStream) advance(n int) {
	if n == 0 {
		return
	}
	if s.want != nil {
		s.want = s.want[n:]
	}
	s.left -= n
	before := s.taken
	s.taken += int64(n)
	due := before < s.window/2 && s.taken >= s.window/2
	if due && s.grant != nil && s.grant(s.id, uint32(s.taken)) {
		s.taken, due = 0, false
	}
	if s.left == 0 || due {
		s.wake()
	}
}

func (s *inStream) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// widen implements taker. Nothing is sent on a stream of the peer.
func (s *inStream) widen(uint32) {}

// ended implements taker. After a reset what was kept is lost, as with yamux.
func (s *inStream) ended(reset bool) error {
	if reset {
		s.close(yamux.ErrConnectionReset)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed == nil {
		s.closed = io.EOF
		s.wake()
	}
	return nil
}

// close forgets what is wanted and what is kept.
func (s *inStream) close(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.drop()
	s.want, s.left = nil, 0
	if s.closed == nil || s.closed == io.EOF {
		s.closed = err
	}
	s.wake()
}

// directIn is the receiver's side of an inStream.
type directIn struct {
	*inStream
	conn    *muxConn
	timeout time.Duration // of a silence; 0: none
}

func (d *directIn) idle() { d.patience(0) }

func (d *directIn) end() { d.close(yamux.ErrStreamClosed) }

func (d *directIn) patience(timeout time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.timeout, d.last = timeout, time.Now()
}

// ReadByte implements io.ByteReader.
func (d *directIn) ReadByte() (byte, error) {
	var b [1]byte
	err := d.fill(b[:], 1)
	return b[0], err
}

func (d *directIn) readFull(p []byte) error { return d.fill(p, len(p)) }

func (d *directIn) discard(n int64) error {
	for n > 0 {
		piece := min(n, d.window)
		if err := d.fill(nil, int(piece)); err != nil {
			return err
		}
		n -= piece
	}
	return nil
}

// fill waits until n bytes have come to p, or have been skipped if that is nil. The
// peer gets its window again meanwhile. After an error the reader may still be
// about to write to p.
func (d *directIn) fill(p []byte, n int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want, d.left = p, n
	d.advance(d.kept.take(p, n))
	for d.left > 0 {
		if d.closed != nil {
			return d.closed
		}
		if err := d.pause(); err != nil {
			return err
		}
	}
	d.want = nil
	return nil
}

// pause grants the peer what is due, or waits; d.mu is held, but not meanwhile.
func (d *directIn) pause() error {
	grant := d.taken
	if grant < d.window/2 {
		grant = 0
	}
	d.taken -= grant
	var silence time.Duration
	if d.timeout > 0 {
		silence = d.timeout - time.Since(d.last)
	}
	d.mu.Unlock()
	defer d.mu.Lock()
	switch {
	case grant > 0:
		return d.conn.grant(d.id, uint32(grant))
	case d.timeout == 0:
		return d.await(nil)
	case silence <= 0:
		return fmt.Errorf("%w: nothing came for %v", ErrTimeout, d.timeout)
	}
	timer := time.NewTimer(silence)
	defer timer.Stop()
	return d.await(timer.C)
}

func (d *directIn) await(timeout <-chan time.Time) error {
	select {
	case <-d.changed:
	case <-timeout: // unless something came meanwhile
	case <-d.conn.ctx.Done():
		return context.Cause(d.conn.ctx)
	}
	return nil
}

// grant gives the peer n bytes of a stream's window again.
func (c *muxConn) grant(id, n uint32) error {
	c.under.guard.streams.sent(id, int64(n), 0)
	err := c.under.writeFrame(frameWindow, id, n, nil, nil)
	if err != nil {
		c.lane.lose(err)
	}
	return err
}

// tryGrant is grant for those who must not wait, as the reader: it reports whether
// the grant is under way.
func (c *muxConn) tryGrant(id, n uint32) bool {
	c.under.guard.streams.sent(id, int64(n), 0)
	taken, more := c.under.tryGrant(id, n)
	if !taken {
		c.under.guard.streams.sent(id, -int64(n), 0)
	}
	if more {
		c.lane.kick()
	}
	return taken
}

// backlog is a queue of bytes in blocks that are used again by all streams.
type backlog struct {
	first, last *block
}

// block is a piece of a backlog: data[from:to].
type block struct {
	next     *block
	from, to int
	data     [16 << 10]byte
}

var blocks = sync.Pool{New: func() any { return new(block) }}

func (q *backlog) put(p []byte) {
	for len(p) > 0 {
		if q.last == nil || q.last.to == len(q.last.data) {
			b := blocks.Get().(*block)
			b.next, b.from, b.to = nil, 0, 0
			if q.last == nil {
				q.first = b
			} else {
				q.last.next = b
			}
			q.last = b
		}
		n := copy(q.last.data[q.last.to:], p)
		q.last.to += n
		p = p[n:]
	}
}

// take moves up to n bytes to p, or nowhere if that is nil, and returns how many.
func (q *backlog) take(p []byte, n int) (taken int) {
	for taken < n && q.first != nil {
		b := q.first
		piece := min(n-taken, b.to-b.from)
		if p != nil {
			copy(p[taken:], b.data[b.from:b.from+piece])
		}
		taken += piece
		if b.from += piece; b.from == b.to {
			q.pop()
		}
	}
	return taken
}

// pop gives the first block back.
func (q *backlog) pop() {
	b := q.first
	if q.first = b.next; q.first == nil {
		q.last = nil
	}
	blocks.Put(b)
}

func (q *backlog) drop() {
	for q.first != nil {
		q.pop()
	}
}
