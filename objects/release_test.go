package objects_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

// collect runs the garbage collector until done reports true. The cleanups that
// it waits for run on a goroutine of the Go runtime; releases are then sent
// within Config.ReleaseDelay, of which every turn lets one pass on the fake
// clock.
func collect(t *testing.T, done func() bool) {
	t.Helper()
	for range 200 {
		runtime.GC()
		tick := time.NewTimer(time.Second)
		<-tick.C
		synctest.Wait()
		if done() {
			return
		}
	}
	t.Fatal("nothing was collected")
}

// await lets a second pass, in which what is due is given back.
func await(t *testing.T) {
	t.Helper()
	<-time.After(time.Second)
	synctest.Wait()
}

func TestDroppedProxyIsReleasedAndTheOwnerNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := p.local.made[0]
		if _, err := made.Add(t.Context(), 1, 2); err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(made)
		made = nil
		collect(t, func() bool { return owned.unreferenced.Load() == 1 })
	})
}

func TestReleaseIsAtOnceAndIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		alive := objects.Alive(made)
		objects.Release(made)
		objects.Release(made)
		objects.Release(nil)
		objects.Release(p.local)
		if err := context.Cause(alive); !errors.Is(err, objects.ErrReleased) {
			t.Errorf("Alive ended with %v", err)
		}
		if _, err := made.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrReleased) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("call after Release: %v", err)
		}
		if _, err := p.remote.Same(t.Context(), made); !errors.Is(err, objects.ErrReleased) {
			t.Errorf("passing after Release: %v", err)
		}
		<-time.After(time.Second)
		synctest.Wait()
		if n := p.local.made[0].unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

func TestReceiptAfterReleaseIsANewProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		url := p.server.Addrs()[0]
		objects.Release(p.remote)
		again, err := objects.Open[sample.Thing](t.Context(), p.client, url, "thing")
		if err != nil || again == p.remote {
			t.Fatalf("receipt after release: %v, the old proxy: %v", err, again == p.remote)
		}
		if _, err := again.Add(t.Context(), 1, 2); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReleaseUnderARunningCallLetsItFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{})
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := p.local.made[0]
		owned.started = make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- made.Wait(ctx) }()
		<-owned.started
		objects.Release(made)
		<-time.After(time.Minute)
		synctest.Wait()
		if owned.unreferenced.Load() != 0 {
			t.Error("reclaimed under a running method")
		}
		cancel()
		<-done
		synctest.Wait()
		if owned.unreferenced.Load() != 1 {
			t.Error("not reclaimed after the method returned")
		}
	})
}

func TestSessionEndFreesEverythingAfterTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Lease: time.Minute})
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := p.local.made[0]
		alive := objects.Alive(made)
		p.kit.Part(p.server)
		<-time.After(50 * time.Second)
		synctest.Wait()
		if owned.unreferenced.Load() != 0 || alive.Err() != nil {
			t.Error("reclaimed, or broken, before the lease was over")
		}
		<-time.After(15 * time.Second)
		synctest.Wait()
		if _, err := made.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrUnreachable) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("call after the lease: %v", err)
		}
		if err := context.Cause(alive); !errors.Is(err, objects.ErrUnreachable) {
			t.Errorf("Alive ended with %v", err)
		}
		if owned.unreferenced.Load() != 1 {
			t.Error("not reclaimed after the lease")
		}
	})
}

func TestGoodbyeFreesEverythingAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		if _, err := p.remote.Make(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := p.client.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := p.local.made[0].unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

func TestOwnerThatClosesIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		alive := objects.Alive(p.remote)
		p.server.Close()
		synctest.Wait()
		if err := context.Cause(alive); !errors.Is(err, objects.ErrGone) {
			t.Errorf("Alive ended with %v", err)
		}
		if _, err := p.remote.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("call: %v", err)
		}
	})
}

