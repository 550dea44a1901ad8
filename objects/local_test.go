package objects_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// newDirectPair is newPair with nodes that call each other directly.
func newDirectPair(t *testing.T, config objects.Config) *pair {
	t.Helper()
	p := pairOf(t, objtest.NewDirect(t, config), "pipe://server")
	p.direct = true
	return p
}

// onBothWays runs a test with direct calls and with calls on the wire: what it asks
// for must not depend on the way.
func onBothWays(t *testing.T, test func(t *testing.T, p *pair)) {
	t.Run("direct", func(t *testing.T) { test(t, newDirectPair(t, quiet)) })
	t.Run("wire", func(t *testing.T) { test(t, newPair(t, quiet)) })
}

// isDirect tells on which way calls on remote, an object of local's, go: directly
// they run in the caller's goroutine, and the proxy is in the method's stack.
func isDirect(t *testing.T, remote sample.Thing, local *thing) bool {
	t.Helper()
	var stack string
	local.calls = func(context.Context, int64) { stack = string(debug.Stack()) }
	defer func() { local.calls = nil }()
	if _, err := remote.Add(t.Context(), 0, 0); err != nil {
		t.Fatal(err)
	}
	return strings.Contains(stack, "sample.(*ThingProxy).Add")
}

// TestWhichCallsAreDirect: those between nodes of one process, unless one of the two
// asks for the wire; objtest's do. Between the nodes lies any transport.
func TestWhichCallsAreDirect(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		if isDirect(t, p.remote, p.local) {
			t.Error("a call with LocalCallsOnWire does not travel")
		}
	})
	for _, url := range []string{"pipe://server", "tcp://127.0.0.1:0"} {
		p := pairOf(t, objtest.NewDirect(t, quiet), url)
		if !isDirect(t, p.remote, p.local) {
			t.Errorf("%s: a call within the process travels", url)
		}
		back, err := p.remote.Make(t.Context())
		if err != nil || !isDirect(t, back, p.local.made[0]) {
			t.Errorf("%s: a call on a received object travels, %v", url, err)
		}
		one := objects.NewNode(&objects.Config{LocalCallsOnWire: true, Logger: quiet.Logger})
		if url != "pipe://server" {
			far, err := objects.Open[sample.Thing](t.Context(), one, p.server.Addrs()[0], "thing")
			if err != nil || isDirect(t, far, p.local) {
				t.Errorf("a node that asks for the wire calls directly, %v", err)
			}
		}
		if err := one.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDirectCallsShareNothing: what caller and method do to their arguments and
// results afterwards is their own business.
func TestDirectCallsShareNothing(t *testing.T) {
	onBothWays(t, func(t *testing.T, p *pair) {
		kept := &hoarder{}
		remote := publish(t, p, kept)
		body, list := []byte("body"), []any{int64(1), map[string]any{"a": []any{"b"}}}
		got, err := remote.Bytes(t.Context(), body)
		if err != nil {
			t.Fatal(err)
		}
		anything, err := remote.Any(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		body[0], got[1] = 'X', 'Y'
		list[0], anything.([]any)[1] = "X", "Y"
		if string(kept.body) != "body" || fmt.Sprint(kept.value) != "[1 map[a:[b]]]" {
			t.Errorf("the method's arguments became %q and %v", kept.body, kept.value)
		}
		kept.body[2], kept.value.([]any)[0] = 'Z', "Z"
		if string(body) != "Xody" || string(got) != "bYdy" || fmt.Sprint(anything) != "[1 Y]" || list[0] != "X" {
			t.Errorf("the caller has %q, %q, %v, %v", body, got, anything, list)
		}
	})
}

// hoarder keeps what it is given, and returns it.
type hoarder struct {
	thing
	body  []byte
	value any
}

func (k *hoarder) Bytes(_ context.Context, body []byte) ([]byte, error) {
	k.body = body
	return body, nil
}

func (k *hoarder) Any(_ context.Context, v any) (any, error) {
	k.value = v
	return v, nil
}

// publish offers another object of the server's, and returns it as the client sees
// it.
func publish(t *testing.T, p *pair, object sample.Thing) sample.Thing {
	t.Helper()
	if err := objects.Publish(p.server, "other", object); err != nil {
		t.Fatal(err)
	}
	remote, err := objects.Open[sample.Thing](t.Context(), p.client, p.server.Addrs()[0], "other")
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// TestDirectCallsFailInTheSameWords: errors, their codes and outcomes are those of
// calls that travel. The limits of messages do not bind where there are none.
func TestDirectCallsFailInTheSameWords(t *testing.T) {
	golden, err := os.ReadFile("testdata/errors.golden")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		for name, err := range failures(t, newDirectPair) {
			if strings.HasSuffix(name, " too large") {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			e, ok := errors.AsType[*objects.Error](err)
			if !ok || !strings.Contains(string(golden), described(name, e)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestDirectReferences: references are granted as on the wire, so that who owns and
// who holds what does not depend on the way of a call.
func TestDirectReferences(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDirectPair(t, quiet)
		mine := &thing{name: "mine"}
		kept := &refKeeper{}
		remote := publish(t, p, kept)
		back, err := remote.Same(t.Context(), mine)
		if err != nil || back != sample.Thing(mine) {
			t.Fatalf("Same = %v, %v; want the value passed", back, err)
		}
		if kept.got == sample.Thing(mine) || !isDirect(t, kept.got, mine) {
			t.Errorf("the method got %T, want a proxy that calls directly", kept.got)
		}
		many, err := remote.SameMany(t.Context(), map[string][]sample.Thing{"a": {mine, nil, remote, p.remote}})
		if err != nil || !slices.Equal(many["a"], []sample.Thing{mine, nil, remote, p.remote}) {
			t.Errorf("SameMany = %v, %v", many, err)
		}
		if want := []sample.Thing{kept.got, nil, kept, p.local}; !slices.Equal(kept.many["a"], want) {
			t.Errorf("the method got %v, want %v", kept.many["a"], want)
		}
		alive := objects.Alive(kept.got)
		objects.Release(kept.got)
		objects.Release(kept.many["a"][0])
		kept.many = nil
		<-time.After(time.Second) // of the fake clock: releases are sent
		synctest.Wait()
		if mine.unreferenced.Load() != 1 || !errors.Is(context.Cause(alive), objects.ErrReleased) {
			t.Errorf("released: %d times unreferenced, %v", mine.unreferenced.Load(), context.Cause(alive))
		}
		if _, err := kept.got.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrReleased) {
			t.Errorf("Add on a released reference = %v", err)
		}
		objects.Disown(p.server, p.local, errors.New("sold"))
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrGone) || !strings.Contains(err.Error(), "sold") {
			t.Errorf("Add on a disowned object = %v", err)
		}
	})
}

// refKeeper keeps the references that it is given.
type refKeeper struct {
	thing
	got  sample.Thing
	many map[string][]sample.Thing
}

func (k *refKeeper) Same(_ context.Context, t sample.Thing) (sample.Thing, error) {
	k.got = t
	return t, nil
}

func (k *refKeeper) SameMany(_ context.Context, t map[string][]sample.Thing) (map[string][]sample.Thing, error) {
	k.many = t
	return t, nil
}

// TestReleaseDuringADirectCall: the object stays until its method has returned.
func TestReleaseDuringADirectCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDirectPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		owned := p.local.made[0]
		owned.started, owned.block = make(chan struct{}, 1), make(chan struct{})
		result := make(chan error, 1)
		go func() { result <- made.Wait(t.Context()) }()
		<-owned.started
		objects.Release(made)
		<-time.After(time.Second) // of the fake clock: releases are sent
		synctest.Wait()
		if owned.unreferenced.Load() != 0 {
			t.Error("an object was given up while its method runs")
		}
		close(owned.block)
		if err := <-result; err != nil {
			t.Errorf("Wait = %v", err)
		}
		synctest.Wait()
		if owned.unreferenced.Load() != 1 {
			t.Error("the object is still held")
		}
	})
}

