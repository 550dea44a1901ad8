package transport

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
)

// PipeNet is an in-memory network of pipe:// addresses, for tests, as one of its hosts
// sees it. Its links use channels, timers and mutexes only, so that they work inside a
// testing/synctest bubble as long as both ends are in the same one. What lies between
// two hosts can be told to fail, see [PipeNet.Link].
type PipeNet struct {
	*pipeNetwork
	host string
}

// NewPipeNet returns an empty network, as seen by a host without a name. What listens
// there is of the host that its address names.
func NewPipeNet() *PipeNet {
	return &PipeNet{pipeNetwork: &pipeNetwork{
		listeners: map[string]*pipeListener{},
		pairs:     map[*pipePair]struct{}{},
		ways:      map[ends]*pipeWay{},
		rules:     map[ends]conditions{},
		down:      map[string]bool{},
	}}
}

// Host returns the same network as the named host sees it: what listens or dials there
// is that host's.
func (n *PipeNet) Host(name string) *PipeNet { return &PipeNet{n.pipeNetwork, name} }

// Down takes a host off the network, until [PipeNet.Up]: it makes no connections any
// more, and those that it has are cut or, if it is to vanish, go silent for good.
func (n *PipeNet) Down(host string, vanish bool) {
	n.mu.Lock()
	n.down[host] = true
	n.mu.Unlock()
	if vanish {
		n.Link(host, "").Freeze()
	} else {
		n.Link(host, "").Cut()
	}
}

// Up ends what Down began.
func (n *PipeNet) Up(host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.down, host)
}

// pipeNetwork is what all hosts of a network share.
type pipeNetwork struct {
	mu        sync.Mutex // guards what follows; taken before the lanes'
	listeners map[string]*pipeListener
	dials     uint64                 // counts the connections
	pairs     map[*pipePair]struct{} // the connections of which an end has not ended
	ways      map[ends]*pipeWay      // that some connection has used
	rules     map[ends]conditions
	down      map[string]bool // hosts that neither dial nor are dialled
}

func (n *pipeNetwork) forget(p *pipePair) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pairs, p)
}

type pipeListener struct {
	net     *pipeNetwork
	address string
	host    string
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
	l := &pipeListener{net: n.pipeNetwork, address: u.String(), host: n.host, backlog: make(chan *pipeLink), closed: make(chan struct{})}
	if l.host == "" {
		l.host = u.Host
	}
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
	pair, l := n.connect(u.String(), cfg.MaxQueued)
	if pair == nil {
		return nil, fmt.Errorf("%v: nobody listens there", u)
	}
	info := Info{Scheme: "pipe", Local: "pipe://dialler", Remote: l.address, InMemory: true}
	if n.host != "" {
		info.Local = "pipe://" + n.host
	}
	near := newPipeLink(pair, Dialer, info)
	info.Local, info.Remote = info.Remote, info.Local
	select {
	case l.backlog <- newPipeLink(pair, Acceptor, info):
		return near, nil
	case <-l.closed:
		n.forget(pair)
		return nil, fmt.Errorf("%v: nobody listens there", u)
	case <-ctx.Done():
		n.forget(pair)
		return nil, fmt.Errorf("%v: %w", u, context.Cause(ctx))
	}
}

// connect makes a connection to what listens at address; nil if nobody does, or if the
// hosts are parted.
func (n *PipeNet) connect(address string, limit int) (*pipePair, *pipeListener) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[address]
	if l == nil || n.down[n.host] || n.down[l.host] {
		return nil, nil
	}
	there, back := n.way(ends{n.host, l.host}), n.way(ends{l.host, n.host})
	if there.now.Load().parted || back.now.Load().parted {
		return nil, nil
	}
	n.dials++
	pair := &pipePair{net: n.pipeNetwork, serial: n.dials}
	pair.lanes[Acceptor].init(pair, there, limit)
	pair.lanes[Dialer].init(pair, back, limit)
	n.pairs[pair] = struct{}{}
	return pair, l
}
