package objects

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// session is the relation of this node with one incarnation of another. Its
// parts each guard themselves: calls (going out), serving (coming in), imports
// (references held of the peer), bodies (large payloads on their way). What the
// peer holds of this node stands in the node's exports under the session's id.
type session struct {
	node *Node
	id   lifetime.SessionID
	peer peer
	conn transport.Conn
	log  *slog.Logger
	born time.Duration // by the node's clock

	limits    marshal.Limits  // what both sides accept in one message
	arguments *marshal.Budget // for the peer's calls until they are answered
	results   *marshal.Budget // for the answers to own calls until they are delivered; apart, so that neither waits for the other

	ctx    context.Context // parent of the contexts of methods; ends with the session
	cancel context.CancelCauseFunc
	over   sync.Once     // of end
	ended  chan struct{} // closed when nothing of the session runs any more but methods

	calls   calls
	serving serving
	imports imports
	bodies  bodies
	heart   heart
	remote  PeerService // the peer's own object
	nearby  nearby      // the peer, if it is a node of this process

	exporting gauge // of what the peer holds of this node
	importing gauge // of what this node holds of the peer

	asking throttle // of requests that the peer collect

	farewell atomic.Pointer[Error] // the peer's Bye
	ponging  atomic.Bool           // an answer to a ping is under way
	flushed  atomic.Int64          // when a message was last overdue, in nanoseconds of the node's clock
	inCall   wire.Call             // the reader's scratch space
	inReturn wire.Return           // the reader's scratch space
	puzzled  bool                  // the reader has met a message of unknown type
}

// open starts multiplexing on link and registers the session; start runs it.
func (n *Node) open(link transport.Link, role transport.Role, p peer) (*session, error) {
	link.SetDeadline(time.Time{})
	cfg := n.cfg.transport()
	cfg.PeerStreams = int(min(p.limits.Streams, math.MaxInt32))
	conn, err := link.Open(role, cfg)
	if err != nil {
		return nil, fault(CodeUnreachable, err, "")
	}
	s := &session{
		node:      n,
		peer:      p,
		conn:      conn,
		born:      n.clock(),
		log:       n.log.With("peer", p.addr, "incarnation", p.incarnation),
		limits:    agreed(n.cfg.Limits.marshalLimits(), p.limits),
		arguments: marshal.NewBudget("DecodeBudget", n.cfg.Limits.DecodeBudget, n.budget),
		results:   marshal.NewBudget("DecodeBudget", n.cfg.Limits.DecodeBudget, n.budget),
		ended:     make(chan struct{}),
		exporting: gauge{of: "Limits.Exports"},
		importing: gauge{of: "Limits.Imports"},
	}
	s.ctx, s.cancel = context.WithCancelCause(context.WithValue(context.Background(), peerKey{}, &s.peer))
	names := new(wire.Names)
	s.inCall.Names, s.inReturn.Names = names, names
	s.calls.init(s)
	s.serving.init(s)
	s.imports.init(s)
	s.bodies.init(s)
	s.remote = s.imports.nodeObject()
	s.nearby.node = n.neighbour(p.incarnation)

	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		conn.Abort(nil)
		return nil, fault(CodeClosed, nil, "")
	}
	if n.sessions[p.incarnation] != nil {
		conn.Abort(nil)
		return nil, fault(CodeUnreachable, errCrossed, "try again")
	}
	n.lastID++
	s.id = n.lastID
	n.exports.open(s.id, &p)
	n.sessions[p.incarnation] = s
	return s, nil
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

// start runs the session until its connection ends. The node's tasks wait for
// it.
func (s *session) start() {
	s.heart.start(s)
	run := func() {
		s.log.Debug("session begins")
		s.end(s.conn.Serve(s))
	}
	if !s.node.spawn(run) {
		s.conn.Abort(nil)
		s.end(nil)
	}
}

// end cleans up after the connection, once.
func (s *session) end(cause error) { s.over.Do(func() { s.cleanUp(cause) }) }

// cleanUp lets calls fail, references break and contexts end. The peer's own
// references go at once if it said goodbye, else when its lease is over.
func (s *session) cleanUp(cause error) {
	s.heart.stop()
	s.node.mu.Lock()
	if s.node.sessions[s.peer.incarnation] == s {
		delete(s.node.sessions, s.peer.incarnation)
	}
	s.node.ending[s] = struct{}{}
	closing := s.node.closing
	s.node.mu.Unlock()

	why := s.endFault(cause, closing)
	s.cancel(why)
	s.serving.cancelAll()
	s.calls.fail(why)
	s.bodies.fail(why)
	s.imports.breakAll(why)
	s.imports.stop()
	s.serving.dropQueue()
	s.serving.endRest()
	if closing || s.farewell.Load() != nil || !s.node.exports.holds(s.id) || !s.node.leases.add(s.id) {
		s.node.reclaim(s.node.exports.endSession(s.id))
	}
	s.log.Debug("session ended", "cause", why)
	close(s.ended)
	s.serving.join()
	s.node.mu.Lock()
	delete(s.node.ending, s)
	s.node.mu.Unlock()
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
	if violation, ok := errors.AsType[*transport.ProtocolError](cause); ok {
		s.log.Warn("session ended: peer broke the protocol", "violation", violation)
	}
	if cause == nil {
		cause = reason("connection closed")
	}
	return fault(CodeUnreachable, cause, hintLookup)
}

