package transport

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// pipeLane is one direction of a pair: messages and bodies on their way.
type pipeLane struct {
	mu     sync.Mutex
	limit  int
	queue  []pipeItem
	queued int           // bytes of messages in queue
	bodies int           // bytes of bodies that were not received yet
	ready  chan struct{} // capacity 1: something was queued, or the lane closed
	room   chan struct{} // closed and replaced when queue is taken, or a body received
	err    error         // why no more comes
	drain  bool          // deliver the queue before err
	frozen bool
}

// pipeItem is a message, or a body.
type pipeItem struct {
	msg  []byte
	body *pipeBody
}

type pipeBody struct {
	id   uint64
	size int
	data []byte
	lost bool // the sender gave up
}

// maxPipeBodies is how many bytes of bodies are held at once for one direction,
// beside one body of any size.
const maxPipeBodies = 32 << 20

func (l *pipeLane) init(limit int) {
	l.limit = limit
	l.ready = make(chan struct{}, 1)
	l.room = make(chan struct{})
}

func (l *pipeLane) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = true
}

// put queues an item when there is room for it. Of a body whose sender does not
// wait so long, the receiver hears that it is lost.
func (l *pipeLane) put(ctx context.Context, item pipeItem) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gaveUp error
	for gaveUp == nil && l.err == nil && l.full(item) {
		gaveUp = l.awaitRoom(ctx)
	}
	switch {
	case l.err != nil:
		return l.err
	case l.frozen:
		return gaveUp
	case item.body == nil && gaveUp != nil:
		return gaveUp
	}
	if item.body != nil {
		item.body.lost = gaveUp != nil
		l.takeBody(item.body)
	}
	l.queue = append(l.queue, item)
	l.queued += len(item.msg)
	l.wake()
	return gaveUp
}

// full reports whether item must wait; l.mu is held.
func (l *pipeLane) full(item pipeItem) bool {
	if item.body != nil {
		return l.bodies > 0 && l.bodies+item.body.size > maxPipeBodies
	}
	return l.queued > 0 && l.queued+len(item.msg) > l.limit
}

// awaitRoom waits until there may be room; l.mu is held, but not meanwhile.
func (l *pipeLane) awaitRoom(ctx context.Context) error {
	if ctx == impatient {
		return ErrFull
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

// takeBody makes the body's bytes the lane's own; l.mu is held.
func (l *pipeLane) takeBody(b *pipeBody) {
	if b.lost {
		b.data = nil
		return
	}
	b.data = bytes.Clone(b.data)
	l.bodies += b.size
}

// received gives back the room of a body.
func (l *pipeLane) received(b *pipeBody) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !b.lost {
		l.bodies -= b.size
		l.makeRoom()
	}
}

// makeRoom wakes all who wait for room; l.mu is held.
func (l *pipeLane) makeRoom() {
	close(l.room)
	l.room = make(chan struct{})
}

func (l *pipeLane) wake() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// take returns everything that is queued; it waits for something.
func (l *pipeLane) take() ([]pipeItem, error) {
	for {
		l.mu.Lock()
		items, err := l.queue, l.err
		if err != nil && !l.drain {
			items = nil
		}
		l.queue, l.queued = nil, 0
		l.makeRoom()
		l.mu.Unlock()
		if len(items) > 0 || err != nil {
			if len(items) > 0 {
				err = nil // and comes at the next call
			}
			return items, err
		}
		<-l.ready
	}
}

// close ends the lane; the first reason stays.
func (l *pipeLane) close(err error, drain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err, l.drain = err, drain
		l.makeRoom()
	}
	l.wake()
}

// pipeConn is one end of a pair.
type pipeConn struct {
	info Info
	cfg  *Config
	pair *pipePair
	in   *pipeLane
	out  *pipeLane

	ended    atomic.Bool   // Close or Abort was called, and tells the other end
	received atomic.Uint64 // bytes that have come
	bodies   sync.WaitGroup
}

func (c *pipeConn) Info() Info { return c.info }

func (c *pipeConn) Received() uint64 { return c.received.Load() }

func (c *pipeConn) Serve(h Handler) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer c.bodies.Wait()
	defer cancel()
	for {
		items, err := c.in.take()
		if err != nil {
			if !c.ended.Load() {
				c.out.close(err, true) // it ended from the other side
			}
			return err
		}
		for _, item := range items {
			if item.body == nil {
				c.received.Add(uint64(len(item.msg)))
				h.Message(item.msg)
				continue
			}
			c.received.Add(uint64(len(item.body.data)))
			c.bodies.Go(func() { c.receive(ctx, h, item.body) })
		}
	}
}

func (c *pipeConn) receive(ctx context.Context, h Handler, body *pipeBody) {
	defer c.in.received(body)
	buf, err := h.Body(ctx, body.id, int64(body.size))
	switch {
	case err != nil:
		c.Abort(err)
	case body.lost:
		err = fmt.Errorf("%w: %w", ErrBodyLost, io.ErrUnexpectedEOF)
	default:
		copy(buf, body.data)
	}
	h.BodyDone(body.id, buf, err)
}

func (c *pipeConn) Queue(ctx context.Context, head, body []byte) error {
	return c.Send(ctx, head, body)
}

func (c *pipeConn) Flush() {}

func (c *pipeConn) Send(ctx context.Context, head, body []byte) error {
	if size := len(head) + len(body); size > c.cfg.MaxLaneMessage {
		return fmt.Errorf("%w: %d bytes on the lane, the limit is %d", ErrTooLarge, size, c.cfg.MaxLaneMessage)
	}
	if ctx != impatient && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return c.put(ctx, pipeItem{msg: append(append(make([]byte, 0, len(head)+len(body)), head...), body...)})
}

func (c *pipeConn) TrySend(head, body []byte, _ bool) error { return c.Send(impatient, head, body) }

func (c *pipeConn) SendBody(ctx context.Context, id uint64, body []byte) error {
	if int64(len(body)) > c.cfg.MaxBody {
		return fmt.Errorf("%w: body of %d bytes, the limit is %d", ErrTooLarge, len(body), c.cfg.MaxBody)
	}
	return c.put(ctx, pipeItem{body: &pipeBody{id: id, size: len(body), data: body}})
}

// put queues an item for the other end. Once the pair has ended, the error is
// what ended it here.
func (c *pipeConn) put(ctx context.Context, item pipeItem) error {
	err := c.out.put(ctx, item)
	if err == nil || err == ErrFull || ctx != impatient && ctx.Err() != nil {
		return err
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return cmp.Or(c.in.err, err)
}

func (c *pipeConn) Close() error {
	c.ended.Store(true)
	c.pair.net.forget(c.pair)
	c.in.close(ErrClosed, false) // first: senders must find the reason
	c.out.close(errPeerClosed, true)
	return nil
}

func (c *pipeConn) Abort(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.ended.Store(true)
	c.pair.net.forget(c.pair)
	c.in.close(err, false)
	c.out.close(io.ErrUnexpectedEOF, false)
}
