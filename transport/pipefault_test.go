package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// arrivals is a Handler that notes when what came.
type arrivals struct {
	begun time.Time

	mu   sync.Mutex
	at   []time.Duration
	what []string
	why  error // what Serve returned
}

func (a *arrivals) serve(c Conn) {
	err := c.Serve(a)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.why = err
}

// ended returns why the connection has ended here, nil if it has not.
func (a *arrivals) ended() error {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.why
}

func (a *arrivals) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, time.Since(a.begun))
	a.what = append(a.what, what)
}

func (a *arrivals) Message(msg []byte) { a.note(string(msg)) }
func (a *arrivals) Body(_ context.Context, _ uint64, size int64) ([]byte, error) {
	return make([]byte, size), nil
}
func (a *arrivals) BodyDone(_ uint64, body []byte, _ error) { a.note("body " + string(body)) }

func (a *arrivals) expect(t *testing.T, what []string, at ...time.Duration) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(a.what, what) || !slices.Equal(a.at, at) {
		t.Errorf("came %q at %v, want %q at %v", a.what, a.at, what, at)
	}
}

// wire is a connection of host client to host test, in a bubble.
type wire struct {
	t      *testing.T
	net    *PipeNet
	near   Conn // of client
	far    Conn // of test
	atFar  *arrivals
	atNear *arrivals
}

func withWire(t *testing.T, f func(t *testing.T, w *wire)) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{t: t, net: NewPipeNet(), atFar: &arrivals{begun: time.Now()}, atNear: &arrivals{begun: time.Now()}}
		w.near, w.far = pipePairOf(t, &Config{PipeNet: w.net.Host("client")})
		go w.atNear.serve(w.near)
		go w.atFar.serve(w.far)
		f(t, w)
		w.near.Abort(nil)
		w.far.Abort(nil)
		synctest.Wait()
		if len(w.net.pairs) > 0 {
			t.Errorf("%d connections are left", len(w.net.pairs))
		}
	})
}

func (w *wire) send(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		if err := w.near.Send(w.t.Context(), []byte(text), nil); err != nil {
			w.t.Error(err)
		}
	}
}

const ms = time.Millisecond

// TestLinkDelays: what is sent arrives later, in its order, also when the delay shrinks
// meanwhile, and so does the end.
func TestLinkDelays(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		link := w.net.OneWay("client", "test")
		link.Delay(50 * ms)
		w.send("a", "b")
		<-time.After(20 * ms)
		link.Delay(10 * ms)
		w.send("c")
		<-time.After(40 * ms)
		w.send("d")
		w.near.Close()
		if w.atFar.ended() != nil {
			t.Errorf("the far end heard of the end at once: %v", w.atFar.ended())
		}
		<-time.After(10 * ms)
		w.atFar.expect(t, []string{"a", "b", "c", "d"}, 50*ms, 50*ms, 50*ms, 70*ms)
		if w.atFar.ended() == nil {
			t.Error("the far end has not heard of the end")
		}
	})
}

// TestLinkDelaysBodies: messages overtake bodies.
func TestLinkDelaysBodies(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		w.net.Link("test", "").DelayBodies(30 * ms)
		if err := w.near.SendBody(t.Context(), 1, []byte("large")); err != nil {
			t.Error(err)
		}
		w.send("small")
		<-time.After(time.Second)
		w.atFar.expect(t, []string{"small", "body large"}, 0, 30*ms)
	})
}

// TestLinkRate: what is sent takes its time, one after the other, beside the delay.
func TestLinkRate(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		w.net.Link("client", "test").Rate(1000)
		w.net.Link("client", "").Delay(5 * ms)
		w.send("0123456789", "01234567890123456789")
		<-time.After(time.Second)
		w.send("0123456789")
		<-time.After(time.Second)
		w.atFar.expect(t, []string{"0123456789", "01234567890123456789", "0123456789"}, 15*ms, 35*ms, 1015*ms)
	})
}

// TestLinkStalls: a short stall loses nothing, a long one breaks the connection.
func TestLinkStalls(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		link := w.net.OneWay("client", "test")
		link.Stall()
		<-time.After(time.Minute) // nothing was sent
		w.send("a")
		<-time.After(9 * time.Second)
		w.atFar.expect(t, nil)
		link.Heal()
		w.atFar.expect(t, []string{"a"}, 69*time.Second)
		<-time.After(time.Minute)
		link.Stall()
		w.send("b")
		<-time.After(10 * time.Second)
		if !errors.Is(w.atNear.ended(), ErrTimeout) {
			t.Errorf("the near end ended with %v, want ErrTimeout", w.atNear.ended())
		}
		if w.atFar.ended() != nil {
			t.Errorf("the far end heard of it: %v", w.atFar.ended())
		}
		link.Heal()
		if !errors.Is(w.atFar.ended(), io.ErrUnexpectedEOF) {
			t.Errorf("the far end ended with %v", w.atFar.ended())
		}
	})
}

