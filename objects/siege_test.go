package objects_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

// siege is a node that serves an honest peer while a hostile one attacks it.
type siege struct {
	node   *objects.Node
	client *objects.Node // the honest peer
	local  *thing
	keeper *hoard
	log    *logBuffer
	pipes  *transport.PipeNet

	hello wire.Hello // of the hostile peer
	raw   *rawPeer   // its connection, the latest
	xid   uint64     // by which it knows the object "thing"
	hoard uint64     // by which it knows one that keeps what it is given
	calls uint64     // number of its last call

	honest sample.Thing // an object of the node that the honest peer holds
}

// attack is one way to be hostile. In the end the honest peer must not have noticed,
// and nothing must be left of the other.
type attack struct {
	name   string
	do     func(t *testing.T, s *siege)
	ends   string // what the log says of the session that was closed; empty: it goes on
	most   uint64 // bytes that the heap may grow by meanwhile; zero means 4 MiB
	config func(*objects.Config)
}

// besiege runs attacks, each against a node of its own.
func besiege(t *testing.T, attacks []attack) {
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { a.run(t) })
		})
	}
}

func (a *attack) run(t *testing.T) {
	var config objects.Config
	if a.config != nil {
		a.config(&config)
	}
	s := newSiege(t, config)
	before := heapInUse()
	stop := s.callOn(t)
	a.do(t, s)
	synctest.Wait()
	grown := int64(heapInUse() - before)
	if most := int64(max(a.most, 4<<20)); grown > most {
		t.Errorf("the heap has grown by %d bytes, at most %d are allowed", grown, most)
	}
	t.Logf("heap %+d bytes", grown)
	if a.ends == "" != !s.log.has("peer broke the protocol") || !s.log.has(a.ends) {
		t.Errorf("the log should say %q:\n%v", a.ends, s.log)
	}
	s.leave()
	stop()
	synctest.Wait()
	s.end(t)
}

