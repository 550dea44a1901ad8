package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
)

// PipeNet is an in-memory network of pipe:// addresses, for tests. Its links use
// channels and mutexes only, so that they work inside a testing/synctest bubble
// as long as both ends are in the same one. It can be told to fail.
type PipeNet struct {
	mu        sync.Mutex
	listeners map[string]*pipeListener
	pairs     map[*pipePair]struct{} // the connections that have not ended
	parted    map[string]bool        // addresses that cannot be dialled
}

// NewPipeNet returns an empty network.
func NewPipeNet() *PipeNet {
	return &PipeNet{listeners: map[string]*pipeListener{}, pairs: map[*pipePair]struct{}{}, parted: map[string]bool{}}
}

// Cut breaks every connection that was made to address.
func (n *PipeNet) Cut(address string) {
	for _, p := range n.to(address) {
		p.cut(io.ErrUnexpectedEOF)
		n.forget(p)
	}
}

// Part breaks every connection that was made to address, and lets none be made until
// [PipeNet.Heal].
func (n *PipeNet) Part(address string) {
	n.mu.Lock()
	n.parted[address] = true
	n.mu.Unlock()
	n.Cut(address)
}

// Heal ends what Part began.
func (n *PipeNet) Heal(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.parted, address)
}

// Freeze lets every connection that was made to address go silent: what is sent
// is taken and lost, in both directions, and nobody is told.
func (n *PipeNet) Freeze(address string) {
	for _, p := range n.to(address) {
		for i := range p.lanes {
			p.lanes[i].freeze()
		}
	}
}

// to returns the connections that were made to address.
func (n *PipeNet) to(address string) []*pipePair {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []*pipePair
	for p := range n.pairs {
		if p.address == address {
			found = append(found, p)
		}
	}
	return found
}

func (n *PipeNet) forget(p *pipePair) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pairs, p)
}

// pipePair is one connection: what its two ends share.
type pipePair struct {
	net     *PipeNet
	address string      // of the listener
	lanes   [2]pipeLane // lanes[r] is read by the end with role r
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
		return nil, unusable("%v: Config.PipeNet is not set", u)
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
		return nil, unusable("%v: Config.PipeNet is not set", u)
	}
	n.mu.Lock()
	l, parted := n.listeners[u.String()], n.parted[u.String()]
	n.mu.Unlock()
	if l == nil || parted {
		return nil, fmt.Errorf("%v: nobody listens there", u)
	}
	near, far := net.Pipe()
	pair := &pipePair{net: n, address: l.address}
	for i := range pair.lanes {
		pair.lanes[i].init(cfg.MaxQueued)
	}
	info := Info{Scheme: "pipe", Local: "pipe://dialler", Remote: l.address, InMemory: true}
	link := &pipeLink{Conn: near, pair: pair, info: info}
	info.Local, info.Remote = info.Remote, info.Local
	n.mu.Lock()
	n.pairs[pair] = struct{}{}
	n.mu.Unlock()
	select {
	case l.backlog <- &pipeLink{Conn: far, pair: pair, info: info}:
		return link, nil
	case <-l.closed:
		n.forget(pair)
		return nil, fmt.Errorf("%v: nobody listens there", u)
	case <-ctx.Done():
		n.forget(pair)
		return nil, fmt.Errorf("%v: %w", u, context.Cause(ctx))
	}
}

// pipeLink is one end of a pair before multiplexing: a net.Pipe.
type pipeLink struct {
	net.Conn
	pair *pipePair
	info Info
}

func (l *pipeLink) Info() Info { return l.info }

func (l *pipeLink) Close() error {
	l.pair.net.forget(l.pair)
	return l.Conn.Close()
}

func (l *pipeLink) Open(role Role, cfg *Config) (Conn, error) {
	l.Conn.Close() // the handshake is over; messages go through the pair
	return &pipeConn{
		info: l.info,
		cfg:  cfg.defaults(),
		pair: l.pair,
		in:   &l.pair.lanes[role],
		out:  &l.pair.lanes[1-role],
	}, nil
}
