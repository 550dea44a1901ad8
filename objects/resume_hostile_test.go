package objects_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

// lostRaw is a node with a session that has lost its connection: its peer held the
// object "thing" as xid.
type lostRaw struct {
	node  *objects.Node
	local *thing
	log   *logBuffer
	pipes *transport.PipeNet
	hello wire.Hello
	xid   uint64
}

// withLostRaw runs a test in a bubble; at its end the node must hold nothing.
func withLostRaw(t *testing.T, test func(t *testing.T, l *lostRaw)) {
	synctest.Test(t, func(t *testing.T) {
		log, logger := newLog()
		l := &lostRaw{local: &thing{}, log: log, pipes: transport.NewPipeNet(), hello: rawHello()}
		var err error
		l.node, err = objects.Listen(t.Context(), "pipe://server", &objects.Config{PipeNet: l.pipes, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Publish[sample.Thing](l.node, "thing", l.local); err != nil {
			t.Fatal(err)
		}
		first, _ := greetRaw(t, l.pipes, "pipe://server", &l.hello)
		l.xid = first.open("thing")
		first.conn.Abort(nil)
		synctest.Wait()
		test(t, l)
		if err := l.node.Close(); err != nil || l.node.Stats() != (objects.Stats{}) {
			t.Errorf("closing: %v; left: %+v", err, l.node.Stats())
		}
	})
}

// again connects the peer once more.
func (l *lostRaw) again(t *testing.T) *rawPeer {
	t.Helper()
	raw, status := greetRaw(t, l.pipes, "pipe://server", &l.hello)
	if status != wire.StatusResumed {
		t.Fatalf("the node says %v", status)
	}
	return raw
}

// state says what the peer holds, in one message.
func (p *rawPeer) state(held ...wire.Entry) {
	p.send((&wire.Reconcile{Conn: p.number, Held: held}).Append(nil))
}

// TestResumeOfARawPeer says what a correct peer says.
func TestResumeOfARawPeer(t *testing.T) {
	withLostRaw(t, func(t *testing.T, l *lostRaw) {
		raw := l.again(t)
		raw.state(wire.Entry{XID: l.xid, N: 1})
		raw.send((&wire.Reconcile{Conn: raw.number}).Append(nil)) // none of the node's calls
		for range 2 {
			var m wire.Reconcile
			if err := wire.ParseReconcile(raw.receive(wire.TypeReconcile), &m); err != nil || m.Conn != 2 || m.More || len(m.Held)+len(m.Calls)+len(m.Have) > 0 {
				t.Errorf("%+v, %v", m, err)
			}
		}
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: l.xid}, Method: thingMethod("Deadline")}, emptyArgs)
		if m := raw.answer(); m.Status != wire.StatusOK {
			t.Errorf("%+v", m)
		}
	})
}

// TestWhatThePeerDoesNotHoldIsReclaimed.
func TestWhatThePeerDoesNotHoldIsReclaimed(t *testing.T) {
	withLostRaw(t, func(t *testing.T, l *lostRaw) {
		raw := l.again(t)
		raw.state()
		raw.state()
		synctest.Wait()
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: l.xid}, Method: thingMethod("Name")}, emptyArgs)
		if m := raw.answer(); faultCode(m) != objects.CodeNoSuchObject {
			t.Errorf("%+v", m)
		}
	})
}

// TestR4VoidReferencesAreNotGivenBack: the owner says that the node does not hold what
// it holds. Its grants count for nothing; to return them would break the protocol.
func TestR4VoidReferencesAreNotGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiege(t, objects.Config{})
		s.give(1, 2)
		s.raw.answer()
		s.raw.send((&wire.Broken{Entries: []wire.BrokenEntry{{XID: 1, Reason: uint64(objects.CodeNoSuchObject), Text: "void"}}}).Append(nil))
		synctest.Wait()
		if _, err := s.keeper.kept[0].Deadline(t.Context()); !errors.Is(err, objects.ErrNoSuchObject) || !strings.Contains(err.Error(), "void") {
			t.Errorf("a call on it: %v", err)
		}
		s.keeper.drop()
		var m wire.Release
		if err := wire.ParseRelease(s.raw.receive(wire.TypeRelease), &m); err != nil || !slices.Equal(m.Entries, []wire.Entry{{XID: 2, N: 1}}) {
			t.Errorf("given back are %v, %v", m.Entries, err)
		}
		s.leave()
		s.end(t)
	})
}

// TestConnectionNumbersGrow: the peer learns of a higher number than it had, and one
// that asks for a number gets that or a higher one.
func TestConnectionNumbersGrow(t *testing.T) {
	withLostRaw(t, func(t *testing.T, l *lostRaw) {
		var last uint64 = 1
		for _, asked := range []uint64{0, 2, 10, 1, 0} {
			l.hello.Conn = asked
			raw := l.again(t)
			if raw.number <= last || raw.number < asked {
				t.Errorf("asked for %d after %d, got %d", asked, last, raw.number)
			}
			last = raw.number
			synctest.Wait() // it has this side's word
			raw.conn.Abort(nil)
			synctest.Wait()
		}
	})
}

// TestAStolenIncarnation: whoever names the incarnation of a peer needs its key to go on
// with its session, be it up or down.
func TestAStolenIncarnation(t *testing.T) {
	known, stolen := selfSigned(t), selfSigned(t)
	trust(t, known, stolen)
	trust(t, stolen, known)
	config := objects.Config{Logger: quiet.Logger, TLS: known}
	p := newPairAt(t, config, "tls://127.0.0.1:0")
	b := newBreaker(t, p.server.Addrs()[0])
	client := objects.NewNode(&config)
	far, err := objects.Open[sample.Thing](t.Context(), client, "tls://"+b.Addr().String(), "thing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	steal := func(when string, first wire.HelloStatus) {
		t.Helper()
		link, err := transport.Dial(t.Context(), p.server.Addrs()[0], &transport.Config{TLS: stolen})
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		hello := rawHello()
		hello.Incarnation = client.Incarnation()
		var ack wire.HelloAck
		err = errors.Join(wire.WriteHello(link, &hello), wire.ReadHelloAck(link, &ack))
		if err != nil || ack.Status != first {
			t.Fatalf("%s: %v, %v", when, ack.Status, err)
		}
		if first == wire.StatusDuplicate {
			err = errors.Join(wire.WriteGo(link, wire.GoResume), wire.ReadHelloAck(link, &ack))
		}
		if err != nil || ack.Status != wire.StatusRefused || !strings.Contains(ack.Text, "another key") {
			t.Errorf("%s: %v, %s, %v", when, ack.Status, ack.Text, err)
		}
	}
	steal("up", wire.StatusDuplicate)
	b.Close()
	b.cut()
	for p.server.Stats().Leases == 0 {
		runtime.Gosched()
	}
	steal("down", wire.StatusRefused)
	b.tasks.Wait()
	if err := client.Close(); err != nil || client.Stats() != (objects.Stats{}) {
		t.Errorf("closing: %v, %+v", err, client.Stats())
	}
}

// trust has a accept the key of b.
func trust(t *testing.T, a, b *tls.Config) {
	t.Helper()
	cert, err := x509.ParseCertificate(b.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	a.RootCAs.AddCert(cert)
}
