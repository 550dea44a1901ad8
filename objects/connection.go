package objects

import (
	"fmt"
	"sync/atomic"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// connection is one connection of a session, which may have several, one after
// another. What is here ends with it; what outlives it stands in [session].
type connection struct {
	transport.Conn
	s      *session
	number lifetime.Conn
	accord *accord // what the two sides say first on a resumed session; nil on its first connection

	bodies  bodies
	heart   heart
	claimed claimed
	lost    chan struct{} // closed when the connection has ended and the session is fenced
	next    chan struct{} // closed when the session has another one for its calls, or has ended

	settled  atomic.Bool  // the peer has been told all that earlier connections owed it
	givenUp  atomic.Bool  // it has not taken a message, see giveUp
	ponging  atomic.Bool  // an answer to a ping is under way
	flushed  atomic.Int64 // when a message was last overdue, in nanoseconds of the node's clock
	inCall   wire.Call    // the reader's scratch space
	inReturn wire.Return  // the reader's scratch space
	puzzled  bool         // the reader has met a message of unknown type
}

func newConnection(s *session, conn transport.Conn, number lifetime.Conn) *connection {
	c := &connection{Conn: conn, s: s, number: number, lost: make(chan struct{}), next: make(chan struct{})}
	names := new(wire.Names)
	c.inCall.Names, c.inReturn.Names = names, names
	c.bodies.init(c)
	return c
}

// start serves the connection until it ends. The node's tasks wait for it.
func (c *connection) start() {
	c.heart.start(c)
	if c.accord == nil {
		c.s.node.introductions.begun(c)
	}
	run := func() {
		c.s.log.Debug("connection begins", "number", c.number)
		if c.accord != nil {
			c.s.node.tasks.Go(c.agree)
		}
		c.end(c.Serve(c))
	}
	if !c.s.node.spawn(run) {
		c.Abort(nil)
		c.end(nil)
	}
}

// end cleans up after the connection. Its session goes on if it can.
func (c *connection) end(cause error) {
	c.heart.stop()
	c.s.lose(c, cause)
}

// Message implements transport.Handler: it takes one message of the lane, on
// the reader.
func (c *connection) Message(msg []byte) {
	if err := c.dispatch(msg); err != nil {
		c.Abort(violation("%v", err))
	}
}

// dispatch handles one message. An error is a violation of the protocol and
// ends the session.
func (c *connection) dispatch(msg []byte) error {
	kind, err := wire.Peek(msg)
	if err != nil {
		return err
	}
	switch {
	case kind == wire.TypeReconcile:
		return c.receiveReconcile(msg)
	case c.accord != nil && !c.accord.resolved && kind != wire.TypePing && kind != wire.TypePong && kind != wire.TypeBye:
		return fmt.Errorf("message of type %d comes before Reconcile", kind)
	}
	switch kind {
	case wire.TypeCall:
		return c.receiveCall(msg)
	case wire.TypeReturn:
		return c.receiveReturn(msg)
	case wire.TypeCancel:
		var m wire.Cancel
		if err := wire.ParseCancel(msg, &m); err != nil {
			return err
		}
		c.s.serving.cancel(m.ID)
	case wire.TypeRelease:
		return c.receiveRelease(msg)
	case wire.TypeBroken:
		return c.receiveBroken(msg)
	case wire.TypeAck:
		return c.receiveAck(msg)
	default:
		return c.dispatchOther(kind, msg)
	}
	return nil
}

// dispatchOther handles what concerns the connection alone.
func (c *connection) dispatchOther(kind wire.Type, msg []byte) error {
	switch kind {
	case wire.TypePing:
		var m wire.Ping
		if err := wire.ParsePing(msg, &m); err != nil {
			return err
		}
		c.pong(m.N)
	case wire.TypePong:
		var m wire.Pong
		return wire.ParsePong(msg, &m)
	case wire.TypePressure:
		return c.s.receivePressure(msg)
	case wire.TypeClaim:
		return c.receiveClaim(msg)
	case wire.TypeClaimResult:
		return c.receiveClaimResult(msg)
	case wire.TypeBye:
		var m wire.Bye
		if err := wire.ParseBye(msg, &m); err != nil {
			return err
		}
		c.receiveBye(&m)
	default:
		if !c.puzzled { // once: a peer must not fill the log
			c.puzzled = true
			c.s.log.Warn("peer sends messages that this version does not know; they are skipped", "type", kind)
		}
	}
	return nil
}

// receiveBye notes that the peer ends the session, and has those calls fail at once
// that it has not taken up.
func (c *connection) receiveBye(m *wire.Bye) {
	why := fault(CodeGone, reason(m.Text), hintLookup)
	c.s.farewell.Store(why)
	if m.Code == wire.ByeDrained && (c.accord == nil || c.accord.resolved) {
		c.s.calls.refuse(why)
	}
}

// message is a control message.
type message interface {
	Append(b []byte) []byte
}

// send queues a control message. A failure means that the connection has ended
// or is about to, which is somebody else's to notice.
func (c *connection) send(m message) {
	if err := c.Send(c.s.ctx, m.Append(nil), nil); err != nil {
		c.s.log.Debug("control message not sent", "cause", err)
	}
}

// sendLater is send for those who must not wait for room in the queue.
func (c *connection) sendLater(m message) {
	c.s.node.spawn(func() { c.send(m) })
}

// pong answers a ping, at most one at a time: who floods a node with pings gets
// fewer answers, not more goroutines.
func (c *connection) pong(n uint64) {
	if c.ponging.CompareAndSwap(false, true) {
		c.s.node.spawn(func() {
			c.send(&wire.Pong{N: n})
			c.ponging.Store(false)
		})
	}
}

// receiveRelease takes back grants.
func (c *connection) receiveRelease(msg []byte) error {
	var m wire.Release
	if err := wire.ParseRelease(msg, &m); err != nil {
		return err
	}
	reclaimed, err := c.s.node.exports.release(c.s.id, c.number, m.Entries)
	c.s.node.reclaim(reclaimed)
	return err
}

// receiveBroken breaks the references that the owner disowned, or that it says this
// node does not hold.
func (c *connection) receiveBroken(msg []byte) error {
	var m wire.Broken
	if err := wire.ParseBroken(msg, &m); err != nil {
		return err
	}
	for _, entry := range m.Entries {
		code := Code(entry.Reason)
		xid, why := lifetime.XID(entry.XID), fault(code, reason(entry.Text), hintLookup)
		if code == CodeNoSuchObject {
			c.s.imports.void(xid, why)
			continue
		}
		c.s.imports.breakOne(xid, why)
	}
	return nil
}
