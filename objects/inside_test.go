package objects

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/transport"
)

// answers is a connection that notes which calls were answered, and sends nothing.
type answers struct {
	transport.Conn
	ids []uint64
}

func (a *answers) Send(_ context.Context, head, body []byte) error {
	var m wire.Return
	err := wire.ParseReturn(append(slices.Clone(head), body...), &m, 0)
	a.ids = append(a.ids, m.ID)
	return err
}

func (a *answers) Queue(ctx context.Context, head, body []byte) error { return a.Send(ctx, head, body) }
func (a *answers) Flush()                                             {}

// TestNoCallOvertakesTheQueue: a new place goes to the call that has waited
// longest, also if another one arrives before anybody has looked.
func TestNoCallOvertakesTheQueue(t *testing.T) {
	n := NewNode(&Config{Limits: Limits{Running: 1}})
	defer n.Close()
	conn := &answers{}
	s := &session{node: n, ctx: t.Context()}
	s.conn.Store(newConnection(s, conn, lifetime.FirstConn))
	s.calls.init(s)
	s.serving.init(s)
	s.imports.init(s)
	v := &s.serving
	v.running.Store(1) // another call
	for id := range lifetime.CallID(2) {
		in := &incoming{s: s, id: id + 1, ctx: &callContext{Context: s.ctx}, refused: fault(CodeNoSuchObject, nil, "")}
		if _, err := v.accept(s.conn.Load(), in, true); err != nil {
			t.Fatal(err)
		}
		s.calls.awaited.Add(1) // a call of this node makes room for one more
	}
	v.endRest()
	v.join()
	if !slices.Equal(conn.ids, []uint64{1, 2}) {
		t.Errorf("the calls ran in the order %v", conn.ids)
	}
}

// TestNoInlineCallOvertakes: a call that waits for a place, for a body or for a worker
// comes first.
func TestNoInlineCallOvertakes(t *testing.T) {
	n := NewNode(nil)
	defer n.Close()
	in, other := &incoming{xid: 1, m: &proxy.Method{Inline: true}}, &incoming{xid: 1}
	for name, c := range map[string]struct {
		wait func(*serving)
		runs bool
	}{
		"none":                 {func(*serving) {}, true},
		"for a place":          {func(v *serving) { v.queue = append(v.queue, other) }, false},
		"for a worker":         {func(v *serving) { v.workers.ready = append(v.workers.ready, other) }, false},
		"for its body":         {func(v *serving) { v.held[1] = append(v.held[1], other) }, false},
		"for another's body":   {func(v *serving) { v.held[2] = append(v.held[2], other) }, true},
		"none, but all places": {func(v *serving) { v.running.Store(v.limit()) }, false},
	} {
		s := &session{node: n}
		s.serving.init(s)
		c.wait(&s.serving)
		if got := s.serving.inline(in); got != c.runs {
			t.Errorf("while a call waits: %s: it runs inline: %v", name, got)
		}
	}
}

// TestALeaseAfterTheEndIsRefused: a session that ends while its node closes must
// not wait for a lease that nobody counts any more.
func TestALeaseAfterTheEndIsRefused(t *testing.T) {
	n := NewNode(nil)
	if !n.leases.add(&session{id: 1}) {
		t.Fatal("no lease on a node that is open")
	}
	n.leases.stop()
	if n.leases.add(&session{id: 2}) {
		t.Error("a lease was given after the end")
	}
	if n.leases.len() != 0 {
		t.Errorf("%d leases are left", n.leases.len())
	}
	n.tasks.Wait()
}

// partner is a connection whose Close waits for that of the other.
type partner struct {
	transport.Conn
	closing *sync.WaitGroup
}

func (p partner) Send(context.Context, []byte, []byte) error { return nil }
func (p partner) Close() error {
	p.closing.Done()
	p.closing.Wait()
	return nil
}

