package objects_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/transport"
)

// limited is a pair whose nodes have the limits given, and the server's log.
func limited(t *testing.T, url string, l objects.Limits) (*pair, *logBuffer) {
	t.Helper()
	log, logger := newLog()
	return newPairAt(t, objects.Config{Logger: logger, Limits: l}, url), log
}

func TestExportsOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, log := limited(t, "pipe://server", objects.Limits{Exports: 20})
		var held []sample.Thing
		for {
			made, err := p.remote.Make(t.Context())
			if err != nil {
				if !errors.Is(err, objects.ErrLimit) || len(held) != 19 {
					t.Errorf("after %d and the root: %v", len(held), err)
				}
				break
			}
			if held = append(held, made); len(held) == 16 && log.has("Limits.Exports") {
				t.Error("warned too early")
			}
		}
		if !log.has("Limits.Exports") {
			t.Error("no warning at nine tenths")
		}
		objects.Release(held[0])
		synctest.Wait()
		released := func() bool { return p.local.made[0].unreferenced.Load() == 1 }
		collect(t, released)
		if _, err := p.remote.Make(t.Context()); err != nil {
			t.Errorf("after one was released: %v", err)
		}
		runtime.KeepAlive(held)
	})
}

// TestImportsOfASession grants a node more than it said it would hold.
func TestImportsOfASession(t *testing.T) {
	p, log := limited(t, "tcp://127.0.0.1:0", objects.Limits{Imports: 10})
	raw := dialRawPeer(t, p.server.Addrs()[0])
	for id := range uint64(20) {
		raw.sendCall(&wire.Call{ID: id + 1, Method: pingMethod,
			Caps: []wire.Cap{{Kind: wire.CapMine, XID: id + 1, Object: id + 1, Iface: "x"}}}, emptyArgs)
	}
	<-raw.ended
	log.await(t, "more than 10 references")
}

func TestCancelledCallsOfASession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := limited(t, "pipe://server", objects.Limits{Cancelled: 2})
		p.local.started, p.local.block = make(chan struct{}, 2), make(chan struct{})
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-p.local.started; cancel() }()
			if err := p.remote.Wait(ctx); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		_, err := p.remote.Add(t.Context(), 1, 2)
		if !errors.Is(err, objects.ErrLimit) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("while two cancelled methods run on: %v (%v)", err, objects.OutcomeOf(err))
		}
		close(p.local.block)
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
			t.Errorf("after they returned: %v", err)
		}
	})
}

func TestSessionsOfANode(t *testing.T) {
	p, _ := limited(t, "tcp://127.0.0.1:0", objects.Limits{Sessions: 1})
	another := objects.NewNode(&quiet)
	defer another.Close()
	_, err := objects.Ping(t.Context(), another, p.server.Addrs()[0])
	if !errors.Is(err, objects.ErrRefused) || !strings.Contains(err.Error(), "its limit of 1 sessions") {
		t.Errorf("a second peer: %v", err)
	}
	if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
		t.Errorf("the first: %v", err)
	}
}

func TestSessionsOfAKey(t *testing.T) {
	config := objects.Config{Logger: quiet.Logger, TLS: selfSigned(t), Limits: objects.Limits{SessionsPerKey: 1}}
	p := newPairAt(t, config, "tls://127.0.0.1:0")
	another := objects.NewNode(&config)
	defer another.Close()
	_, err := objects.Ping(t.Context(), another, p.server.Addrs()[0])
	if !errors.Is(err, objects.ErrRefused) || !strings.Contains(err.Error(), "key has its limit of 1 sessions") {
		t.Errorf("a second session of the key: %v", err)
	}
}

