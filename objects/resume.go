package objects

import (
	"errors"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// A session that loses its connection is down: both sides fence it (rule R1), and the
// side that dialled dials again. What is to be sent waits. On the next connection both
// sides first state what they hold and which calls have no answer, each takes the
// other's word for its own counts (R2 to R4), and each then says which of the other's
// calls it knows (C2). The rest of the calls is sent again. A session that finds no
// connection within Config.Lease ends (R5).

// linkLost is the fault of what a connection did not take because it was lost. It
// reaches no caller: the next connection takes it, or the session ends.
var linkLost = fault(CodeUnreachable, reason("the connection is lost"), hintLookup)

// lose fences the session after a connection has ended, and has it wait for another
// one, or ends it.
func (s *session) lose(c *connection, cause error) {
	s.fence(c)
	n := s.node
	n.mu.Lock()
	resumes := s.attached == c && s.resumes(cause)
	if resumes {
		s.attached = nil
		delete(n.sessions, s.peer.incarnation)
		n.lost[s.peer.incarnation] = s
	}
	if s.doomed != nil {
		cause = s.doomed
	}
	n.mu.Unlock()
	if !resumes {
		close(c.lost)
		s.finish(cause)
		return
	}
	s.log.Debug("connection lost", "number", c.number, "cause", cause)
	if c == s.conn.Load() { // else the lease runs, and whoever dials goes on
		n.leases.add(s)
		if s.peer.dialled {
			n.spawn(func() { n.redial(c) })
		}
	}
	close(c.lost)
}

// resumes reports whether the session outlives a connection that ended for cause;
// node.mu is held.
func (s *session) resumes(cause error) bool {
	_, violation := errors.AsType[*transport.ProtocolError](cause)
	return !violation && s.doomed == nil && s.farewell.Load() == nil && !s.node.closing && s.resumable()
}

// resumable reports whether the session outlives its connections at all.
func (s *session) resumable() bool { return s.node.cfg.Lease > 0 && s.peer.lease > 0 }

// resultLimits bounds the answers that are kept for the peer.
func (s *session) resultLimits() lifetime.ResultLimits {
	if l := &s.node.cfg.Limits; s.resumable() {
		return lifetime.ResultLimits{Kept: l.Answers, Bytes: l.AnswerBytes}
	}
	return lifetime.ResultLimits{}
}

// fence lets nothing count any more that is about connection c (rule R1).
func (s *session) fence(c *connection) {
	s.node.exports.fence(s.id)
	s.imports.fence()
	s.node.introductions.fence(s)
	s.calls.fence()
	s.serving.fence()
	c.bodies.fail()
}

// connected reports whether the session's connection stands, as far as is known.
func (s *session) connected() bool {
	select {
	case <-s.conn.Load().lost:
		return false
	default:
		return true
	}
}

// resume makes link the next connection of a lost session; start serves it.
func (n *Node) resume(link transport.Link, role transport.Role, s *session, number uint64) (*connection, error) {
	conn, err := n.multiplex(link, role, &s.peer)
	if err != nil {
		return nil, err
	}
	c := newConnection(s, conn, lifetime.Conn(number))
	if !n.attach(c) {
		conn.Abort(nil)
		return nil, fault(CodeUnreachable, errCrossed, "try again")
	}
	c.accord = &accord{told: make(chan struct{}), stated: make(chan struct{})}
	c.accord.own = lifetime.Statement{Held: s.imports.snapshot(c.number), Calls: s.calls.open()}
	c.accord.asked = len(c.accord.own.Calls)
	s.payResume(0, len(c.accord.own.Held))
	return c, nil
}

// attach makes c the connection of its session, unless another one is, or the session
// has ended.
func (n *Node) attach(c *connection) bool {
	s := c.s
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing || n.lost[s.peer.incarnation] != s || s.doomed != nil || c.number <= s.number {
		return false
	}
	delete(n.lost, s.peer.incarnation)
	n.sessions[s.peer.incarnation] = s
	s.attached, s.number = c, c.number
	return true
}

// publish lets calls use c, on which both sides have stated what they hold.
func (s *session) publish(c *connection) bool {
	n := s.node
	if !n.leases.remove(s) {
		return false // it is about to end
	}
	n.mu.Lock()
	stands := s.attached == c && s.doomed == nil
	waits := !stands && s.why == nil && s.doomed == nil
	if stands {
		last := s.conn.Swap(c)
		close(last.next)
	}
	n.mu.Unlock()
	if waits {
		n.leases.add(s)
	}
	return stands
}

// pinAll keeps the objects among slots exported until unpinAll; their numbers are
// appended to pinned.
func (s *session) pinAll(pinned []lifetime.ObjectID, slots []marshal.Slot) []lifetime.ObjectID {
	for i := range slots {
		object := slots[i].Object
		if of := importOf(object); of != nil && of.s == s || exportable(object) != nil {
			continue
		}
		pinned = append(pinned, s.node.exports.pin(object))
	}
	return pinned
}

func (s *session) unpinAll(pinned []lifetime.ObjectID) {
	for _, id := range pinned {
		s.node.reclaim(s.node.exports.unpin(id))
	}
}
