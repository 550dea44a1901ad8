package objects_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// resumed waits until the pair's session goes on.
func resumed(t *testing.T, p *pair) {
	t.Helper()
	if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
		t.Errorf("after the break: %v", err)
	}
	synctest.Wait()
}

// TestReferencesOutliveAConnection breaks the connection again and again: proxies of
// both sides go on working, none is told that it ended, and nothing is reclaimed.
func TestReferencesOutliveAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		alive := objects.Alive(made)
		back := &thing{name: "back"}
		for range 10 {
			p.kit.Cut(p.server)
			if n, err := p.remote.Nest(t.Context(), back, 4); n != 4 || err != nil {
				t.Errorf("Nest = %d, %v", n, err)
			}
			if _, err := made.Add(t.Context(), 1, 2); err != nil {
				t.Error(err)
			}
			if same, err := p.remote.Same(t.Context(), made); same != made || err != nil {
				t.Errorf("Same = %v, %v", same, err)
			}
		}
		if alive.Err() != nil || p.local.made[0].unreferenced.Load() != 0 {
			t.Errorf("the reference ended: %v", context.Cause(alive))
		}
		if n := p.server.Stats().Leases + p.client.Stats().Leases; n != 0 {
			t.Errorf("%d leases run", n)
		}
	})
}

// TestR2ReleasesHeal gives references back while there is no connection, and just
// before one breaks.
func TestR2ReleasesHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		var made [3]sample.Thing
		for i := range made {
			var err error
			if made[i], err = p.remote.Make(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.kit.Freeze(p.server)
		objects.Release(made[0])
		<-time.After(time.Second) // its Release is lost
		p.kit.Part(p.server)
		objects.Release(made[1])
		p.kit.Heal(p.server)
		resumed(t, p)
		for i, want := range []int64{1, 1, 0} {
			if n := p.local.made[i].unreferenced.Load(); n != want {
				t.Errorf("object %d was unreferenced %d times, want %d", i, n, want)
			}
		}
		if _, err := made[2].Add(t.Context(), 1, 2); err != nil {
			t.Error(err)
		}
	})
}

// TestR4LostGrantsHeal loses the answer that grants a reference, and is not kept: its
// object is reclaimed, for nobody holds it.
func TestR4LostGrantsHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forgetful)
		err := loseAnswer(p, func() error {
			_, err := p.remote.Make(t.Context())
			return err
		})
		if !errors.Is(err, objects.ErrOutcomeUnknown) {
			t.Errorf("the answer was lost: %v", err)
		}
		resumed(t, p)
		if len(p.local.made) != 1 || p.local.made[0].unreferenced.Load() != 1 || p.server.Stats().Exports != 1 {
			t.Errorf("%d were made, %+v", len(p.local.made), p.server.Stats())
		}
	})
}

// TestC2CallsThatWereNeverSeenAreSentAgain loses a call with a reference in it. It
// runs once, the caller notices nothing, and the object passed lives throughout.
func TestC2CallsThatWereNeverSeenAreSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		var ran atomic.Int64
		p.local.calls = func(context.Context, int64) { ran.Add(1) }
		p.kit.Freeze(p.server)
		back := &thing{name: "back"}
		done := make(chan error, 2)
		go func() {
			n, err := p.remote.Nest(t.Context(), back, 2)
			if n != 2 && err == nil {
				err = errors.New("wrong depth")
			}
			done <- err
		}()
		go func() {
			_, err := p.remote.Add(t.Context(), 1, 2)
			done <- err
		}()
		synctest.Wait()
		if ran.Load() != 0 {
			t.Fatal("the call came through a frozen link")
		}
		p.kit.Part(p.server)
		<-time.After(10 * time.Second)
		if back.unreferenced.Load() != 0 {
			t.Error("the argument is given up while its call is under way")
		}
		p.kit.Heal(p.server)
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		<-time.After(time.Second)
		if ran.Load() != 1 || back.unreferenced.Load() > 1 {
			t.Errorf("Add ran %d times, the argument was unreferenced %d times", ran.Load(), back.unreferenced.Load())
		}
	})
}

// TestC2RunningCallsAreAnsweredOnTheNextConnection: the method runs on, and may even end
// while there is no connection.
func TestC2RunningCallsAreAnsweredOnTheNextConnection(t *testing.T) {
	for name, end := range map[string]func(p *pair, leave chan struct{}){
		"ends while down": func(p *pair, leave chan struct{}) {
			p.kit.Part(p.server)
			close(leave)
			synctest.Wait()
			p.kit.Heal(p.server)
		},
		"ends later": func(p *pair, leave chan struct{}) {
			p.kit.Cut(p.server)
			<-time.After(10 * time.Second)
			close(leave)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, quiet)
				entered, leave := make(chan struct{}), make(chan struct{})
				var ran, ended atomic.Int64
				p.local.calls = func(ctx context.Context, _ int64) {
					ran.Add(1)
					close(entered)
					<-leave
					if ctx.Err() != nil {
						ended.Add(1)
					}
				}
				done := make(chan error, 1)
				go func() {
					sum, err := p.remote.Add(t.Context(), 1, 2)
					if sum != 3 && err == nil {
						err = errors.New("wrong sum")
					}
					done <- err
				}()
				<-entered
				end(p, leave)
				if err := <-done; err != nil {
					t.Error(err)
				}
				if ran.Load() != 1 || ended.Load() != 0 {
					t.Errorf("the method ran %d times, its context ended %d times", ran.Load(), ended.Load())
				}
			})
		})
	}
}

