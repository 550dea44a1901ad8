package objects_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/proxy"
)

func boxMethod(name string) uint64 {
	return uint64(proxy.NewMethodID("github.com/netobj/netobj/objects/internal/sample.Box", name))
}

// onReader tells whether its caller runs on the reader of a connection.
func onReader() bool { return strings.Contains(string(debug.Stack()), "runInline") }

// TestInlineMethodsRunOnTheReader, with arguments, context, results and errors like
// others; but not when the arguments come as a bulk body. Large results travel.
func TestInlineMethodsRunOnTheReader(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		here := false
		b := &box{hook: func(ctx context.Context, kind string) error {
			here = onReader()
			if _, ok := ctx.Deadline(); !ok || kind != "see" {
				return errors.New("no deadline")
			}
			return sample.ErrEmpty
		}}
		remote := p.published(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := remote.Hook(ctx, "see"); !errors.Is(err, sample.ErrEmpty) || !here {
			t.Errorf("on the reader: %v; %v", here, err)
		}
		long := strings.Repeat("x", 40<<10)
		if err := remote.Hook(ctx, long); err == nil || here {
			t.Errorf("with a large argument on the reader: %v; %v", here, err)
		}
		for _, size := range sizes {
			got, err := remote.Fill(ctx, []byte{7}, size)
			if err != nil || !bytes.Equal(got, bytes.Repeat([]byte{7}, size)) {
				t.Errorf("a result of %d bytes: %d, %v", size, len(got), err)
			}
		}
	})
}

// TestInlineContextEnds: what a method leaves behind is told to stop.
func TestInlineContextEnds(t *testing.T) {
	p := newPair(t, quiet)
	var left context.Context
	remote := p.published(t, &box{hook: func(ctx context.Context, _ string) error { left = ctx; return ctx.Err() }})
	if err := remote.Hook(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	<-left.Done()
}

// TestInlineCallsKeepTheirOrder sends many calls in a row; each starts when the one
// before has returned. Some have large arguments, for which the others wait.
func TestInlineCallsKeepTheirOrder(t *testing.T) {
	b := &box{}
	p := newPairAt(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Running: 1}}, "tcp://127.0.0.1:0")
	if err := objects.Publish[sample.Box](p.server, "box", b); err != nil {
		t.Fatal(err)
	}
	raw := dialRawPeer(t, p.server.Addrs()[0])
	xid := raw.open("box")
	const calls, before = 1000, 500
	call := func(id uint64) *wire.Call {
		return &wire.Call{ID: 100 + id, Target: wire.Target{XID: xid}, Method: boxMethod("Count")}
	}
	bulk := marshal.AppendBytes(marshal.AppendInt(marshal.AppendArray(nil, 2), before), make([]byte, 100_000))
	for id := range uint64(calls) {
		if id == before {
			c := call(id)
			c.Body = wire.Body{Bulk: true, BulkID: 1, Size: uint64(len(bulk))}
			raw.send(c.AppendHead(nil, 0))
			continue
		}
		raw.sendCall(call(id), marshal.AppendInt(marshal.AppendArray(nil, 1), int64(id)))
	}
	answered := func(n int) {
		for range n {
			if m := raw.answer(); m.Status != wire.StatusOK {
				t.Fatalf("%+v", m)
			}
		}
	}
	answered(before)
	raw.arrive()
	if n := p.server.Stats().Incoming; n != calls-before {
		t.Errorf("%d calls wait for the body, want %d", n, calls-before)
	}
	if err := raw.conn.SendBody(t.Context(), 1, bulk); err != nil {
		t.Fatal(err)
	}
	answered(calls - before)
	p.idle()
	for i, n := range b.counts {
		if n != int64(i) {
			t.Fatalf("call %d ran as number %d", n, i)
		}
	}
	if len(b.counts) != calls {
		t.Errorf("%d calls ran", len(b.counts))
	}
}