// TestLeasesOfANode has more peers lost than the node may have sessions: the first
// one's references go before its lease is over.
func TestLeasesOfANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := transport.NewPipeNet()
		log, logger := newLog()
		node, err := objects.Listen(t.Context(), "pipe://server", &objects.Config{PipeNet: pipes, Logger: logger, Limits: objects.Limits{Sessions: 2}})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		local := &thing{}
		if err := objects.Publish[sample.Thing](node, "thing", local); err != nil {
			t.Fatal(err)
		}
		for lost, want := range []int{1, 2, 2} {
			raw := dialRawPeerOn(t, pipes, "pipe://server")
			raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("thing")}, Method: thingMethod("Make")}, []byte{0x80})
			raw.answer()
			raw.conn.Abort(nil)
			synctest.Wait()
			if n := node.Stats().Leases; n != want {
				t.Errorf("%d leases after %d peers were lost, want %d", n, lost+1, want)
			}
			<-time.After(5 * time.Second) // the next one's lease is younger
		}
		if local.made[0].unreferenced.Load() != 1 || local.made[1].unreferenced.Load() != 0 || !log.has("before its lease is over") {
			t.Errorf("not the oldest lease ended, or not with a line in the log:\n%v", log)
		}
	})
}

// TestHalfOpenHandshakes opens connections that say nothing: one too many is
// closed at once, and when they are gone the next client is served.
func TestHalfOpenHandshakes(t *testing.T) {
	p, _ := limited(t, "tcp://127.0.0.1:0", objects.Limits{HalfOpen: 2})
	url := p.server.Addrs()[0]
	silent := []net.Conn{dialRaw(t, url), dialRaw(t, url)}
	if _, err := dialRaw(t, url).Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the third connection: %v", err)
	}
	for _, conn := range silent {
		conn.Close()
	}
	client := objects.NewNode(&quiet)
	defer client.Close()
	for { // until the node has noticed
		if _, err := objects.Ping(t.Context(), client, url); err == nil {
			break
		} else if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

// TestBudgetOfANode shares the node's budget between two sessions: what one has
// taken is refused to the other, whose session goes on.
func TestBudgetOfANode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := limited(t, "pipe://server", objects.Limits{MessageSize: 1 << 20, NodeBudget: 1 << 20})
		entered, leave := make(chan struct{}), make(chan struct{})
		p.local.takes = func() { entered <- struct{}{}; <-leave }
		first := make(chan error, 1)
		go func() {
			_, err := p.remote.Bytes(t.Context(), make([]byte, 400<<10))
			first <- err
		}()
		<-entered
		third := p.kit.Node()
		other, err := objects.Open[sample.Thing](t.Context(), third, p.server.Addrs()[0], "thing")
		if err != nil {
			t.Fatal(err)
		}
		_, err = other.Bytes(t.Context(), make([]byte, 400<<10))
		if !errors.Is(err, objects.ErrLimit) || objects.OutcomeOf(err) != objects.FailedThere || !strings.Contains(err.Error(), "NodeBudget") {
			t.Errorf("the second session: %v (%v)", err, objects.OutcomeOf(err))
		}
		if _, err := other.Add(t.Context(), 1, 2); err != nil {
			t.Errorf("a small call of the second session: %v", err)
		}
		close(leave)
		if err := <-first; err != nil {
			t.Error(err)
		}
	})
}

// TestSessionsInTheMakingCount lets two peers shake hands at once, where there is
// room for one.
func TestSessionsInTheMakingCount(t *testing.T) {
	p := objtest.NewConfig(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Sessions: 1}}).NodeAt("tcp://127.0.0.1:0")
	var status []wire.HelloStatus
	for range 2 {
		conn := dialRaw(t, p.Addrs()[0])
		conn.Write(helloBytes())
		var ack wire.HelloAck
		if err := wire.ReadHelloAck(conn, &ack); err != nil {
			t.Fatal(err)
		}
		status = append(status, ack.Status)
	}
	if !slices.Equal(status, []wire.HelloStatus{wire.StatusNew, wire.StatusRefused}) {
		t.Errorf("the peers were answered %v", status)
	}
}