// TestLinkLoses: a connection that lost something is silent for good, in that
// direction alone, and nobody is told.
func TestLinkLoses(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		link := w.net.OneWay("client", "test")
		link.Lose()
		link.Heal()
		w.send("a") // nothing was lost until now
		link.Lose()
		w.send("b")
		link.Heal()
		w.send("c")
		if err := w.far.Send(t.Context(), []byte("back"), nil); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		w.near.Close()
		<-time.After(time.Hour)
		w.atFar.expect(t, []string{"a"}, 0)
		w.atNear.expect(t, []string{"back"}, 0)
		if w.atFar.ended() != nil {
			t.Errorf("the far end heard of the end: %v", w.atFar.ended())
		}
		if err := w.far.Send(t.Context(), []byte("into the void"), nil); err != nil {
			t.Errorf("the far end heard of the end when it sent: %v", err)
		}
	})
}

// TestAnAbortDoesNotUndoAGoodbye: what came before the peer's end is delivered, although
// this end noticed that it could send no more, and gave up.
func TestAnAbortDoesNotUndoAGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipePairOf(t, &Config{PipeNet: NewPipeNet()})
		if err := near.Send(t.Context(), []byte("goodbye"), nil); err != nil {
			t.Error(err)
		}
		near.Close()
		err := far.Send(t.Context(), []byte("x"), nil)
		if !errors.Is(err, errPeerClosed) {
			t.Errorf("Send = %v", err)
		}
		far.Abort(err)
		a := &arrivals{begun: time.Now()}
		go a.serve(far)
		a.expect(t, []string{"goodbye"}, 0)
		if !errors.Is(a.ended(), errPeerClosed) {
			t.Errorf("it ended with %v", a.ended())
		}
	})
}

// TestLinkSevers: one end is told, and the other is not.
func TestLinkSevers(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		w.net.OneWay("client", "test").Sever()
		if err := w.atFar.ended(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the far end ended with %v", err)
		}
		w.send("a")
		<-time.After(time.Hour)
		w.atFar.expect(t, nil)
		if err := w.atNear.ended(); err != nil {
			t.Errorf("the near end ended with %v", err)
		}
	})
}

// TestLinksArePerPair: what happens to one pair of hosts does not concern others,
// whoever dialled, and what concerns all hosts concerns each.
func TestLinksArePerPair(t *testing.T) {
	withWire(t, func(t *testing.T, w *wire) {
		w.net.Link("client", "other").Part()
		w.net.Link("other", "test").Part()
		w.net.Link("client", "other").Lose()
		w.send("a")
		w.atFar.expect(t, []string{"a"}, 0)
		w.net.Link("test", "client").Part()
		if w.atFar.ended() == nil || w.atNear.ended() == nil {
			t.Errorf("the ends ended with %v and %v", w.atNear.ended(), w.atFar.ended())
		}
		l, err := Listen(t.Context(), "pipe://elsewhere", &Config{PipeNet: w.net.Host("test")})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		dial := func(host string) error {
			ctx, cancel := context.WithTimeout(t.Context(), ms) // nobody accepts
			defer cancel()
			_, err := Dial(ctx, "pipe://elsewhere", &Config{PipeNet: w.net.Host(host)})
			return err
		}
		waits := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
		if err := dial("client"); waits(err) {
			t.Error("a host dialled one that it is parted from")
		}
		if err := dial("third"); !waits(err) {
			t.Errorf("a host that is not parted: %v", err)
		}
		w.net.Link("", "client").Heal()
		if err := dial("client"); waits(err) {
			t.Error("healing all of a host's links undid what was said of one")
		}
		w.net.Link("client", "test").Heal()
		if err := dial("client"); !waits(err) {
			t.Errorf("after it healed: %v", err)
		}
	})
}

// TestPipeLinksAreConns: before multiplexing, a link is a stream of bytes with a
// deadline, on which the faults work, too.
func TestPipeLinksAreConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := NewPipeNet()
		l, err := Listen(t.Context(), "pipe://test", &Config{PipeNet: pipes})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		accepted := make(chan Link, 1)
		go func() {
			link, _ := l.Accept()
			accepted <- link
		}()
		near, err := Dial(t.Context(), "pipe://test", &Config{PipeNet: pipes.Host("client")})
		if err != nil {
			t.Fatal(err)
		}
		far := <-accepted
		if near.LocalAddr().String() != "pipe://client" || far.RemoteAddr().String() != "pipe://client" || far.LocalAddr().Network() != "pipe" {
			t.Errorf("addresses %v, %v", near.LocalAddr(), far.RemoteAddr())
		}
		pipes.Link("client", "test").Delay(20 * ms)
		begun := time.Now()
		if _, err := near.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		var got [5]byte
		for part := range slices.Chunk(got[:], 2) {
			if _, err := io.ReadFull(far, part); err != nil {
				t.Error(err)
			}
		}
		if string(got[:]) != "hello" || time.Since(begun) != 20*ms {
			t.Errorf("%q after %v", got, time.Since(begun))
		}
		time.AfterFunc(time.Second, func() { far.SetDeadline(time.Now().Add(time.Second)) })
		if _, err := far.Read(got[:]); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != 2020*ms {
			t.Errorf("Read = %v after %v", err, time.Since(begun))
		}
		if _, err := far.Write(got[:]); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write = %v", err)
		}
		far.SetDeadline(time.Time{})
		near.Close()
		if _, err := near.Read(got[:]); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read of a closed link = %v", err)
		}
		if _, err := far.Read(got[:]); err != io.EOF {
			t.Errorf("Read = %v, want io.EOF", err)
		}
		far.Close()
		if len(pipes.pairs) > 0 {
			t.Error("the connection is not forgotten")
		}
	})
}