// TestInlineWaitsForItsPlace: no more methods run than may, and calls that wait come
// first.
func TestInlineWaitsForItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Running: 1}})
		here := []bool{}
		remote := p.published(t, &box{hook: func(context.Context, string) error {
			here = append(here, onReader())
			return nil
		}})
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		done := make(chan error)
		go func() { done <- remote.Hook(t.Context(), "") }()
		synctest.Wait()
		if len(here) > 0 {
			t.Error("it ran beyond Limits.Running")
		}
		close(p.local.block)
		if err := <-done; err != nil || here[0] {
			t.Errorf("after it waited: %v, on the reader: %v", err, here)
		}
	})
}

// TestInlineWhileTheNodeCloses: the call is refused, as others are.
func TestInlineWhileTheNodeCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		b := &box{}
		remote := p.published(t, b)
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		closed := make(chan error)
		go func() { closed <- p.server.Close() }()
		synctest.Wait()
		if err := remote.Count(t.Context(), 1); !errors.Is(err, objects.ErrClosed) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("while the node closes: %v", err)
		}
		close(p.local.block)
		if err := <-closed; err != nil || len(b.counts) > 0 {
			t.Errorf("%v; it ran: %v", err, b.counts)
		}
	})
}

// TestInlinePanics: the caller gets an error, and the session lives on. A method that
// ends the reader's goroutine ends the session, and nothing is left behind.
func TestInlinePanics(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		remote := p.published(t, &box{hook: func(_ context.Context, kind string) error {
			if kind == "exit" {
				runtime.Goexit()
			}
			panic(kind)
		}})
		if err := remote.Hook(t.Context(), "bang"); !errors.Is(err, objects.ErrPanic) || !strings.Contains(err.Error(), "bang") {
			t.Errorf("after a panic: %v", err)
		}
		if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
			t.Fatalf("the session after the panic: %v", err)
		}
		if err := remote.Hook(t.Context(), "exit"); err == nil {
			t.Error("no error of a method that has ended its goroutine")
		}
		for p.client.Stats().Sessions > 0 {
			runtime.Gosched()
		}
		if _, err := objects.Open[sample.Box](t.Context(), p.client, p.server.Addrs()[0], "box"); err != nil {
			t.Errorf("a new session: %v", err)
		}
	})
}

// TestSlowInlineMethodsAreNamedOnce: in the log, with how long it took and what to
// do.
func TestSlowInlineMethodsAreNamedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, logger := newLog()
		p := newPair(t, objects.Config{Logger: logger})
		remote := p.published(t, &box{hook: func(_ context.Context, kind string) error {
			if kind == "slow" {
				<-time.After(20 * time.Millisecond)
			}
			return nil
		}})
		const line = "marked //objgen:inline"
		for i, kind := range []string{"quick", "slow", "slow", "quick", "slow"} {
			if named := strings.Contains(log.String(), line); named != (i > 1) {
				t.Errorf("before call %d the method is named: %v", i, named)
			}
			if err := remote.Hook(t.Context(), kind); err != nil {
				t.Fatal(err)
			}
		}
		text := log.String()
		if strings.Count(text, line) != 1 || !strings.Contains(text, "method=sample.Box.Hook took=20ms limit=10ms") {
			t.Errorf("the log: %s", text)
		}
	})
}

