package objects

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// session is the relation of this node with one incarnation of another. It outlives
// its connections. Its parts each guard themselves: calls (going out), serving (coming
// in), imports (references held of the peer). What the peer holds of this node stands
// in the node's exports under the session's id.
type session struct {
	node *Node
	id   lifetime.SessionID
	peer peer
	log  *slog.Logger
	born time.Duration // by the node's clock

	limits    marshal.Limits  // what both sides accept in one message
	arguments *marshal.Budget // for the peer's calls until they are answered
	results   *marshal.Budget // for the answers to own calls until they are delivered; apart, so that neither waits for the other

	ctx    context.Context // parent of the contexts of methods; ends with the session
	cancel context.CancelCauseFunc
	over   sync.Once     // of finish
	ended  chan struct{} // closed when nothing of the session runs any more but methods

	conn atomic.Pointer[connection] // what calls use; it may be lost, and its next is then worth waiting for

	// guarded by node.mu
	attached *connection   // the connection that stands, be it not reconciled yet; nil while the session is down
	number   lifetime.Conn // of the latest connection
	doomed   error         // why the session ends with its connection
	why      *Error        // why it has ended

	calls   calls
	serving serving
	imports imports
	remote  PeerService // the peer's own object
	nearby  nearby      // the peer, if it is a node of this process

	exporting gauge // of what the peer holds of this node
	importing gauge // of what this node holds of the peer

	asking   throttle // of requests that the peer collect
	resuming pace     // of the connections that the session is resumed on

	introducer *introducer

	farewell atomic.Pointer[Error] // the peer's Bye
}

// open starts multiplexing on link and registers a session that begins with it; start
// runs it.
func (n *Node) open(link transport.Link, role transport.Role, p peer) (*connection, error) {
	conn, err := n.multiplex(link, role, &p)
	if err != nil {
		return nil, err
	}
	s := &session{
		node:      n,
		peer:      p,
		born:      n.clock(),
		log:       n.log.With("peer", p.addr, "incarnation", p.incarnation),
		limits:    agreed(n.cfg.Limits.marshalLimits(), p.limits),
		arguments: marshal.NewBudget("DecodeBudget", n.cfg.Limits.DecodeBudget, n.budget),
		results:   marshal.NewBudget("DecodeBudget", n.cfg.Limits.DecodeBudget, n.budget),
		ended:     make(chan struct{}),
		number:    lifetime.FirstConn,
		exporting: gauge{of: "Limits.Exports"},
		importing: gauge{of: "Limits.Imports"},
	}
	s.ctx, s.cancel = context.WithCancelCause(context.WithValue(context.Background(), peerKey{}, &s.peer))
	s.attached = newConnection(s, conn, s.number)
	s.conn.Store(s.attached)
	s.calls.init(s)
	s.serving.init(s)
	s.imports.init(s)
	s.remote = s.imports.nodeObject()
	s.introducer = &introducer{dials: make(chan struct{}, max(n.cfg.Limits.Dials, 1))}
	s.nearby.node = n.neighbour(p.incarnation)
	if err := n.register(s); err != nil {
		conn.Abort(nil)
		s.imports.stop()
		return nil, err
	}
	n.expireFormer(&s.peer)
	return s.attached, nil
}

// multiplex starts multiplexing on link.
func (n *Node) multiplex(link transport.Link, role transport.Role, p *peer) (transport.Conn, error) {
	link.SetDeadline(time.Time{})
	cfg := n.cfg.transport()
	cfg.PeerStreams = int(min(p.limits.Streams, math.MaxInt32))
	conn, err := link.Open(role, cfg)
	if err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	return conn, nil
}

// register enters a session that begins.
func (n *Node) register(s *session) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closing:
		return fault(CodeClosed, nil, "")
	case n.sessions[s.peer.incarnation] != nil || n.lost[s.peer.incarnation] != nil:
		return fault(CodeUnreachable, errCrossed, "try again")
	}
	n.lastID++
	s.id = n.lastID
	n.exports.open(s.id, &s.peer)
	n.sessions[s.peer.incarnation] = s
	return nil
}

