package transport

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
)

// PipeNet is an in-memory network of pipe:// addresses, for tests. Its links use
// channels and mutexes only, so that they work inside a testing/synctest bubble
// as long as both ends are in the same one. It can be told to fail.
type PipeNet struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
	pairs     map[string][]*pipePair // by the listener's URL
}

// NewPipeNet returns an empty network.
func NewPipeNet() *PipeNet {
	return &PipeNet{listeners: map[string]*pipeListener{}, pairs: map[string][]*pipePair{}}
}

// Cut breaks every connection that was made to address.
func (n *PipeNet) Cut(address string) {
	n.mu.Lock()
	pairs := n.pairs[address]
	delete(n.pairs, address)
	n.mu.Unlock()
	for _, p := range pairs {
		p.cut(io.ErrUnexpectedEOF)
	}
}

// Freeze lets every connection that was made to address go silent: what is sent
// is taken and lost, in both directions, and nobody is told.
func (n *PipeNet) Freeze(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pairs[address] {
		for i := range p.lanes {
			p.lanes[i].freeze()
		}
	}
}

// pipePair is one connection: what its two ends share.
type pipePair struct {
	lanes [2]pipeLane // lanes[r] is read by the end with role r
}

func (p *pipePair) cut(err error) {
	for i := range p.lanes {
		p.lanes[i].close(err, false)
	}
}

type pipeListener struct {
	net     *PipeNet
	address string
	backlog chan *pipeLink
	closed  chan struct{}
	once    sync.Once
}

func listenPipe(u *url.URL, cfg *Config) (Listener, error) {
	n := cfg.PipeNet
	if n == nil {
		return nil, fmt.Errorf("%v: Config.PipeNet is not set", u)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l := &pipeListener{net: n, address: u.String(), backlog: make(chan *pipeLink), closed: make(chan struct{})}
	if n.listeners[l.address] != nil {
		return nil, fmt.Errorf("%v: address already in use", u)
	}
	n.listeners[l.address] = l
	return l, nil
}

func (l *pipeListener) URL() string { return l.address }

func (l *pipeListener) Accept() (Link, error) {
	select {
	case link := <-l.backlog:
		return link, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() {
		l.net.mu.Lock()
		delete(l.net.listeners, l.address)
		l.net.mu.Unlock()
		close(l.closed)
	})
	return nil
}

func dialPipe(ctx context.Context, u *url.URL, cfg *Config) (Link, error) {
	n := cfg.PipeNet
	if n == nil {
		return nil, fmt.Errorf("%v: Config.PipeNet is not set", u)
	}
	n.mu.Lock()
	l := n.listeners[u.String()]
	n.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("%v: nobody listens there", u)
	}
	near, far := net.Pipe()
	pair := new(pipePair)
	for i := range pair.lanes {
		pair.lanes[i].init(cfg.MaxQueued)
	}
	info := Info{Scheme: "pipe", Local: "pipe://dialler", Remote: l.address, InMemory: true}
	link := &pipeLink{Conn: near, pair: pair, info: info}
	info.Local, info.Remote = info.Remote, info.Local
	select {
	case l.backlog <- &pipeLink{Conn: far, pair: pair, info: info}:
	case <-l.closed:
		return nil, fmt.Errorf("%v: nobody listens there", u)
	case <-ctx.Done():
		return nil, fmt.Errorf("%v: %w", u, context.Cause(ctx))
	}
	n.mu.Lock()
	n.pairs[l.address] = append(n.pairs[l.address], pair)
	n.mu.Unlock()
	return link, nil
}

// pipeLink is one end of a pair before multiplexing: a net.Pipe.
type pipeLink struct {
	net.Conn
	pair *pipePair
	info Info
}

func (l *pipeLink) Info() Info { return l.info }

func (l *pipeLink) Open(role Role, cfg *Config) (Conn, error) {
	l.Conn.Close() // the handshake is over; messages go through the pair
	return &pipeConn{
		info: l.info,
		cfg:  cfg.defaults(),
		in:   &l.pair.lanes[role],
		out:  &l.pair.lanes[1-role],
	}, nil
}

// pipeLane is one direction of a pair: messages and bodies on their way.
type pipeLane struct {
	mu     sync.Mutex
	limit  int
	queue  []pipeItem
	queued int           // bytes in queue
	ready  chan struct{} // capacity 1: something was queued, or the lane closed
	room   chan struct{} // closed and replaced when queue is taken
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
	data []byte
}

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

// put queues an item when there is room for it. A body does not wait: its
// receiver must hear of it whatever happens to the sender.
func (l *pipeLane) put(ctx context.Context, item pipeItem) error {
	size := len(item.msg)
	l.mu.Lock()
	defer l.mu.Unlock()
	for item.body == nil && l.err == nil && l.queued > 0 && l.queued+size > l.limit {
		room := l.room
		l.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		l.mu.Lock()
		if err != nil {
			return err
		}
	}
	switch {
	case l.err != nil:
		return l.err
	case l.frozen:
		return nil
	}
	l.queue = append(l.queue, item)
	l.queued += size
	l.wake()
	return nil
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
		close(l.room)
		l.room = make(chan struct{})
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
		close(l.room)
		l.room = make(chan struct{})
	}
	l.wake()
}

// pipeConn is one end of a pair.
type pipeConn struct {
	info Info
	cfg  *Config
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
	buf, err := h.Body(ctx, body.id, int64(len(body.data)))
	if err != nil {
		c.Abort(err)
	} else {
		copy(buf, body.data)
	}
	h.BodyDone(body.id, buf, err)
}

func (c *pipeConn) Send(ctx context.Context, head, body []byte) error {
	if size := len(head) + len(body); size > c.cfg.MaxLaneMessage {
		return fmt.Errorf("%w: %d bytes on the lane, the limit is %d", ErrTooLarge, size, c.cfg.MaxLaneMessage)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return c.put(ctx, pipeItem{msg: append(append(make([]byte, 0, len(head)+len(body)), head...), body...)})
}

func (c *pipeConn) SendBody(ctx context.Context, id uint64, body []byte) error {
	if int64(len(body)) > c.cfg.MaxBody {
		return fmt.Errorf("%w: body of %d bytes, the limit is %d", ErrTooLarge, len(body), c.cfg.MaxBody)
	}
	return c.put(ctx, pipeItem{body: &pipeBody{id, append([]byte(nil), body...)}})
}

// put queues an item for the other end. Once the pair has ended, the error is
// what ended it here.
func (c *pipeConn) put(ctx context.Context, item pipeItem) error {
	err := c.out.put(ctx, item)
	if err == nil || ctx.Err() != nil {
		return err
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return cmp.Or(c.in.err, err)
}

func (c *pipeConn) Close() error {
	c.ended.Store(true)
	c.in.close(ErrClosed, false) // first: senders must find the reason
	c.out.close(errPeerClosed, true)
	return nil
}

func (c *pipeConn) Abort(err error) {
	if err == nil {
		err = ErrClosed
	}
	c.ended.Store(true)
	c.in.close(err, false)
	c.out.close(io.ErrUnexpectedEOF, false)
}
