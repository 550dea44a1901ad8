package transport

import (
	"context"
	"fmt"
	"io"
	"math"
	"sync"
	"sync/atomic"
)

// pipePair is one connection: what its two ends share.
type pipePair struct {
	net    *pipeNetwork
	serial uint64       // counts the network's connections
	lanes  [2]pipeLane  // lanes[r] is read by the end with role r
	left   atomic.Int32 // ends that have ended
}

// end returns the end with a role.
func (p *pipePair) end(r Role) *pipeEnd {
	return &pipeEnd{pair: p, in: &p.lanes[r], out: &p.lanes[1-r]}
}

// cut ends the connection for both ends.
func (p *pipePair) cut() {
	for i := range p.lanes {
		p.lanes[i].cut(io.ErrUnexpectedEOF)
	}
	p.net.forget(p)
}

// pipeEnd is one end of a pair.
type pipeEnd struct {
	pair *pipePair
	in   *pipeLane
	out  *pipeLane
	over atomic.Bool // this end has ended, and has told the other one
}

// put sends an item. Once the pair has ended, the error is what ended it here. As long
// as this end has not heard of it, what it sends is lost.
func (e *pipeEnd) put(ctx context.Context, item pipeItem) error {
	if err := e.in.ended(); err != nil {
		return err
	}
	err := e.out.put(ctx, item)
	if err == nil || err == ErrFull || ctx != impatient && ctx.Err() != nil {
		return err
	}
	return e.in.ended()
}

// finish ends this end with an error of its own, and says that to the other end:
// after what was sent, or without drain, at once.
func (e *pipeEnd) finish(own, theirs error, drain bool) {
	e.in.cut(own) // first: senders must find the reason
	if e.over.Swap(true) {
		return
	}
	e.out.close(theirs, drain)
	if e.pair.left.Add(1) == 2 {
		e.pair.net.forget(e.pair)
	}
}

// pipeConn is an end that is multiplexed.
type pipeConn struct {
	*pipeEnd
	info Info
	cfg  *Config

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
		items, err := c.in.take(context.Background(), math.MaxInt)
		if err != nil {
			c.finish(err, err, true) // it ended from the other side, or has been ended
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

func (c *pipeConn) Close() error {
	c.finish(ErrClosed, errPeerClosed, true)
	return nil
}

func (c *pipeConn) Abort(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.finish(err, io.ErrUnexpectedEOF, false)
}