type key struct{}

// TestContextOfADirectCall: it has the caller's deadline and its end, and the peer,
// but none of its values, and it ends with the method.
func TestContextOfADirectCall(t *testing.T) {
	onBothWays(t, func(t *testing.T, p *pair) {
		var seen context.Context
		p.local.calls = func(ctx context.Context, _ int64) { seen = ctx }
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "secret"), time.Hour)
		defer cancel()
		if _, err := p.remote.Add(ctx, 1, 2); err != nil {
			t.Fatal(err)
		}
		peer, ok := objects.PeerFrom(seen)
		if seen.Value(key{}) != nil || !ok || peer.Incarnation != p.client.Incarnation() {
			t.Errorf("value %v, peer %v", seen.Value(key{}), peer)
		}
		if _, ok := seen.Deadline(); !ok {
			t.Error("no deadline")
		}
		<-seen.Done() // the method has returned
		if seen.Err() != context.Canceled {
			t.Errorf("after the call: %v", seen.Err())
		}
	})
}

// TestContextOfADirectCallEnds with the caller's, also for contexts made from it, and
// the caller learns why.
func TestContextOfADirectCallEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDirectPair(t, quiet)
		why := errors.New("no longer wanted")
		p.local.calls = func(ctx context.Context, _ int64) {
			inner, cancel := context.WithCancel(context.WithValue(ctx, key{}, 1))
			defer cancel()
			if ctx.Err() != nil || inner.Value(key{}) != 1 {
				t.Errorf("at first: %v", ctx.Err())
			}
			p.local.started <- struct{}{}
			<-inner.Done()
			if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
				t.Errorf("at last: %v, %v", ctx.Err(), context.Cause(ctx)) // the cause stays with the caller
			}
		}
		p.local.started = make(chan struct{}, 1)
		ctx, cancel := context.WithCancelCause(t.Context())
		added := make(chan error, 1)
		go func() {
			_, err := p.remote.Add(ctx, 1, 2)
			added <- err
		}()
		<-p.local.started
		cancel(why)
		if err := <-added; err != nil {
			t.Errorf("the method did not fail, but the call did: %v", err)
		}
		ctx, cancel = context.WithCancelCause(t.Context())
		waited := make(chan error, 1)
		go func() { waited <- p.remote.Wait(ctx) }()
		<-p.local.started
		cancel(why)
		if err := <-waited; !errors.Is(err, why) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("Wait = %v", err)
		}
		short, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := p.remote.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait = %v", err)
		}
	})
}