// agreed returns the limits that both ends accept.
func agreed(own marshal.Limits, peer wire.Limits) marshal.Limits {
	own.MaxMessage = agreedLimit(own.MaxMessage, peer.Message)
	own.MaxDepth = agreedLimit(own.MaxDepth, peer.Depth)
	own.MaxElements = agreedLimit(own.MaxElements, peer.Elements)
	own.MaxPairs = agreedLimit(own.MaxPairs, peer.Pairs)
	own.MaxRefs = agreedLimit(own.MaxRefs, peer.References)
	return own
}

// agreedLimit is the lower of this node's limit and the peer's, if it told one.
func agreedLimit[T int | int64](own T, theirs uint64) T {
	if theirs > 0 && theirs < uint64(own) {
		return T(theirs)
	}
	return own
}

// end ends the session for good: with its connection, if that stands.
func (s *session) end(cause error) {
	s.node.mu.Lock()
	if s.doomed == nil {
		s.doomed = cause
	}
	standing := s.attached
	s.node.mu.Unlock()
	if standing != nil {
		standing.Abort(cause)
		return
	}
	s.finish(cause)
}

// endSoon ends the session for good and returns when nobody can find it any more,
// though methods of it may still run.
func (s *session) endSoon(cause error) {
	if s.node.spawn(func() { s.end(cause) }) { // else the node is closing, and ends it
		<-s.ended
	}
}

// finish ends a session without a connection, once.
func (s *session) finish(cause error) { s.over.Do(func() { s.cleanUp(cause) }) }

// cleanUp lets calls fail, references break and contexts end, and drops what the peer
// held.
func (s *session) cleanUp(cause error) {
	why := s.leave(cause)
	s.node.leases.remove(s)
	s.imports.breakAll(why) // before calls fail: who sees one fail may look at the reference
	close(s.conn.Load().next)
	s.cancel(why)
	s.serving.cancelAll()
	s.calls.fail(why)
	s.imports.stop()
	s.node.introductions.end(s)
	s.serving.dropQueue()
	s.serving.endRest()
	s.node.reclaim(s.node.exports.endSession(s.id))
	s.log.Debug("session ended", "cause", why)
	close(s.ended)
	s.serving.join()
	s.node.mu.Lock()
	delete(s.node.ending, s)
	s.node.mu.Unlock()
}

// leave takes the session out of the node's tables: it gets no other connection. It
// returns why it ends.
func (s *session) leave(cause error) *Error {
	n := s.node
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, table := range []map[uuid.UUID]*session{n.sessions, n.lost} {
		if table[s.peer.incarnation] == s {
			delete(table, s.peer.incarnation)
		}
	}
	n.ending[s] = struct{}{}
	s.attached = nil
	s.why = s.endFault(cause, n.closing)
	return s.why
}

// endFault says why the session ended, in the words that its references and
// waiting calls will show.
func (s *session) endFault(cause error, closing bool) *Error {
	bye := s.farewell.Load()
	switch {
	case closing:
		return fault(CodeClosed, nil, "")
	case bye != nil:
		return bye
	}
	if f, ok := cause.(*Error); ok {
		return f
	}
	if violation, ok := errors.AsType[*transport.ProtocolError](cause); ok {
		s.node.complain(s.log, "session ended: peer broke the protocol", "violation", violation)
	}
	if cause == nil {
		cause = reason("connection closed")
	}
	return fault(CodeUnreachable, cause, hintLookup)
}

const hintLookup = "look the name up again"

// goodbye tells the peer that this node is closing, and closes the connection
// after what is queued has been sent.
func (s *session) goodbye() {
	s.node.mu.Lock()
	standing := s.attached
	s.node.mu.Unlock()
	if standing == nil {
		return
	}
	s.imports.flush(false)
	bye := &wire.Bye{Text: "its owner closed its node"}
	if drained := s.serving.rests(); drained && (standing.accord == nil || standing.settled.Load()) {
		bye.Code = wire.ByeDrained
	}
	standing.send(bye)
	standing.Close()
}
