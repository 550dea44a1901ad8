package objects

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/netobj/netobj/transport"
)

// Listen accepts connections at one more url, until the node closes. ctx bounds
// the listening alone. Errors: [ErrAddress] for an address that cannot be used,
// with the reason.
func (n *Node) Listen(ctx context.Context, url string) error {
	l, err := transport.Listen(ctx, url, n.cfg.transport())
	if err != nil {
		return &Error{Code: CodeAddress, Op: "listen", Peer: url, Cause: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return errors.Join(errClosing("listen"), l.Close())
	}
	n.listeners = append(n.listeners, l)
	n.tasks.Go(func() { n.acceptLoop(l) })
	return nil
}

// acceptLoop greets what arrives at l; it ends when l is closed.
func (n *Node) acceptLoop(l transport.Listener) {
	for {
		link, err := l.Accept()
		if err != nil {
			n.forget(l, err)
			return
		}
		if !n.enterHandshake() {
			link.Close()
			continue
		}
		greet := func() {
			defer n.leaveHandshake()
			n.welcome(link)
		}
		if !n.spawn(greet) {
			link.Close()
			n.leaveHandshake()
		}
	}
}

// forget drops a listener that ended, and says so unless the node is closing.
func (n *Node) forget(l transport.Listener, cause error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return
	}
	n.listeners = slices.DeleteFunc(n.listeners, func(o transport.Listener) bool { return o == l })
	n.log.Error("listener failed; no more connections are accepted there", "listener", l.URL(), "cause", cause)
}

// enterHandshake admits one more inbound handshake, unless too many are open.
func (n *Node) enterHandshake() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.halfOpen >= n.cfg.Limits.HalfOpen {
		return false
	}
	n.halfOpen++
	return true
}

func (n *Node) leaveHandshake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.halfOpen--
}

// welcome runs the accepting side of the handshake and, if it succeeds, the
// session. A peer that speaks something else leaves one line in the log.
func (n *Node) welcome(link transport.Link) {
	link.SetDeadline(time.Now().Add(n.cfg.HandshakeTimeout))
	unhook := context.AfterFunc(n.ctx, func() { link.Close() }) // the node closes meanwhile
	c, err := n.acceptHandshake(link)
	unhook()
	if err != nil {
		link.Close()
		if n.ctx.Err() != nil {
			return
		}
		n.complain(n.log, "connection refused", "peer", link.Info().Remote, "cause", err)
		return
	}
	if c != nil {
		c.start()
	}
}
