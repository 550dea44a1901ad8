package peer

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"

	"github.com/netobj/netobj/bench/work"
)

// listener is a net.Listener that counts what it accepts, and most of a Server.
type listener struct {
	net.Listener
	conns  atomic.Int64
	things work.Things
	stop   func() error // set by peers that must stop more than the listener
}

func listen(at Endpoint) (*listener, error) {
	l, err := net.Listen(at.Network, at.Address)
	if err != nil {
		return nil, err
	}
	if at.TLS != nil {
		l = tls.NewListener(l, at.TLS)
	}
	return &listener{Listener: l}, nil
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.conns.Add(1)
	}
	return c, err
}

// each serves every connection in a goroutine of its own, until Close.
func (l *listener) each(serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c) // ends with the connection
	}
}

// Address implements Server.
func (l *listener) Address() string { return l.Addr().String() }

// Conns implements Server.
func (l *listener) Conns() int { return int(l.conns.Load()) }

// Things implements Server.
func (l *listener) Things() *work.Things { return &l.things }

// Close implements Server.
func (l *listener) Close() error {
	if l.stop != nil {
		return l.stop()
	}
	return l.Listener.Close()
}

// dial opens a connection for a peer that runs on a net.Conn.
func dial(ctx context.Context, to Endpoint) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, to.Network, to.Address)
}
