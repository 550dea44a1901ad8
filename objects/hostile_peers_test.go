package objects_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
)

// TestHostileReferences: what a peer may try with references, its own and others'.
func TestHostileReferences(t *testing.T) {
	release := func(s *siege, xid, n uint64) {
		s.raw.send((&wire.Release{Entries: []wire.Entry{{XID: xid, N: n}}}).Append(nil))
	}
	besiege(t, []attack{
		{name: "Release of more than was granted", ends: "release of 2 grants of reference 1, of which the peer holds 1",
			do: func(t *testing.T, s *siege) { release(s, s.xid, 2) }},
		{name: "Release of more than can be counted", ends: "of which the peer holds 1",
			do: func(t *testing.T, s *siege) { release(s, s.xid, most) }},
		{name: "Release of nothing", ends: "release of 0 grants",
			do: func(t *testing.T, s *siege) { release(s, s.xid, 0) }},
		{name: "Release of an unknown id", ends: "release of reference 77, which the peer does not hold",
			do: func(t *testing.T, s *siege) { release(s, 77, 1) }},
		{name: "Release twice", ends: "release of reference 1, which the peer does not hold",
			do: func(t *testing.T, s *siege) { release(s, s.xid, 1); release(s, s.xid, 1) }},
		{name: "Release under a running call", do: releaseUnderACall},
		{name: "call on a released id", do: func(t *testing.T, s *siege) {
			xid := s.make(t)
			release(s, xid, 1)
			s.refused(t, objects.CodeNoSuchObject, s.call(xid, thingMethod("Add"), emptyArgs))
		}},
		{name: "call on another session's ids", do: func(t *testing.T, s *siege) {
			for xid := s.hoard + 1; xid < 100; xid++ { // the honest peer holds objects under some of them
				s.refused(t, objects.CodeNoSuchObject, s.call(xid, thingMethod("Panic"), emptyArgs))
			}
		}},
		{name: "Release of another session's id", ends: "release of reference 3, which the peer does not hold",
			do: func(t *testing.T, s *siege) { s.make(t); release(s, s.hoard+1, 1); release(s, s.hoard+1, 1) }},
		{name: "another session's id as an argument", ends: "never gave",
			do: func(t *testing.T, s *siege) {
				s.call(s.xid, thingMethod("Same"), []byte{0x81, 0}, wire.Cap{Kind: wire.CapYours, XID: s.hoard + 1})
			}},
		{name: "one id for two objects", ends: "reference 5 names object 1 and object 2",
			do: func(t *testing.T, s *siege) {
				s.call(0, pingMethod, emptyArgs, wire.Cap{Kind: wire.CapMine, XID: 5, Object: 1, Iface: "a.B"},
					wire.Cap{Kind: wire.CapMine, XID: 5, Object: 2, Iface: "a.B"})
			}},
		{name: "as many objects as it may grant, with ids far apart", most: 80 << 20, do: func(t *testing.T, s *siege) {
			for i := range uint64(64) {
				s.giveApart(1+i<<40, 1024, 1<<20)
			}
		}},
		{name: "a million grants of one object, then silence", do: func(t *testing.T, s *siege) {
			caps := make([]wire.Cap, 1000)
			for i := range caps {
				caps[i] = wire.Cap{Kind: wire.CapMine, XID: 7, Object: 7, Iface: thingIface}
			}
			for range 1000 {
				s.call(0, pingMethod, emptyArgs, caps...)
			}
			s.silence(t, 1)
		}},
		{name: "as many objects as it may grant, then silence", most: 32 << 20, do: func(t *testing.T, s *siege) {
			for i := range uint64(64) {
				s.give(1+i*1024, 1024)
			}
			s.silence(t, 65_536)
		}},
		{name: "a million objects", ends: "more than 65536 references", most: 32 << 20, do: func(t *testing.T, s *siege) {
			for i := range uint64(1000) {
				s.give(1+i*1000, 1000)
			}
		}},
		{name: "calls for objects without end", do: func(t *testing.T, s *siege) {
			for range 20 {
				s.make(t)
			}
			s.refused(t, objects.CodeLimit, s.call(s.xid, thingMethod("Make"), emptyArgs))
		}, config: func(c *objects.Config) { c.Limits.Exports = 22 }},
	})
}

