package objects

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/netobj/netobj/transport"
)

// errSelf marks a dial that reached the dialling node itself.
var errSelf = errors.New("the address is this node's own")

// dialling is one dial in progress; all who want the same URL share it.
type dialling struct {
	done    chan struct{} // closed when the dial has ended
	session *session
	err     error
}

// connect returns the session with the node at url, dialling if there is none.
// It waits no longer than ctx. The error is errSelf for this node's own
// address.
func (n *Node) connect(ctx context.Context, url string) (*session, error) {
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		return nil, fault(CodeClosed, nil, "")
	}
	if s := n.byURL[url]; s != nil && s.up() {
		n.mu.Unlock()
		return s, nil
	}
	d := n.dials[url]
	if d == nil {
		d = &dialling{done: make(chan struct{})}
		n.dials[url] = d
		n.tasks.Go(func() { n.dial(d, url) })
	}
	n.mu.Unlock()
	select {
	case <-d.done:
		return d.session, d.err
	case <-ctx.Done():
		return nil, fault(CodeContext, context.Cause(ctx), "")
	}
}

// crossedDials is how often a dial is made whose handshake crosses with others.
const crossedDials = 5

// dial carries out d; it ends within Config.HandshakeTimeout.
func (n *Node) dial(d *dialling, url string) {
	ctx, cancel := context.WithTimeout(n.ctx, n.cfg.HandshakeTimeout)
	defer cancel()
	for range crossedDials {
		if d.session, d.err = n.dialOnce(ctx, url); !errors.Is(d.err, errCrossed) {
			break
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.dials, url)
	if d.session != nil {
		n.noteRestart(n.byURL[url], d.session)
		n.forgetDialled()
		n.byURL[url] = d.session
	}
	close(d.done)
}

// forgetDialled drops the ended sessions of which no reference is left that
// would have to learn of a restart; n.mu is held.
func (n *Node) forgetDialled() {
	maps.DeleteFunc(n.byURL, func(_ string, s *session) bool { return !s.up() && s.imports.forgotten() })
}

// noteRestart tells the references of the session that was dialled under an
// address before, if a new incarnation now answers there. n.mu is held.
func (n *Node) noteRestart(old, now *session) {
	if old != nil && old.peer.incarnation != now.peer.incarnation {
		old.imports.breakAll(fault(CodeGone, reason("its owner restarted"), hintLookup))
	}
}

func (n *Node) dialOnce(ctx context.Context, url string) (*session, error) {
	link, err := transport.Dial(ctx, url, n.cfg.transport())
	if bad, ok := errors.AsType[*transport.AddressError](err); ok {
		return nil, fault(CodeAddress, bad, "")
	}
	if err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	link.SetDeadline(time.Now().Add(n.cfg.HandshakeTimeout))
	unhook := context.AfterFunc(ctx, func() { link.Close() }) // the node closes meanwhile
	s, fresh, err := n.dialHandshake(ctx, link, url)
	unhook()
	if err != nil || !fresh {
		link.Close()
		return s, err
	}
	s.start() // it is registered; if the link was closed meanwhile, it ends at once
	return s, nil
}
