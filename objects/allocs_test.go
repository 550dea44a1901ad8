//go:build !race

// The race detector allocates, and makes sync.Pool forget at random.

package objects

import (
	"context"
	"runtime/debug"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/transport"
)

// The number of allocations that each kind of call takes, on either side of a
// connection, is pinned here; TestAllocsOfACall has both sides and a real
// connection. A change that saves one lowers its number; one that raises a number
// has a reason to give.

// pinAllocs compares the allocations of a run, in the whole process, with their
// number.
func pinAllocs(t *testing.T, pinned float64, run func()) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties pools
	for range 100 {
		run()
	}
	if n := testing.AllocsPerRun(1000, run); n > pinned {
		t.Errorf("%v allocations, pinned are %v", n, pinned)
	}
}

// wireless is a connection whose other end is the test.
type wireless struct {
	transport.Link
	sent func(msg []byte) // takes what the node sends; the message is lent
	msg  []byte
}

func (w *wireless) SetDeadline(time.Time) error { return nil }

func (w *wireless) Open(transport.Role, *transport.Config) (transport.Conn, error) {
	return wirelessConn{w: w}, nil
}

type wirelessConn struct {
	transport.Conn
	w *wireless
}

func (c wirelessConn) Close() error { return nil }

func (c wirelessConn) Send(_ context.Context, head, body []byte) error {
	return c.TrySend(head, body, false)
}

func (c wirelessConn) Flush() {}

func (c wirelessConn) Queue(_ context.Context, head, body []byte) error {
	return c.TrySend(head, body, false)
}

func (c wirelessConn) TrySend(head, body []byte, _ bool) error {
	c.w.msg = append(append(c.w.msg[:0], head...), body...)
	c.w.sent(c.w.msg)
	return nil
}