// newSiege has both peers connect to a node.
func newSiege(t *testing.T, config objects.Config) *siege {
	t.Helper()
	log, logger := newLog()
	s := &siege{local: &thing{}, keeper: &hoard{}, log: log, pipes: transport.NewPipeNet(), hello: rawHello()}
	config.PipeNet, config.Logger, config.LocalCallsOnWire = s.pipes, logger, true
	s.node = listenWith(t, &config, s.local, s.keeper)
	s.client = objects.NewNode(&objects.Config{PipeNet: s.pipes, Logger: logger, LocalCallsOnWire: true})
	root, err := objects.Open[sample.Thing](t.Context(), s.client, "pipe://server", "thing")
	if err == nil {
		s.honest, err = root.Make(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	s.join(t)
	synctest.Wait()
	return s
}

// listenWith returns a node at pipe://server that publishes a thing and a hoard.
func listenWith(t *testing.T, config *objects.Config, local, keeper sample.Thing) *objects.Node {
	t.Helper()
	node, err := objects.Listen(t.Context(), "pipe://server", config)
	if err == nil {
		err = errors.Join(objects.Publish(node, "thing", local), objects.Publish(node, "hoard", keeper))
	}
	if err != nil {
		t.Fatal(err)
	}
	return node
}

// leave has the hostile peer go, and waits until its lease is over.
func (s *siege) leave() {
	s.raw.conn.Abort(nil)
	<-time.After(2 * time.Minute)
	synctest.Wait()
}

// end expects that nothing is left of the hostile peer, and when the nodes are closed
// of nobody.
func (s *siege) end(t *testing.T) {
	t.Helper()
	honest := objects.Stats{Sessions: 1, Exports: 3} // what is published, and what the honest peer holds
	if left := s.node.Stats(); left != honest {
		t.Errorf("left behind: %+v", left)
	}
	if s.local.made[0].unreferenced.Load() != 0 {
		t.Error("the honest peer's object was reclaimed")
	}
	if err := errors.Join(s.client.Close(), s.node.Close()); err != nil || s.node.Stats() != (objects.Stats{}) {
		t.Errorf("closing: %v; left: %+v", err, s.node.Stats())
	}
}

// callOn has the honest peer make calls until stop, all of which must succeed at once.
func (s *siege) callOn(t *testing.T) (stop func()) {
	var caller sync.WaitGroup
	over := make(chan struct{})
	caller.Go(func() {
		for n := int64(0); ; n++ {
			begun := time.Now()
			sum, err := s.honest.Add(t.Context(), n, 1)
			if took := time.Since(begun); err != nil || sum != n+1 || took > time.Second {
				t.Errorf("the honest peer's call %d: %d, %v after %v", n, sum, err, took)
			}
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() {
		close(over)
		caller.Wait()
	}
}

// join connects the hostile peer for the first time.
func (s *siege) join(t *testing.T) {
	t.Helper()
	s.raw, _ = greetRaw(t, s.pipes, "pipe://server", &s.hello)
	s.xid, s.hoard = s.raw.open("thing"), s.raw.open("hoard")
	s.calls = 10_000
}

// lose breaks the hostile peer's connection.
func (s *siege) lose() {
	s.raw.conn.Abort(nil)
	synctest.Wait()
}

// again breaks the connection and resumes the session.
func (s *siege) again(t *testing.T) *rawPeer {
	t.Helper()
	s.lose()
	raw, status := greetRaw(t, s.pipes, "pipe://server", &s.hello)
	if status != wire.StatusResumed {
		t.Fatalf("the node says %v", status)
	}
	synctest.Wait()
	s.raw = raw
	return raw
}

// held is what the hostile peer holds.
func (s *siege) held() []wire.Entry { return []wire.Entry{{XID: s.xid, N: 1}, {XID: s.hoard, N: 1}} }

// call sends a call, whose answer nobody waits for, and returns its number.
func (s *siege) call(xid, method uint64, args []byte, caps ...wire.Cap) uint64 {
	s.calls++
	s.raw.sendCall(&wire.Call{ID: s.calls, Target: wire.Target{XID: xid}, Method: method, Caps: caps}, args)
	return s.calls
}

// refused expects code in answer to a call.
func (s *siege) refused(t *testing.T, want objects.Code, id uint64) {
	t.Helper()
	for {
		m := s.raw.answer()
		if m.ID != id {
			continue
		}
		if m.Status != wire.StatusFault || faultCode(m) != want {
			t.Errorf("call %d is answered with status %v, code %v", id, m.Status, faultCode(m))
		}
		return
	}
}

// make has the node make an object, and returns its number.
func (s *siege) make(t *testing.T) uint64 {
	t.Helper()
	id := s.call(s.xid, thingMethod("Make"), emptyArgs)
	for {
		if m := s.raw.answer(); m.ID == id {
			s.raw.send((&wire.Ack{IDs: []uint64{id}}).Append(nil)) // else the node keeps it for the answer's sake
			return m.Caps[0].XID
		}
	}
}

const thingIface = "github.com/netobj/netobj/objects/internal/sample.Thing"

// give passes n objects of the hostile peer to the node, which keeps them; the first is
// numbered from, and the others count up.
func (s *siege) give(from, n uint64) { s.giveApart(from, n, 1) }

// giveApart is give with numbers that are step apart.
func (s *siege) giveApart(from, n, step uint64) {
	args := marshal.AppendArray(marshal.AppendString(marshal.AppendMap(marshal.AppendArray(nil, 1), 1), ""), int(n))
	caps := make([]wire.Cap, n)
	for i := range n {
		caps[i] = wire.Cap{Kind: wire.CapMine, XID: from + i*step, Object: from + i*step, Iface: thingIface}
		args = marshal.AppendUint(args, i)
	}
	s.call(s.hoard, thingMethod("SameMany"), args, caps...)
}

// knock connects the hostile peer once more, states what it holds if it may, and goes
// away.
func (s *siege) knock(t *testing.T, held ...wire.Entry) (wire.HelloAck, error) {
	t.Helper()
	link, err := transport.Dial(t.Context(), "pipe://server", &transport.Config{PipeNet: s.pipes})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	var ack wire.HelloAck
	if err := errors.Join(wire.WriteHello(link, &s.hello), wire.ReadHelloAck(link, &ack)); err != nil || ack.Status > wire.StatusResumed {
		return ack, err
	}
	if err := wire.WriteGo(link, wire.GoStart); err != nil {
		return ack, err
	}
	conn, err := link.Open(transport.Dialer, &transport.Config{PipeNet: s.pipes})
	if err != nil {
		t.Fatal(err)
	}
	if ack.Status == wire.StatusResumed {
		conn.Send(t.Context(), (&wire.Reconcile{Conn: ack.Conn, Held: held}).Append(nil), nil)
	}
	synctest.Wait()
	conn.Abort(nil)
	synctest.Wait()
	return ack, nil
}

// most is the highest number there is.
const most = math.MaxUint64