// TestGoodbyesAreSaidTogether: a peer that takes its time holds up no other.
func TestGoodbyesAreSaidTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNode(nil)
		var closing sync.WaitGroup
		closing.Add(2)
		for range 2 {
			s := &session{node: n, ctx: t.Context()}
			s.attached = newConnection(s, partner{nil, &closing}, lifetime.FirstConn)
			s.conn.Store(s.attached)
			s.calls.init(s)
			s.serving.init(s)
			s.imports.init(s)
			n.sessions[uuid.New()] = s
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestReceiptBeforeTheCleanup: an object that comes again when its Ref is dead, and
// nobody has said so yet, gets a younger Ref. The word that comes late takes nothing
// from it, and ends what watched the older one.
func TestReceiptBeforeTheCleanup(t *testing.T) {
	n := NewNode(&Config{ReleaseDelay: time.Hour})
	defer n.Close()
	s := &session{node: n, ctx: t.Context()}
	m := &s.imports
	m.init(s)
	defer m.collector.stop()
	c := &wire.Cap{XID: 1, Object: 5}
	receive := func() *imported {
		ref, err := m.receive(lifetime.FirstConn, c, surfacing)
		if err != nil {
			t.Fatal(err)
		}
		return importOf(ref)
	}
	old := receive()
	alive := old.watch()
	m.breakOne(1, fault(CodeGone, nil, ""))
	for old.ref.Value() != nil {
		runtime.GC()
	}
	young := receive()
	if young == old || young.fault() == nil || young.fault().Code != CodeGone {
		t.Errorf("the owner disowned it, the younger Ref says %v", young.fault())
	}
	m.collect([]*imported{old})
	if m.entries.Get(1) != young || m.table.Pending() > 0 {
		t.Error("late word of the older Ref gave up the younger")
	}
	<-alive.Done()
	m.collect([]*imported{young})
	if m.entries.Len() > 0 || m.table.Len() > 0 || m.table.Pending() != 1 {
		t.Errorf("%d entries, %d objects and %d releases are left, want one release", m.entries.Len(), m.table.Len(), m.table.Pending())
	}
}

// TestClosedNodesLeaveTheProcess: what is found by its incarnation is open.
func TestClosedNodesLeaveTheProcess(t *testing.T) {
	a, b, wire := NewNode(nil), NewNode(nil), NewNode(&Config{LocalCallsOnWire: true})
	defer wire.Close()
	defer a.Close()
	if a.neighbour(b.incarnation) != b || a.neighbour(uuid.New()) != nil {
		t.Error("a node of the process is not found, or a stranger is")
	}
	if a.neighbour(wire.incarnation) != nil || wire.neighbour(a.incarnation) != nil {
		t.Error("a node that asks for the wire is called directly")
	}
	if err := b.Close(); err != nil || a.neighbour(b.incarnation) != nil {
		t.Errorf("a closed node is found, %v", err)
	}
}

// givenUp is a connection that gives up every body, and goes on reading it.
type givenUp struct {
	answers
	stop context.CancelFunc // of the call
	body []byte
}

func (g *givenUp) Send(context.Context, []byte, []byte) error  { return nil }
func (g *givenUp) Queue(context.Context, []byte, []byte) error { return nil }
func (g *givenUp) SendBody(ctx context.Context, _ uint64, body []byte) error {
	g.body = body
	g.stop()
	return ctx.Err()
}

// TestARelayedPayloadThatMayBeReadIsNotUsedAgain: the owner's connection may be in
// the middle of the arguments when the caller gives up. They must stay as they are.
func TestARelayedPayloadThatMayBeReadIsNotUsedAgain(t *testing.T) {
	n := NewNode(&Config{PoisonLent: true}) // memory that is used again is overwritten
	defer n.Close()
	ctx, cancel := context.WithCancel(t.Context())
	conn := &givenUp{stop: cancel}
	s := &session{node: n, ctx: t.Context(), limits: n.cfg.Limits.marshalLimits()}
	s.conn.Store(newConnection(s, conn, lifetime.FirstConn))
	s.calls.init(s)
	s.serving.init(s)
	s.imports.init(s)
	defer s.imports.collector.stop()
	ref, err := s.imports.receive(lifetime.FirstConn, &wire.Cap{XID: 1, Object: 5}, passing)
	if err != nil {
		t.Fatal(err)
	}
	in := &incoming{s: s, payload: bytes.Repeat([]byte{7}, 1<<20)}
	if a := in.relay(ctx, ref); a.status != wire.StatusFault {
		t.Errorf("the call was answered with status %v", a.status)
	}
	in.recycle()
	if !bytes.Equal(conn.body, bytes.Repeat([]byte{7}, 1<<20)) {
		t.Errorf("the owner's connection reads %.8x", conn.body)
	}
}

// hasty is a connection to a peer that answers bulk calls before their body is sent.
type hasty struct {
	answers
	s       *session
	meet    func() // called while the body is being sent
	flushed int    // how often the queue was written
}

func (h *hasty) Queue(context.Context, []byte, []byte) error { return nil }
func (h *hasty) Flush()                                      { h.flushed++ }
func (h *hasty) SendBody(context.Context, uint64, []byte) error {
	m := wire.Return{ID: 1, Status: wire.StatusOK}
	err := h.s.conn.Load().receiveReturn(append(m.AppendHead(nil, 1), 0x80))
	h.meet()
	return err
}

// TestNobodyWaitsForTheBodyOfAnAnsweredCall: a caller that has its answer, and is
// still sending a large argument, is not about to join the calls of others.
func TestNobodyWaitsForTheBodyOfAnAnsweredCall(t *testing.T) {
	n := NewNode(nil)
	defer n.Close()
	conn := &hasty{}
	s := &session{node: n, ctx: t.Context(), limits: n.cfg.Limits.marshalLimits()}
	s.conn.Store(newConnection(s, conn, lifetime.FirstConn))
	conn.s = s
	s.conn.Load().flushed.Store(int64(time.Hour)) // nothing is overdue
	s.calls.init(s)
	s.serving.init(s)
	s.imports.init(s)
	defer s.imports.collector.stop()
	conn.meet = func() {
		before := conn.flushed
		if err := s.conn.Load().sendCall(t.Context(), &s.calls.due, nil, nil); err != nil || conn.flushed == before {
			t.Errorf("a small call is not written, %v", err)
		}
	}
	ref, err := s.imports.receive(lifetime.FirstConn, &wire.Cap{XID: 1, Object: 5}, passing)
	if err != nil {
		t.Fatal(err)
	}
	in := &incoming{s: s, payload: make([]byte, 1<<20)}
	if a := in.relay(t.Context(), ref); a.status != wire.StatusOK {
		t.Errorf("the call was answered with status %v", a.status)
	}
	if due := s.calls.due.Load(); due != 0 {
		t.Errorf("%d callers are said to be about to resume", due)
	}
}

// TestMessagesDoNotJoinForLong: those who are about to send may get no processor for
// long. What waits for them is written when another message joins it late.
func TestMessagesDoNotJoinForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNode(nil)
		defer n.Close()
		conn := &hasty{}
		on := newConnection(&session{node: n}, conn, lifetime.FirstConn)
		var due atomic.Int64
		due.Store(1)
		for i, after := range []time.Duration{maxJoin + 1, 0, maxJoin, 1, 0} {
			<-time.After(after)
			if err := on.sendCall(t.Context(), &due, nil, nil); err != nil {
				t.Error(err)
			}
			if want := 1 + i/3; conn.flushed != want {
				t.Errorf("message %d: the queue was written %d times, not %d", i, conn.flushed, want)
			}
		}
	})
}