// TestPanicInADirectCall is the caller's error, and a line in the owner's log.
func TestPanicInADirectCall(t *testing.T) {
	var log strings.Builder
	p := newDirectPair(t, objects.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	err := p.remote.Panic(t.Context(), "kaboom")
	if !errors.Is(err, objects.ErrPanic) || !strings.Contains(err.Error(), "kaboom") {
		t.Errorf("Panic = %v", err)
	}
	if !strings.Contains(log.String(), "objects_test.go") || !strings.Contains(log.String(), p.server.Incarnation().String()) {
		t.Errorf("the owner's log has no stack: %s", log.String())
	}
}

// TestErrorsOfDirectMethods are the very values, unless they speak of another call.
func TestErrorsOfDirectMethods(t *testing.T) {
	p := newDirectPair(t, quiet)
	plain := errors.New("plain")
	nested := &objects.Error{Code: objects.CodeGone, Outcome: objects.NotSent}
	for _, want := range []error{plain, sample.ErrEmpty, nested, fmt.Errorf("%w: %w", plain, nested)} {
		remote := publish(t, p, &failing{err: want})
		_, err := remote.Add(t.Context(), 1, 2)
		if objects.OutcomeOf(err) != objects.FailedThere || err.Error() != want.Error() {
			t.Errorf("%v came as %v (%v)", want, err, objects.OutcomeOf(err))
		}
		if errors.Is(want, objects.ErrGone) != errors.Is(err, objects.ErrGone) || errors.Is(want, plain) != errors.Is(err, plain) {
			t.Errorf("%v is found in neither or both of %v", want, err)
		}
		if !errors.Is(want, objects.ErrGone) && err != want {
			t.Errorf("%#v came as %#v", want, err)
		}
		objects.Unpublish(p.server, "other")
	}
}

type failing struct {
	thing
	err error
}

func (f *failing) Add(context.Context, int64, int64) (int64, error) { return 0, f.err }

// TestCloseWaitsForDirectCalls, lets no new ones in, and in the end cancels them.
func TestCloseWaitsForDirectCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDirectPair(t, quiet)
		p.local.started = make(chan struct{}, 1)
		waited := make(chan error, 1)
		go func() { waited <- p.remote.Wait(t.Context()) }()
		<-p.local.started
		synctest.Wait() // for the end of the call that opened the object
		if got := p.server.Stats().Incoming; got != 1 {
			t.Errorf("%d calls are running", got)
		}
		closed := make(chan error, 1)
		go func() { closed <- p.server.Close() }()
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrClosed) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("Add on a closing node = %v", err)
		}
		if err := <-closed; !errors.Is(err, context.DeadlineExceeded) { // Wait waits for its context
			t.Errorf("Close = %v", err)
		}
		if err := <-waited; !errors.Is(err, objects.ErrGone) && !errors.Is(err, objects.ErrClosed) {
			t.Errorf("Wait = %v", err)
		}
	})
}

// TestCloseNamesDirectCalls that do not end.
func TestCloseNamesDirectCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newDirectPair(t, quiet)
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		waited := make(chan error, 1)
		go func() { waited <- p.remote.Wait(t.Context()) }()
		<-p.local.started
		err := p.server.Close()
		if err == nil || !strings.Contains(err.Error(), "sample.Thing.Wait for ") || !strings.Contains(err.Error(), "called directly") {
			t.Errorf("Close = %v", err)
		}
		close(p.local.block)
		if err := <-waited; err != nil {
			t.Errorf("Wait = %v", err)
		}
	})
}

// TestDirectCallsWhileNodesClose: each call is done or refused, and nothing is left.
func TestDirectCallsWhileNodesClose(t *testing.T) {
	for round := range 100 { // in a few of them a call fails before the Bye is read
		p := newDirectPair(t, quiet)
		begun := make(chan struct{}, 100)
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for {
					made, err := p.remote.Make(t.Context())
					if err == nil {
						_, err = made.Same(t.Context(), &thing{})
					}
					if err != nil {
						if !errors.Is(err, objects.ErrClosed) && !errors.Is(err, objects.ErrGone) && !errors.Is(err, objects.ErrUnreachable) {
							t.Errorf("round %d: %v", round, err)
						}
						return
					}
					select {
					case begun <- struct{}{}:
					default:
					}
				}
			})
		}
		<-begun
		closing := []*objects.Node{p.server, p.client}
		if err := closing[round%2].Close(); err != nil {
			t.Error(err)
		}
		callers.Wait()
	}
}
