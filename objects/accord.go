package objects

import (
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
	asked []lifetime.CallID  // calls of this side among it

	// the reader's
	theirs   lifetime.Statement
	heard    bool // the peer's statement has come
	resolved bool // its word on this side's calls, too

	told       chan struct{} // closed when heard; what follows is then set
	unknown    []lifetime.XID
	have       []lifetime.CallID // calls of the peer that this side knows
	unanswered []lifetime.CallID // those of which the answer was lost
}

// agree says this side's part, and lets the session go on when the peer has said its.
func (c *connection) agree() {
	a := c.accord
	c.state(a.own)
	select {
	case <-a.told:
	case <-c.lost:
		return
	}
	c.state(lifetime.Statement{Have: a.have})
	if !c.s.publish(c) {
		c.Abort(linkLost)
		return
	}
	c.s.log.Debug("session resumed", "number", c.number)
	c.makeGood(a)
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
	for _, id := range a.unanswered {
		var e marshal.Encoder
		e.Reset(&c.s.limits)
		encodeFault(&e, fault(CodeUnreachable, reason("its answer was lost with a connection"), "find out what it did before calling again"), OutcomeUnknown)
		m := wire.Return{ID: uint64(id), Status: wire.StatusFault}
		if err := c.Send(c.s.ctx, m.AppendHead(nil, len(e.Data())), e.Data()); err != nil {
			return
		}
	}
	c.settled.Store(true)
}

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
	if err := a.theirs.Add(part, lifetime.StatementLimits{Held: limits.Exports, Calls: limits.calls(), Have: len(a.asked)}); err != nil {
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
	if !ascending(a.theirs.Calls) {
		return errors.New("calls are not stated in ascending order")
	}
	gone, unknown, err := c.s.node.exports.reconcile(c.s.id, c.number, a.theirs.Held)
	if err != nil {
		return err
	}
	c.s.node.reclaim(gone)
	a.unknown = unknown
	a.have, a.unanswered = c.s.serving.reconcile(a.theirs.Calls)
	a.heard = true
	close(a.told)
	return nil
}

// resolve has the calls sent again that the peer has not seen, and tells it of those
// that nobody waits for.
func (c *connection) resolve(a *accord) error {
	have := a.theirs.Have
	if !ascending(have) {
		return errors.New("calls are not stated in ascending order")
	}
	for _, id := range have {
		if _, asked := slices.BinarySearch(a.asked, id); !asked {
			return fmt.Errorf("the peer has call %d, which was not asked for", id)
		}
	}
	for _, id := range c.s.calls.resolve(a.asked, have) {
		c.sendLater(&wire.Cancel{ID: uint64(id)})
	}
	return nil
}

// ascending reports whether numbers grow.
func ascending(ids []lifetime.CallID) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i] <= ids[i-1] {
			return false
		}
	}
	return true
}
