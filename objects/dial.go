package objects

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
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
	if s := n.byURL[url]; s != nil && s.attached != nil {
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
		if d.session, d.err = n.dialOnce(ctx, url, wanted{}); !errors.Is(d.err, errCrossed) {
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
	maps.DeleteFunc(n.byURL, func(_ string, s *session) bool { return s.why != nil && s.imports.forgotten() })
}

// noteRestart tells the references of the session that was dialled under an
// address before, if a new incarnation now answers there. n.mu is held.
func (n *Node) noteRestart(old, now *session) {
	if old == nil || old.peer.incarnation == now.peer.incarnation {
		return
	}
	old.imports.breakAll(restarted)
	if n.lost[old.peer.incarnation] == old && !n.closing {
		n.tasks.Go(func() { old.end(restarted) })
	}
}

var restarted = fault(CodeGone, reason("its owner restarted"), hintLookup)

// dialOnce dials url, and takes no other peer than the one wanted.
func (n *Node) dialOnce(ctx context.Context, url string, want wanted) (*session, error) {
	cfg := n.cfg.transport()
	cfg.PeerKey, cfg.Permit = want.key, want.permit
	link, err := transport.Dial(ctx, url, cfg)
	if bad, ok := errors.AsType[*transport.AddressError](err); ok {
		return nil, fault(CodeAddress, bad, "")
	}
	if err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	link.SetDeadline(time.Now().Add(n.cfg.HandshakeTimeout))
	unhook := context.AfterFunc(ctx, func() { link.Close() }) // the node closes meanwhile
	s, fresh, err := n.dialHandshake(ctx, &outbound{Link: link, url: url, want: want})
	unhook()
	if err != nil || fresh == nil {
		link.Close()
		return s, err
	}
	fresh.start() // it is registered; if the link was closed meanwhile, it ends at once
	return s, nil
}

// The pauses between two dials of a lost peer: the first, in the mean, and the longest;
// each is twice the one before. So that many who lost the same peer do not dial at the
// same moments, each lasts between half and three halves of that.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
)

// again is who must answer for the next connection of s, under the conditions under
// which it was dialled first.
func (s *session) again() wanted {
	want := s.peer.want
	want.session, want.incarnation = s, &s.peer.incarnation
	return want
}

// redial dials the peer of a session that has lost a connection until there is a next
// one, or the session ends.
func (n *Node) redial(lost *connection) {
	s, jitter := lost.s, n.jitter(lost)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		wait := pause/2 + time.Duration(jitter.Int64N(int64(pause)))
		timer := time.NewTimer(wait + max(s.mayResume(), 0))
		select {
		case <-timer.C:
		case <-lost.next:
			timer.Stop()
			return
		}
		n.mu.Lock()
		down := n.lost[s.peer.incarnation] == s
		n.mu.Unlock()
		if !down {
			continue // a connection is being made good, or the session ends
		}
		s.payResume(1, 0)
		ctx, cancel := context.WithTimeout(n.ctx, n.cfg.HandshakeTimeout)
		_, err := n.dialOnce(ctx, s.peer.addr, s.again())
		cancel()
		s.log.Debug("dialled again", "cause", err)
		if over, ok := errors.AsType[*Error](err); ok && over.Code == CodeGone {
			s.end(over)
			return
		}
	}
}

// jitter returns the randomness of the pauses after a connection. It comes from the
// node's incarnation, which is random: nodes differ, and a simulation that knows the
// incarnations repeats itself.
func (n *Node) jitter(lost *connection) *rand.Rand {
	return rand.New(rand.NewPCG(binary.BigEndian.Uint64(n.incarnation[:8]), uint64(lost.number)))
}