// newWireless returns a session of a new node.
func newWireless(t *testing.T) (*session, *wireless) {
	t.Helper()
	w := &wireless{sent: func([]byte) {}}
	n := NewNode(nil)
	on, err := n.open(w, transport.Dialer, peer{incarnation: uuid.New(), lease: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s := on.s
	t.Cleanup(func() {
		w.sent = func([]byte) {}
		s.finish(nil)
		if err := n.Close(); err != nil || n.Stats() != (Stats{}) {
			t.Errorf("closing: %v; left: %+v", err, n.Stats())
		}
	})
	return s, w
}

const thingIface = "github.com/netobj/netobj/objects/internal/sample.Thing"

// array is the encoding of a list of arguments or results.
func array(values ...func(e *marshal.Encoder)) []byte {
	var e marshal.Encoder
	e.Reset(nil)
	e.Array(len(values))
	for _, v := range values {
		v(&e)
	}
	return e.Data()
}

func integer(n int64) func(*marshal.Encoder) { return func(e *marshal.Encoder) { e.Int(n) } }
func firstReference(e *marshal.Encoder)      { e.Ref(thingIface, thingIface) }
func mine(xid uint64) []wire.Cap {
	return []wire.Cap{{Kind: wire.CapMine, XID: xid, Object: xid, Iface: thingIface}}
}
func echoed(call *wire.Call) ([]wire.Cap, []byte) { return nil, call.Body.Inline }

// TestAllocsOfACaller counts what a call takes at the node that makes it. Its peer
// answers at once, and allocates nothing.
func TestAllocsOfACaller(t *testing.T) {
	s, w := newWireless(t)
	receive := func(xid uint64) sample.Thing {
		ref, err := s.imports.receive(lifetime.FirstConn, &mine(xid)[0], surfacing)
		if err != nil {
			t.Fatal(err)
		}
		return sample.NewThingProxy(ref)
	}
	thing, known := receive(1), receive(2)
	knownCap, freshCap := mine(2), mine(100)
	five, reference := array(integer(5)), array(firstReference)

	call := wire.Call{Names: new(wire.Names)}
	var msg []byte
	answer := func(f func(call *wire.Call) ([]wire.Cap, []byte)) {
		w.sent = func(sent []byte) {
			if err := wire.ParseCall(sent, &call, 10); err != nil {
				t.Error(err)
			}
			caps, body := f(&call)
			m := wire.Return{ID: call.ID, Caps: caps}
			msg = append(m.AppendHead(msg[:0], len(body)), body...)
			s.conn.Load().Message(msg)
		}
	}
	ctx := t.Context()
	t.Run("add", func(t *testing.T) {
		answer(func(*wire.Call) ([]wire.Cap, []byte) { return nil, five })
		pinAllocs(t, 0, func() {
			if sum, err := thing.Add(ctx, 2, 3); sum != 5 || err != nil {
				t.Fatal(sum, err)
			}
		})
	})
	t.Run("echo", func(t *testing.T) {
		answer(echoed)
		item := sample.Item{ID: 1, Name: "cup", Price: 2.5}
		pinAllocs(t, 1, func() { // the name
			if got, err := thing.Echo(ctx, item); got != item || err != nil {
				t.Fatal(got, err)
			}
		})
	})
	t.Run("a known reference there and back", func(t *testing.T) {
		answer(func(call *wire.Call) ([]wire.Cap, []byte) { return knownCap, call.Body.Inline })
		pinAllocs(t, 1, func() { // the reply's table
			if got, err := thing.Same(ctx, known); got != known || err != nil {
				t.Fatal(got, err)
			}
		})
	})
	t.Run("a new reference", func(t *testing.T) {
		answer(func(*wire.Call) ([]wire.Cap, []byte) {
			freshCap[0].XID++
			freshCap[0].Object++
			return freshCap, reference
		})
		// The reply's table; its Ref, its import, its entry and the weak pointer; two
		// of the cleanup.
		pinAllocs(t, 7, func() {
			if made, err := thing.Make(ctx); made == nil || err != nil {
				t.Fatal(made, err)
			}
		})
	})
}

// plain serves the sample interface, and allocates nothing but what it makes.
type plain struct {
	sample.Thing
	_ int64
}

func (*plain) Add(_ context.Context, a, b int64) (int64, error)                 { return a + b, nil }
func (*plain) Echo(_ context.Context, item sample.Item) (sample.Item, error)    { return item, nil }
func (*plain) Same(_ context.Context, thing sample.Thing) (sample.Thing, error) { return thing, nil }
func (*plain) Make(context.Context) (sample.Thing, error)                       { return new(plain), nil }

// TestAllocsOfACallee counts what a call takes at the node that serves it.
func TestAllocsOfACallee(t *testing.T) {
	s, w := newWireless(t)
	g, err := s.node.exports.grant(s.id, lifetime.FirstConn, new(plain))
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan wire.Status, 1)
	ret := wire.Return{Names: new(wire.Names)}
	w.sent = func(msg []byte) {
		if err := wire.ParseReturn(msg, &ret, 10); err != nil {
			t.Error(err)
		}
		answered <- ret.Status
	}
	var msg []byte
	var last uint64
	done := []uint64{0} // the answer before has come
	serve := func(method string, caps []wire.Cap, args []byte) func() {
		id := uint64(proxy.NewMethodID(thingIface, method))
		return func() {
			last++
			done[0] = last - 1
			m := wire.Call{ID: last, Done: done[:min(last-1, 1)], Target: wire.Target{XID: uint64(g.xid)}, Method: id, Caps: caps}
			msg = m.AppendTail(append(m.AppendHead(msg[:0], len(args)), args...))
			s.conn.Load().Message(msg)
			if status := <-answered; status != wire.StatusOK {
				t.Fatalf("%s: status %v", method, status)
			}
		}
	}
	yours := []wire.Cap{{Kind: wire.CapYours, XID: uint64(g.xid), Iface: thingIface}}
	item := array(func(e *marshal.Encoder) {
		e.Map(2)
		e.Key("ID")
		e.Int(1)
		e.Key("Name")
		e.String("cup")
	})
	// Each has one for its context.
	t.Run("add", func(t *testing.T) { pinAllocs(t, 1, serve("Add", nil, array(integer(2), integer(3)))) })
	t.Run("echo", func(t *testing.T) { pinAllocs(t, 2, serve("Echo", nil, item)) })                                                // the name
	t.Run("a known reference there and back", func(t *testing.T) { pinAllocs(t, 2, serve("Same", yours, array(firstReference))) }) // the call's table
	// The object, its export and its listing, and the value among the results.
	t.Run("a new object", func(t *testing.T) { pinAllocs(t, 4, serve("Make", nil, array())) })
}
