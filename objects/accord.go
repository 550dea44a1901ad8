package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
)

// accord is what the two sides of a session tell each other on a connection that
// resumes it, before anything else.
type accord struct {
	own   lifetime.Statement // what this side says
	asked int                // calls of this side among it

	// the reader's
	theirs   lifetime.Statement
	heard    bool // the peer's statement has come
	resolved bool // its word on this side's calls, too

	told    chan struct{} // closed when heard; what follows is then set
	unknown []lifetime.XID
	resumed lifetime.Resumed[keptAnswer] // what becomes of the peer's calls

	stated chan struct{} // closed when this side has said its part: all else comes after it
}

// agree says this side's part, and lets the session go on when the peer has said its.
func (c *connection) agree() {
	a := c.accord
	c.state(a.own)
	select {
	case <-a.told:
	case <-c.lost:
	}
	select {
	case <-a.told:
	default:
		return
	}
	c.state(lifetime.Statement{Have: a.resumed.Have})
	if c.s.publish(c) {
		close(a.stated)
		c.s.log.Debug("session resumed", "number", c.number)
	} else {
		c.Abort(linkLost)
	}
	c.makeGood(a)
}

// ready returns when messages of calls may be sent on c: on one that resumes a session
// this side's statement comes first. The error is linkLost, or that ctx has ended.
func (c *connection) ready(ctx context.Context) *Error {
	if c.accord == nil {
		return nil
	}
	select {
	case <-c.accord.stated:
		return nil
	case <-c.lost:
		return linkLost
	case <-ctx.Done():
		return fault(CodeContext, context.Cause(ctx), "")
	}
}

// mayBegin is ready for those who must not wait.
func (c *connection) mayBegin() bool {
	if c.accord == nil {
		return true
	}
	select {
	case <-c.accord.stated:
		return true
	default:
		return false
	}
}

// state sends a statement in as many messages as it takes.
func (c *connection) state(all lifetime.Statement) {
	for more := true; more; {
		var part lifetime.Statement
		part, more = all.Part(wire.MaxEntries)
		m := wire.Reconcile{Conn: uint64(c.number), More: more}
		for _, h := range part.Held {
			m.Held = append(m.Held, wire.Entry{XID: uint64(h.XID), N: uint64(h.N)})
		}
		for _, id := range part.Calls {
			m.Calls = append(m.Calls, uint64(id))
		}
		for _, id := range part.Have {
			m.Have = append(m.Have, uint64(id))
		}
		c.send(&m)
	}
}

// makeGood sends what the peer should have got on an earlier connection, beside
// references and calls.
func (c *connection) makeGood(a *accord) {
	c.s.node.introductions.begun(c)
	broken := c.s.node.exports.disownedBy(c.s.id)
	for _, xid := range a.unknown {
		broken = append(broken, wire.BrokenEntry{XID: uint64(xid), Reason: uint64(CodeNoSuchObject), Text: "this session does not hold it"})
	}
	for part := range slices.Chunk(broken, wire.MaxEntries) {
		c.send(&wire.Broken{Entries: part})
	}
	for _, id := range a.resumed.Lost {
		var e marshal.Encoder
		e.Reset(&c.s.limits)
		encodeFault(&e, fault(CodeUnreachable, errAnswerLost, hintOutcome), OutcomeUnknown)
		m := wire.Return{ID: uint64(id), Status: wire.StatusFault}
		if c.Send(c.s.ctx, m.AppendHead(nil, len(e.Data())), e.Data()) != nil {
			break
		}
	}
	for _, e := range a.resumed.Again {
		c.s.serving.sendAgain(c, e)
	}
	c.settled.Store(true)
}

var errAnswerLost = reason("its answer was lost with a connection")

// receiveReconcile takes a part of what the peer states. An error is a violation.
func (c *connection) receiveReconcile(msg []byte) error {
	var m wire.Reconcile
	if err := wire.ParseReconcile(msg, &m); err != nil {
		return err
	}
	a := c.accord
	switch {
	case a == nil || a.resolved:
		return errors.New("a Reconcile comes where nothing is to be reconciled")
	case m.Conn != uint64(c.number):
		return fmt.Errorf("a Reconcile of connection %d comes on connection %d", m.Conn, c.number)
	case a.heard && len(m.Held)+len(m.Calls) > 0 || !a.heard && len(m.Have) > 0:
		return errors.New("a Reconcile says what is not due")
	}
	part := lifetime.Statement{Calls: callIDs(m.Calls), Have: callIDs(m.Have)}
	for _, e := range m.Held {
		part.Held = append(part.Held, lifetime.Held{XID: lifetime.XID(e.XID), N: lifetime.Grants(e.N)})
	}
	limits := &c.s.node.cfg.Limits
	if err := a.theirs.Add(part, lifetime.StatementLimits{Held: limits.Exports, Calls: limits.calls(), Have: a.asked}); err != nil {
		return err
	}
	switch {
	case m.More:
		return nil
	case a.heard:
		a.resolved = true
		return c.resolve(a)
	}
	return c.hear(a)
}

func callIDs(numbers []uint64) []lifetime.CallID {
	ids := make([]lifetime.CallID, len(numbers))
	for i, n := range numbers {
		ids[i] = lifetime.CallID(n)
	}
	return ids
}

// hear applies what the peer holds and asks for (rules R4, C2).
func (c *connection) hear(a *accord) error {
	c.s.payResume(0, len(a.theirs.Held))
	gone, unknown, err := c.s.node.exports.reconcile(c.s.id, c.number, a.theirs.Held)
	if err != nil {
		return err
	}
	c.s.node.reclaim(gone)
	a.unknown = unknown
	if a.resumed, err = c.s.serving.reconcile(c, a.theirs.Calls); err != nil {
		return err
	}
	a.heard = true
	close(a.told)
	return nil
}

// resolve has the calls sent again that the peer has not seen, and tells it of those
// that nobody waits for.
func (c *connection) resolve(a *accord) error {
	cancelled, err := c.s.calls.reconcile(c, a.theirs.Have)
	if len(cancelled) > 0 {
		c.s.node.spawn(func() { c.cancelAgain(cancelled) })
	}
	return err
}

// cancelAgain tells the peer of calls that nobody waits for.
func (c *connection) cancelAgain(ids []lifetime.CallID) {
	if c.ready(c.s.ctx) != nil {
		return
	}
	for _, id := range ids {
		c.send(&wire.Cancel{ID: uint64(id)})
	}
}