// TestAnInlineMethodThatHangsIsNamed while it holds the reader.
func TestAnInlineMethodThatHangsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, logger := newLog()
		p := newPair(t, objects.Config{Logger: logger})
		leave := make(chan struct{})
		remote := p.published(t, &box{hook: func(context.Context, string) error { <-leave; return nil }})
		done := make(chan error)
		go func() { done <- remote.Hook(t.Context(), "") }()
		log.await(t, "method=sample.Box.Hook")
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestInlineNeverWaitsForTheQueue lets two nodes call one another with so much to
// answer that both queues are full: if a reader waited for room, both would wait
// for ever.
func TestInlineNeverWaitsForTheQueue(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		there := p.published(t, &box{})
		if err := objects.Publish[sample.Box](p.client, "box", &box{}); err != nil {
			t.Fatal(err)
		}
		back, err := objects.Open[sample.Box](t.Context(), p.server, p.client.Addrs()[0], "box")
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for i := range 600 {
			callers.Go(func() {
				remote := []sample.Box{there, back}[i%2]
				got, err := remote.Fill(t.Context(), bytes.Repeat([]byte{7}, 30_000), 30_000)
				if err != nil || len(got) != 30_000 {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		callers.Wait()
	})
}

// TestInlineAnswersAreBounded: for a peer that calls and does not read, methods run
// until the queue is full, and then no more than may run at once.
func TestInlineAnswersAreBounded(t *testing.T) {
	const calls, running, size = 400, 8, 30_000
	limits := objects.Limits{Running: running}
	rawPipe(t, limits, func(raw *rawPeer, node *objects.Node, _ *thing, _ *logBuffer) {
		b := &box{}
		if err := objects.Publish[sample.Box](node, "box", b); err != nil {
			t.Fatal(err)
		}
		xid := raw.open("box")
		raw.turn <- struct{}{} // from now on it does not read
		args := marshal.AppendInt(marshal.AppendBytes(marshal.AppendArray(nil, 2), []byte{7}), size)
		for id := range uint64(calls) {
			raw.sendCall(&wire.Call{ID: 100 + id, Target: wire.Target{XID: xid}, Method: boxMethod("Fill")}, args)
		}
		synctest.Wait()
		const queues = 2 * (1 << 20) / size // one is full, one is being read
		if n := b.filled.Load(); n < queues/2 || n > queues+running {
			t.Errorf("the method ran %d times", n)
		}
		<-raw.turn
		for range calls {
			if m := raw.answer(); m.Status != wire.StatusOK {
				t.Fatalf("%+v", m)
			}
		}
		if n := b.filled.Load(); n != calls {
			t.Errorf("the method ran %d times", n)
		}
	})
}

// BenchmarkInline is a small call by 1, 64 and 512 callers on one connection, on a
// worker and on the reader.
func BenchmarkInline(b *testing.B) {
	thing, box := benchPair(b)
	calls := map[string]func() error{
		"worker": func() error { _, err := thing.Deadline(b.Context()); return err },
		"inline": func() error { return box.Hook(b.Context(), "") },
	}
	for _, callers := range []int{1, 64, 512} {
		for name, call := range calls {
			b.Run(fmt.Sprintf("callers=%d/%s", callers, name), func(b *testing.B) {
				var all sync.WaitGroup
				for i := range callers {
					all.Go(func() {
						for range (b.N + i) / callers {
							if err := call(); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
			})
		}
	}
}

// BenchmarkLend is a call with one large argument, given to the method and lent to
// it.
func BenchmarkLend(b *testing.B) {
	_, box := benchPair(b)
	for _, size := range []int{64 << 10, 1 << 20, 16 << 20} {
		body := make([]byte, size)
		for name, method := range map[string]func(context.Context, []byte, int) ([]byte, error){"given": box.Kept, "lent": box.Lent} {
			b.Run(fmt.Sprintf("size=%dKiB/%s", size>>10, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := method(b.Context(), body, size); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// keepless is a box that keeps nothing.
type keepless struct{ box }

func (k *keepless) Hook(context.Context, string) error                         { return nil }
func (k *keepless) Lent(_ context.Context, p []byte, from int) ([]byte, error) { return p[from:], nil }
func (k *keepless) Kept(_ context.Context, p []byte, from int) ([]byte, error) { return p[from:], nil }

// benchPair returns objects of a node over tcp.
func benchPair(b *testing.B) (sample.Thing, sample.Box) {
	config := objects.Config{Logger: quiet.Logger, LocalCallsOnWire: true, Limits: objects.Limits{MessageSize: 32 << 20, DecodeBudget: 256 << 20}}
	server, client := objects.NewNode(&config), objects.NewNode(&config)
	b.Cleanup(func() { client.Close(); server.Close() })
	err := server.Listen(b.Context(), "tcp://127.0.0.1:0")
	err = errors.Join(err, objects.Publish[sample.Thing](server, "thing", &thing{}), objects.Publish[sample.Box](server, "box", &keepless{}))
	if err != nil {
		b.Fatal(err)
	}
	thing, err := objects.Open[sample.Thing](b.Context(), client, server.Addrs()[0], "thing")
	if err != nil {
		b.Fatal(err)
	}
	box, err := objects.Open[sample.Box](b.Context(), client, server.Addrs()[0], "box")
	if err != nil {
		b.Fatal(err)
	}
	return thing, box
}