// TestCallsWaitWhileTheSessionIsDown, no longer than their contexts.
func TestCallsWaitWhileTheSessionIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.kit.Part(p.server)
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.remote.Add(short, 1, 2); !errors.Is(err, context.DeadlineExceeded) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("Add = %v (%v)", err, objects.OutcomeOf(err))
		}
		done := make(chan error, 1)
		go func() {
			_, err := p.remote.Add(t.Context(), 1, 2)
			done <- err
		}()
		<-time.After(20 * time.Second)
		p.kit.Heal(p.server)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestCancelAcrossABreak: a caller that gives up while there is no connection ends the
// method's context as soon as there is one.
func TestCancelAcrossABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.local.started = make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.remote.Wait(ctx) }()
		<-p.local.started
		p.kit.Part(p.server)
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("Wait = %v", err)
		}
		p.kit.Heal(p.server)
		resumed(t, p)
		if n := p.server.Stats().Incoming + p.client.Stats().Outgoing; n != 0 {
			t.Errorf("%d calls are left", n)
		}
	})
}

// TestDisownedWhileDown: a holder learns on the next connection what it missed.
func TestDisownedWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		alive := objects.Alive(made)
		p.kit.Part(p.server)
		synctest.Wait()
		objects.Disown(p.server, p.local.made[0], errors.New("sold"))
		p.kit.Heal(p.server)
		<-alive.Done()
		if err := context.Cause(alive); !errors.Is(err, objects.ErrGone) || !strings.Contains(err.Error(), "sold") {
			t.Errorf("Alive ended with %v", err)
		}
	})
}

// TestR5ANewIncarnationBreaksTheReferences as soon as it answers in the old one's
// place, and is never taken for it.
func TestR5ANewIncarnationBreaksTheReferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		url := p.server.Addrs()[0]
		p.local.started = make(chan struct{})
		waiting := make(chan error, 1)
		go func() { waiting <- p.remote.Wait(t.Context()) }()
		<-p.local.started
		p.kit.Freeze(p.server) // it crashes: no Bye comes through
		p.server.Close()
		p.kit.Cut(p.server)
		again := p.kit.NodeAt(url)
		if err := objects.Publish[sample.Thing](again, "thing", &thing{}); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		<-objects.Alive(p.remote).Done()
		if err := context.Cause(objects.Alive(p.remote)); !errors.Is(err, objects.ErrGone) || time.Since(begun) > time.Second {
			t.Errorf("Alive ended after %v with %v", time.Since(begun), err)
		}
		if err := <-waiting; !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("Wait = %v (%v)", err, objects.OutcomeOf(err))
		}
		if _, err := p.remote.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("Add = %v (%v)", err, objects.OutcomeOf(err))
		}
	})
}

// TestR5TheEndOfTheLeaseBreaksBothSides.
func TestR5TheEndOfTheLeaseBreaksBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		back := &thing{}
		entered := make(chan struct{})
		p.local.started = entered
		waiting := make(chan error, 2)
		go func() { waiting <- p.remote.Wait(t.Context()) }()
		<-entered
		if _, err := p.remote.Same(t.Context(), back); err != nil {
			t.Fatal(err)
		}
		p.kit.Part(p.server)
		go func() {
			_, err := p.remote.Add(t.Context(), 1, 2)
			waiting <- err
		}()
		<-time.After(59 * time.Second)
		if len(waiting) != 0 {
			t.Error("a call failed within the lease")
		}
		for range 2 {
			if err := <-waiting; !errors.Is(err, objects.ErrUnreachable) {
				t.Errorf("after the lease: %v", err)
			}
		}
		<-time.After(2 * time.Second)
		p.kit.Heal(p.server)
		again, err := objects.Open[sample.Thing](t.Context(), p.client, p.server.Addrs()[0], "thing")
		if err != nil {
			t.Fatal(err)
		}
		if again == p.remote {
			t.Error("a broken reference came back")
		}
		if _, err := again.Add(t.Context(), 1, 2); err != nil {
			t.Error(err)
		}
	})
}