const hintLookup = "look the name up again"

// up reports whether the session can carry calls.
func (s *session) up() bool {
	select {
	case <-s.ended:
		return false
	default:
		return s.ctx.Err() == nil
	}
}

// goodbye tells the peer that this node is closing, and closes the connection
// after what is queued has been sent.
func (s *session) goodbye() {
	s.imports.flush()
	s.send(&wire.Bye{Text: "its owner closed its node"})
	s.conn.Close()
}

// message is a control message.
type message interface {
	Append(b []byte) []byte
}

// send queues a control message. A failure means that the connection has ended
// or is about to, which is somebody else's to notice.
func (s *session) send(m message) {
	if err := s.conn.Send(s.ctx, m.Append(nil), nil); err != nil {
		s.log.Debug("control message not sent", "cause", err)
	}
}

// sendCall sends a message of a call. While others are about to send theirs, as due
// tells, it waits for them, so that one write has all of them: whoever makes due 0
// flushes the connection. The others may be in need of a processor, so once in maxJoin
// nobody waits: the first of 64 methods that each computed for 8 ms was answered with
// the last of them, after 200 ms.
func (s *session) sendCall(ctx context.Context, due *atomic.Int64, head, body []byte) error {
	err := s.conn.Queue(ctx, head, body)
	if err == nil && (due.Load() == 0 || s.overdue()) {
		s.conn.Flush()
	}
	return err
}

// maxJoin is how long messages of calls may go on joining others that wait: those of
// 512 busy callers are together in less.
const maxJoin = time.Millisecond

// overdue reports, once in maxJoin, that what waits is to be written.
func (s *session) overdue() bool {
	now, last := int64(s.node.clock()), s.flushed.Load()
	return now-last > int64(maxJoin) && s.flushed.CompareAndSwap(last, now)
}

// sendLater is send for those who must not wait for room in the queue.
func (s *session) sendLater(m message) {
	s.node.spawn(func() { s.send(m) })
}

// pong answers a ping, at most one at a time: who floods a node with pings gets
// fewer answers, not more goroutines.
func (s *session) pong(n uint64) {
	if s.ponging.CompareAndSwap(false, true) {
		s.node.spawn(func() {
			s.send(&wire.Pong{N: n})
			s.ponging.Store(false)
		})
	}
}

// Message implements transport.Handler: it takes one message of the lane, on
// the reader.
func (s *session) Message(msg []byte) {
	if err := s.dispatch(msg); err != nil {
		s.conn.Abort(violation("%v", err))
	}
}

// dispatch handles one message. An error is a violation of the protocol and
// ends the session.
func (s *session) dispatch(msg []byte) error {
	kind, err := wire.Peek(msg)
	if err != nil {
		return err
	}
	switch kind {
	case wire.TypeCall:
		return s.receiveCall(msg)
	case wire.TypeReturn:
		return s.receiveReturn(msg)
	case wire.TypeCancel:
		var m wire.Cancel
		if err := wire.ParseCancel(msg, &m); err != nil {
			return err
		}
		s.serving.cancel(m.ID)
	case wire.TypeRelease:
		return s.receiveRelease(msg)
	case wire.TypeBroken:
		return s.receiveBroken(msg)
	case wire.TypePing:
		var m wire.Ping
		if err := wire.ParsePing(msg, &m); err != nil {
			return err
		}
		s.pong(m.N)
	case wire.TypePong:
		var m wire.Pong
		return wire.ParsePong(msg, &m)
	case wire.TypePressure:
		return s.receivePressure(msg)
	case wire.TypeBye:
		var m wire.Bye
		if err := wire.ParseBye(msg, &m); err != nil {
			return err
		}
		s.farewell.Store(fault(CodeGone, reason(m.Text), hintLookup))
	default:
		if !s.puzzled { // once: a peer must not fill the log
			s.puzzled = true
			s.log.Warn("peer sends messages that this version does not know; they are skipped", "type", kind)
		}
	}
	return nil
}

// receiveRelease takes back grants.
func (s *session) receiveRelease(msg []byte) error {
	var m wire.Release
	if err := wire.ParseRelease(msg, &m); err != nil {
		return err
	}
	reclaimed, err := s.node.exports.release(s.id, m.Entries)
	s.node.reclaim(reclaimed)
	return err
}

// receiveBroken breaks the references that the owner disowned.
func (s *session) receiveBroken(msg []byte) error {
	var m wire.Broken
	if err := wire.ParseBroken(msg, &m); err != nil {
		return err
	}
	for _, entry := range m.Entries {
		code := Code(entry.Reason)
		s.imports.breakOne(lifetime.XID(entry.XID), fault(code, reason(entry.Text), hintLookup))
	}
	return nil
}