// silence expects the node to hold n objects of a peer that says nothing more, and to
// have dropped them when the peer's lease is over.
func (s *siege) silence(t *testing.T, n int) {
	t.Helper()
	synctest.Wait()
	if held := s.node.Stats().Imports; held > n || n > 1 && held < n {
		t.Errorf("the node holds %d objects of the peer, not %d", held, n)
	}
	<-time.After(25 * time.Second)
	synctest.Wait()
	if s.node.Stats().Leases != 1 {
		t.Errorf("a peer that is silent: %+v", s.node.Stats())
	}
	<-time.After(61 * time.Second)
	synctest.Wait()
	if s.node.Stats().Imports != 0 {
		t.Errorf("a peer whose lease is over: %+v", s.node.Stats())
	}
}

// releaseUnderACall gives an object back while its method runs: the method ends in
// peace, the call is answered, and then the object goes.
func releaseUnderACall(t *testing.T, s *siege) {
	xid := s.make(t)
	object := s.local.made[1]
	waiting := s.call(xid, thingMethod("Wait"), emptyArgs)
	s.raw.send((&wire.Release{Entries: []wire.Entry{{XID: xid, N: 1}}}).Append(nil))
	synctest.Wait()
	if object.unreferenced.Load() != 0 {
		t.Error("reclaimed under a running method")
	}
	s.refused(t, objects.CodeNoSuchObject, s.call(xid, thingMethod("Add"), emptyArgs))
	s.raw.send((&wire.Cancel{ID: waiting}).Append(nil))
	if m := s.raw.answer(); m.ID != waiting {
		t.Errorf("answer %+v", m)
	}
	synctest.Wait()
	if object.unreferenced.Load() != 1 {
		t.Error("not reclaimed after the method")
	}
}

// TestHostileReconnects: what a peer may try with the connections of its session.
func TestHostileReconnects(t *testing.T) {
	state := func(s *siege, numbers ...uint64) {
		m := wire.Reconcile{Conn: s.raw.number}
		for _, xid := range numbers {
			m.Held = append(m.Held, wire.Entry{XID: xid, N: 1})
		}
		s.raw.send(m.Append(nil))
	}
	besiege(t, []attack{
		{name: "Reconcile where there was no break", ends: "nothing is to be reconciled",
			do: func(t *testing.T, s *siege) { state(s, s.xid) }},
		{name: "Reconcile twice", ends: "says what is not due",
			do: func(t *testing.T, s *siege) { s.again(t); state(s, s.xid); state(s, s.xid) }},
		{name: "Reconcile three times", ends: "nothing is to be reconciled",
			do: func(t *testing.T, s *siege) { s.again(t); state(s, s.xid); state(s); state(s) }},
		{name: "Reconcile late", ends: "before Reconcile",
			do: func(t *testing.T, s *siege) { s.again(t); s.call(s.xid, pingMethod, emptyArgs); state(s, s.xid) }},
		{name: "Reconcile never", do: func(t *testing.T, s *siege) {
			s.again(t)
			for range 11 {
				<-time.After(5 * time.Second)
				s.raw.send((&wire.Ping{}).Append(nil))
			}
			if s.node.Stats().Sessions != 2 {
				t.Error("the session ended early")
			}
			<-time.After(6 * time.Second)
			if n := s.node.Stats().Sessions; n != 1 {
				t.Errorf("%d sessions after the lease", n)
			}
		}},
		{name: "Reconcile of an old connection", ends: "Reconcile of connection 1",
			do: func(t *testing.T, s *siege) { s.again(t).number = 1; state(s, s.xid) }},
		{name: "Reconcile of foreign ids", do: func(t *testing.T, s *siege) {
			s.again(t)
			state(s, s.xid, s.hoard, 400, 401)
			var m wire.Broken
			if err := wire.ParseBroken(s.raw.receive(wire.TypeBroken), &m); err != nil || len(m.Entries) != 2 || m.Entries[0].XID != 400 {
				t.Errorf("%+v, %v", m, err)
			}
		}},
		{name: "Reconcile of a million foreign ids", ends: "states more than 65536 references", do: func(t *testing.T, s *siege) {
			s.again(t)
			for i := range uint64(1000) {
				m := wire.Reconcile{Conn: s.raw.number, More: true}
				for xid := range uint64(1000) {
					m.Held = append(m.Held, wire.Entry{XID: 400 + i*1000 + xid, N: 1})
				}
				s.raw.send(m.Append(nil))
			}
		}},
		{name: "Reconcile of more than was granted", ends: "it was given 1", do: func(t *testing.T, s *siege) {
			s.again(t).send((&wire.Reconcile{Conn: s.raw.number, Held: []wire.Entry{{XID: s.xid, N: 2}}}).Append(nil))
		}},
		{name: "Reconcile of no grants", ends: "stated with no grants", do: func(t *testing.T, s *siege) {
			s.again(t).send((&wire.Reconcile{Conn: s.raw.number, Held: []wire.Entry{{XID: s.xid}}}).Append(nil))
		}},
		{name: "Reconcile in no order", ends: "is stated after",
			do: func(t *testing.T, s *siege) { s.again(t); state(s, s.hoard, s.xid) }},
		{name: "Reconcile of calls in no order", ends: "ascending", do: func(t *testing.T, s *siege) {
			s.again(t).send((&wire.Reconcile{Conn: s.raw.number, Calls: []uint64{9, 8}}).Append(nil))
		}},
		{name: "Reconcile with word on calls at once", ends: "not due", do: func(t *testing.T, s *siege) {
			s.again(t).send((&wire.Reconcile{Conn: s.raw.number, Have: []uint64{1}}).Append(nil))
		}},
		{name: "Reconcile of calls that were not made", ends: "more than 0 calls", do: func(t *testing.T, s *siege) {
			s.again(t)
			state(s)
			s.raw.send((&wire.Reconcile{Conn: s.raw.number, Have: []uint64{77}}).Append(nil))
		}},
		{name: "a call number that was used before the break", ends: "was used before", do: func(t *testing.T, s *siege) {
			s.again(t)
			state(s, s.xid)
			state(s)
			s.raw.sendCall(&wire.Call{ID: 1, Method: pingMethod}, emptyArgs)
		}},
		{name: "a stale connection number", do: func(t *testing.T, s *siege) {
			for range 3 {
				s.hello.Conn = 1
				last := s.raw.number
				if s.again(t); s.raw.number <= last {
					t.Errorf("connection %d follows %d", s.raw.number, last)
				}
				state(s, s.xid, s.hoard)
			}
		}},
		{name: "the last connection number", do: func(t *testing.T, s *siege) {
			s.hello.Conn = most
			s.again(t)
			state(s, s.xid)
			s.lose()
			for range 3 {
				s.knock(t) // there is no next one
			}
		}},
		{name: "1,000 reconnects in a second", do: func(t *testing.T, s *siege) { s.storm(t, 121) }},
		{name: "1,000 reconnects in a second, with many references", do: func(t *testing.T, s *siege) {
			for i := range uint64(64) {
				s.give(1+i*1024, 1024)
			}
			synctest.Wait()
			s.storm(t, 60)
		}, most: 32 << 20},
		{name: "1,000 new sessions in a second", do: manySessions, most: 16 << 20,
			config: func(c *objects.Config) { c.Limits.Sessions = 100 }},
	})
}