// TestAnOwnerThatGaveUpFirst: the holder, whose lease is longer, learns so when it
// dials, and its references break.
func TestAnOwnerThatGaveUpFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Logger: quiet.Logger, Lease: 10 * time.Second})
		patient := quiet
		patient.PipeNet, patient.LocalCallsOnWire = p.kit.PipeNet(), true
		client := objects.NewNode(&patient)
		defer client.Close()
		remote, err := objects.Open[sample.Thing](t.Context(), client, "pipe://server", "thing")
		if err != nil {
			t.Fatal(err)
		}
		p.kit.Part(p.server)
		<-time.After(20 * time.Second)
		if objects.Alive(remote).Err() != nil {
			t.Error("the holder gives up within its lease")
		}
		p.kit.Heal(p.server)
		<-objects.Alive(remote).Done()
		if err := context.Cause(objects.Alive(remote)); !errors.Is(err, objects.ErrGone) || !strings.Contains(err.Error(), "given the session up") {
			t.Errorf("Alive ended with %v", err)
		}
	})
}

// TestDialResumes: a program that dials again need not wait for the pause between two
// dials of the runtime.
func TestDialResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.kit.Part(p.server)
		<-time.After(30 * time.Second) // the pauses are long by now
		p.kit.Heal(p.server)
		begun := time.Now()
		again, err := objects.Open[sample.Thing](t.Context(), p.client, p.server.Addrs()[0], "thing")
		if err != nil || again != p.remote || time.Since(begun) > 0 {
			t.Errorf("Open = %v, %v after %v", again, err, time.Since(begun))
		}
	})
}

// TestOneSideNoticesTheLoss: the peer believes in the old connection until it is asked
// for a sign of life, and the session goes on.
func TestOneSideNoticesTheLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		impatient := quiet
		impatient.KeepAlive, impatient.KeepAliveTimeout = time.Second, time.Second
		p := newPair(t, quiet)
		impatient.PipeNet, impatient.LocalCallsOnWire = p.kit.PipeNet(), true
		client := objects.NewNode(&impatient)
		defer client.Close()
		remote, err := objects.Open[sample.Thing](t.Context(), client, "pipe://server", "thing")
		if err != nil {
			t.Fatal(err)
		}
		made, err := remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.kit.Freeze(p.server)
		begun := time.Now()
		if _, err := made.Add(t.Context(), 1, 2); err != nil || time.Since(begun) > 6*time.Second {
			t.Errorf("Add = %v after %v", err, time.Since(begun))
		}
		if p.local.made[0].unreferenced.Load() != 0 {
			t.Error("the object was given up")
		}
	})
}

// TestCloseWhileDown does not wait for the peer.
func TestCloseWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.local.started = make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		p.kit.Part(p.server)
		synctest.Wait()
		done := make(chan error, 1)
		go func() {
			_, err := p.remote.Add(t.Context(), 1, 2)
			done <- err
		}()
		synctest.Wait()
		begun := time.Now()
		if err := errors.Join(p.client.Close(), p.server.Close()); err != nil || time.Since(begun) > 0 {
			t.Errorf("Close = %v after %v", err, time.Since(begun))
		}
		if err := <-done; !errors.Is(err, objects.ErrClosed) {
			t.Errorf("Add = %v", err)
		}
	})
}

// TestLargeBodiesAcrossBreaks passes arguments and results on bulk streams while the
// connection is cut at every moment.
func TestLargeBodiesAcrossBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		entered, leave := make(chan struct{}), make(chan struct{})
		first := sync.OnceFunc(func() { close(entered); <-leave })
		p.local.takes = first
		body := make([]byte, 200_000)
		done := make(chan error, 1)
		call := func() {
			back, err := p.remote.Bytes(t.Context(), body)
			if len(back) != len(body) && err == nil {
				err = errors.New("cut short")
			}
			done <- err
		}
		go call()
		<-entered
		p.kit.Cut(p.server)
		close(leave)
		if err := <-done; err != nil {
			t.Errorf("cut while the method runs: %v", err)
		}
		p.kit.Freeze(p.server)
		go call()
		synctest.Wait()
		p.kit.Cut(p.server)
		if err := <-done; err != nil {
			t.Errorf("cut before the arguments arrive: %v", err)
		}
	})
}

// breaker passes connections on to a server, and breaks those that stand.
type breaker struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
	tasks sync.WaitGroup
}

func newBreaker(t testing.TB, server string) *breaker {
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &breaker{Listener: front}
	_, address, _ := strings.Cut(server, "://")
	b.tasks.Go(func() {
		for {
			in, err := front.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address)
			if err != nil {
				in.Close()
				continue
			}
			b.mu.Lock()
			b.conns = append(b.conns, in, out)
			b.mu.Unlock()
			for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
				b.tasks.Go(func() {
					io.Copy(way[0], way[1])
					way[0].Close()
					way[1].Close()
				})
			}
		}
	})
	return b
}

func (b *breaker) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		c.Close()
	}
	b.conns = nil
}