func TestDisownedObjectIsGoneForItsHolders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned, alive := p.local.made[0], objects.Alive(made)
		objects.Disown(p.server, owned, errors.New("it was sold"))
		synctest.Wait()
		if err := context.Cause(alive); !errors.Is(err, objects.ErrGone) || !strings.Contains(err.Error(), "it was sold") {
			t.Errorf("Alive ended with %v", err)
		}
		if _, err := made.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("call: %v", err)
		}
		if objects.Alive(p.remote).Err() != nil {
			t.Error("other references broke, too")
		}
		objects.Disown(p.server, &thing{}, nil) // never passed
	})
}

func TestForwarderServesAThirdNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forwarding)
		third := p.kit.Node()
		// The client, in the middle, offers the server's object as its own root.
		if err := objects.Publish(p.client, "passed on", p.remote); err != nil {
			t.Fatal(err)
		}
		far, err := objects.Open[sample.Thing](t.Context(), third, p.client.Addrs()[0], "passed on")
		if err != nil {
			t.Fatal(err)
		}
		mine := &thing{name: "of the third"}
		if back, err := far.Same(t.Context(), mine); err != nil || back != sample.Thing(mine) {
			t.Errorf("Same through a forwarder = %v, %v", back, err)
		}
		if n, err := far.Nest(t.Context(), mine, 10); n != 10 || err != nil {
			t.Errorf("Nest through a forwarder = %d, %v", n, err)
		}
		if n, err := far.Fail(t.Context(), "sentinel"); n != 7 || err != sample.ErrEmpty {
			t.Errorf("Fail through a forwarder = %d, %v", n, err)
		}
		if named, err := objects.As[sample.Named](t.Context(), far); err != nil {
			t.Errorf("As through a forwarder: %v", err)
		} else if name, err := named.Name(t.Context()); name != "root" || err != nil {
			t.Errorf("Name through a forwarder = %q, %v", name, err)
		}
		alive := objects.Alive(far)
		p.server.Close()
		synctest.Wait()
		if err := context.Cause(alive); !errors.Is(err, objects.ErrGone) {
			t.Errorf("the third node learns of the owner's end: %v", err)
		}
	})
}

func TestSilentPeerIsNoticedWithin25Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, brittle)
		begun := time.Now()
		alive := objects.Alive(p.remote)
		p.kit.Freeze(p.server)
		<-alive.Done()
		if silence := time.Since(begun); silence > 25*time.Second {
			t.Errorf("noticed after %v", silence)
		}
		if err := context.Cause(alive); !errors.Is(err, objects.ErrUnreachable) {
			t.Errorf("cause: %v", err)
		}
		runtime.KeepAlive(p.remote) // else the garbage collector may end it first
	})
}

// TestABodyOnItsWayIsASignOfLife has a peer that answers no ping, because a large
// body keeps its connection busy.
func TestABodyOnItsWayIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := objects.Config{Logger: quiet.Logger, PipeNet: transport.NewPipeNet(), Lease: time.Second}
		server, err := objects.Listen(t.Context(), "pipe://server", &config)
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		raw := dialRawPeerOn(t, config.PipeNet, "pipe://server")
		const bodies = 60
		for i := range uint64(bodies) { // all are announced; then the lane is silent
			body := wire.Body{Bulk: true, BulkID: i, Size: uint64(len(emptyArgs))}
			raw.send((&wire.Call{ID: i + 1, Method: pingMethod, Body: body}).AppendHead(nil, 0))
		}
		for i := range uint64(bodies) {
			raw.conn.SendBody(t.Context(), i, emptyArgs)
			<-time.After(5 * time.Second)
		}
		if n := server.Stats().Sessions; n != 1 {
			t.Errorf("%d sessions while bodies come", n)
		}
		<-time.After(25 * time.Second)
		synctest.Wait()
		if n := server.Stats().Sessions; n != 0 {
			t.Errorf("%d sessions after 25 s of silence", n)
		}
	})
}