// storm reconnects a thousand times in a second; the session may be resumed resumed
// times at most. The others are refused, with the reason, and few of them in the log.
func (s *siege) storm(t *testing.T, resumed int) {
	t.Helper()
	s.lose()
	answers := map[wire.HelloStatus]int{}
	for range 1000 {
		ack, err := s.knock(t, s.held()...)
		if err != nil || ack.Status == wire.StatusRefused && ack.Text != "this session is resumed too often; wait" {
			t.Fatalf("%+v, %v", ack, err)
		}
		answers[ack.Status]++
		<-time.After(time.Millisecond)
	}
	if n := answers[wire.StatusResumed]; n == 0 || n > resumed || answers[wire.StatusRefused] != 1000-n {
		t.Errorf("the answers are %v, at most %d resumptions are allowed", answers, resumed)
	}
	if lines := s.log.count("connection refused"); lines == 0 || lines > 25 {
		t.Errorf("%d lines in the log", lines)
	}
	t.Logf("answers %v", answers)
	<-time.After(10 * time.Second) // an honest peer comes back in the end
	s.again(t)
}

// manySessions connects as a new peer again and again. There are no more leases than
// the node allows, and that of an honest peer from elsewhere is not among those that
// end early.
func manySessions(t *testing.T, s *siege) {
	for range 1000 {
		s.hello.Incarnation = uuid.New()
		if ack, err := s.knock(t); err != nil || ack.Status != wire.StatusNew {
			t.Fatalf("%+v, %v", ack, err)
		}
		<-time.After(time.Millisecond)
	}
	if n := s.node.Stats().Leases; n > 100 {
		t.Errorf("%d leases", n)
	}
}
