package objects_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
)

// stranger is an interface that no object of these tests implements, and that
// shares no method with Thing.
type stranger interface {
	Nope(ctx context.Context) error
}

type strangerProxy struct{ ref *proxy.Ref }

func (p *strangerProxy) ProxyRef() *proxy.Ref { return p.ref }
func (p *strangerProxy) Nope(ctx context.Context) error {
	c := p.ref.Begin(ctx, &strangerInterface.Methods[0])
	c.Args.Array(0)
	c.Invoke()
	return c.End()
}

var strangerInterface = proxy.Register[stranger](&proxy.Interface{
	Name: "example.com/test.Stranger",
	New:  func(ref *proxy.Ref) any { return &strangerProxy{ref} },
	Methods: []proxy.Method{{
		Name:      "Nope",
		Signature: "Nope(ctx context.Context) error",
		Serve: func(ctx context.Context, object any, _ *proxy.Incoming) error {
			return object.(stranger).Nope(ctx)
		},
	}},
})

func refOf(v any) *proxy.Ref { return v.(proxy.Proxy).ProxyRef() }

// failures provokes every kind of runtime error that a user can meet, by name, with
// pairs of nodes that newPair makes.
func failures(t *testing.T, newPair func(*testing.T, objects.Config) *pair) map[string]error {
	t.Helper()
	ctx, all := t.Context(), map[string]error{}
	p := newPair(t, brittle)
	url := p.server.Addrs()[0]
	call := func(name string, answer any) {
		p.local.answer = answer
		_, err := p.remote.Any(ctx, 1)
		all[name] = err
		p.local.answer = nil
	}

	all["unknown method"] = (&strangerProxy{refOf(p.remote)}).Nope(ctx)
	_, all["unknown interface"] = objects.As[stranger](ctx, p.remote)
	_, all["unknown interface of a local value"] = objects.As[stranger](ctx, p.local)
	_, all["unknown name"] = objects.Open[sample.Thing](ctx, p.client, url, "nothing")
	_, all["not the interface asked for"] = objects.Open[stranger](ctx, p.client, url, "thing")
	_, all["not an exported interface"] = objects.Open[fmt.Stringer](ctx, p.client, url, "thing")
	all["inspected by a stranger"] = inspectError(ctx, newPair(t, secretive))
	all["published twice"] = objects.Publish[sample.Thing](p.server, "thing", p.local)
	all["published nil"] = objects.Publish[sample.Thing](p.server, "none", nil)
	_, all["pinned nil"] = objects.Pin(p.server, nil)
	_, all["pinned what nobody can call"] = objects.Pin(p.server, 7)
	_, all["pinned what cannot be compared"] = objects.Pin(p.server, []int{7})
	_, all["weak reference to no pointer"] = objects.NewWeakRef[sample.Named](ctx, name("x"))
	_, all["weak reference to nil"] = objects.NewWeakRef[sample.Thing](ctx, nil)
	all["weak reference to another's value"] = weakenValue(ctx, p)
	_, all["called after its idle limit"] = forgotten(t, p).Add(ctx, 1, 2)
	all["address without scheme"] = p.server.Listen(ctx, "localhost:7000")
	all["plaintext beyond loopback"] = p.server.Listen(ctx, "tcp://0.0.0.0:0")
	all["nobody listens"] = openError(ctx, p.client, "pipe://nobody")
	all["own address"] = pingError(ctx, p.client)

	call("result that cannot be encoded", []any{1, map[string]any{"a": []any{make(chan int)}}})
	call("result too deep", nested(40))
	call("result too large", make([]byte, 5<<20))
	_, all["argument that cannot be encoded"] = p.remote.Any(ctx, map[string]any{"x": func() {}})
	_, all["argument too large"] = p.remote.Bytes(ctx, make([]byte, 5<<20))
	all["panic"] = p.remote.Panic(ctx, "kaboom")

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, all["cancelled before"] = p.remote.Add(cancelled, 1, 2)
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	block := make(chan struct{})
	if !p.direct { // or the method's own error may come first
		p.local.block = block
	}
	all["deadline passed meanwhile"] = p.remote.Wait(short)
	close(block)
	synctest.Wait()
	p.local.block = nil

	made, err := p.remote.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	objects.Release(made)
	_, all["released"] = made.Add(ctx, 1, 2)
	all["alive, released"] = context.Cause(objects.Alive(made))

	made, err = p.remote.Make(ctx)
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{}, 1)
	p.local.started = started
	waited := make(chan error, 1)
	go func() { waited <- p.remote.Wait(ctx) }()
	<-started
	p.kit.Cut(p.server)
	all["connection lost meanwhile"] = <-waited
	_, all["connection lost before"] = made.Add(ctx, 1, 2)
	p.local.started = nil
	synctest.Wait() // the session has ended, and the next Open dials

	again, err := objects.Open[sample.Thing](ctx, p.client, url, "thing")
	if err != nil {
		t.Fatal(err)
	}
	p.server.Close()
	synctest.Wait()
	_, all["owner closed"] = again.Add(ctx, 1, 2)
	p.client.Close()
	_, all["own node closed"] = again.Add(ctx, 1, 2)
	all["dialling from a closed node"] = openError(ctx, p.client, url)
	all["owner restarted"] = restarted(t, newPair)
	return all
}

// secretive is the configuration of nodes that show nobody what they hold.
var secretive = objects.Config{Logger: quiet.Logger, Inspect: func(objects.Peer) bool { return false }}

// restarted calls an object of a node that crashed, after the caller has seen
// that another node answers at its address.
func restarted(t *testing.T, newPair func(*testing.T, objects.Config) *pair) error {
	p := newPair(t, brittle)
	url := p.server.Addrs()[0]
	p.kit.Cut(p.server)
	synctest.Wait()
	p.server.Close()
	p.kit.NodeAt(url)
	if err := openError(t.Context(), p.client, url); !errors.Is(err, objects.ErrNoSuchObject) {
		t.Errorf("the new owner: %v", err)
	}
	_, err := p.remote.Add(t.Context(), 1, 2)
	return err
}

func openError(ctx context.Context, n *objects.Node, url string) error {
	_, err := objects.Open[sample.Thing](ctx, n, url, "thing")
	return err
}

func pingError(ctx context.Context, n *objects.Node) error {
	_, err := objects.Ping(ctx, n, n.Addrs()[0])
	return err
}

func inspectError(ctx context.Context, p *pair) error {
	_, err := objects.Inspect(ctx, p.client, p.server.Addrs()[0])
	return err
}

// forgotten returns an object that was idle for too long.
func forgotten(t *testing.T, p *pair) sample.Thing {
	v := lend(t, p.server, p.client, &limitedThing{limit: time.Minute})
	<-time.After(2 * time.Minute)
	return v
}

// name is an object that is no pointer.
type name string

func (n name) Name(context.Context) (string, error) { return string(n), nil }

func weakenValue(ctx context.Context, p *pair) error {
	if err := objects.Publish[sample.Named](p.server, "value", name("x")); err != nil {
		return err
	}
	remote, err := objects.Open[sample.Named](ctx, p.client, p.server.Addrs()[0], "value")
	if err != nil {
		return err
	}
	_, err = objects.NewWeakRef(ctx, remote)
	return err
}

func nested(depth int) any {
	var v any = 1
	for range depth {
		v = []any{v}
	}
	return v
}

var update = flag.Bool("update", false, "write testdata/errors.golden anew")

// TestErrorTexts compares the texts, codes and outcomes of the runtime's errors
// with testdata/errors.golden. -update writes the file.
func TestErrorTexts(t *testing.T) {
	const golden = "testdata/errors.golden"
	synctest.Test(t, func(t *testing.T) {
		all := failures(t, newPair)
		var b strings.Builder
		for _, name := range sortedKeys(all) {
			err := all[name]
			if err == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			e, ok := errors.AsType[*objects.Error](err)
			if !ok {
				t.Errorf("%s: %T is no *objects.Error: %v", name, err, err)
				continue
			}
			b.WriteString(described(name, e))
		}
		if *update {
			os.MkdirAll(filepath.Dir(golden), 0o755)
			if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("error texts changed; got\n%s\nwant\n%s", b.String(), want)
		}
	})
}

func described(name string, e *objects.Error) string {
	return fmt.Sprintf("%s [%v, %v]\n\t%s\n", name, e.Code, objects.OutcomeOf(e), anonymous(e.Error()))
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func anonymous(text string) string { return uuids.ReplaceAllString(text, "UUID") }

func sortedKeys(m map[string]error) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestConnectionLivesAfterBadCalls makes every failing call that concerns one
// call alone; the session must be the same afterwards.
func TestConnectionLivesAfterBadCalls(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		alive := objects.Alive(p.remote)
		if err := (&strangerProxy{refOf(p.remote)}).Nope(t.Context()); !errors.Is(err, objects.ErrNoSuchMethod) || objects.OutcomeOf(err) != objects.FailedThere {
			t.Errorf("unknown method: %v", err)
		}
		p.local.answer = make([]byte, 5<<20)
		if _, err := p.remote.Any(t.Context(), 1); !errors.Is(err, objects.ErrLimit) {
			t.Errorf("too large: %v", err)
		}
		p.local.answer = make(chan int)
		if _, err := p.remote.Any(t.Context(), 1); !errors.Is(err, objects.ErrBadResults) {
			t.Errorf("unencodable: %v", err)
		}
		if sum, err := p.remote.Add(t.Context(), 1, 2); sum != 3 || err != nil {
			t.Errorf("Add = %d, %v", sum, err)
		}
		if alive.Err() != nil {
			t.Errorf("the session ended: %v", context.Cause(alive))
		}
	})
}

func TestCloseThatHangsSaysWhatHoldsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun := time.Now()
		err := p.server.Shutdown(ctx)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("Shutdown took %v", took)
		}
		if err == nil || !strings.Contains(err.Error(), "sample.Thing.Wait for pipe://") {
			t.Errorf("Shutdown = %v", err)
		}
		close(p.local.block)
		synctest.Wait()
	})
}

func TestCloseWaitsForRunningMethods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		waited := make(chan error, 1)
		go func() { waited <- p.remote.Wait(t.Context()) }()
		<-p.local.started
		closed := make(chan error, 1)
		go func() { closed <- p.server.Close() }()
		synctest.Wait()
		if _, err := p.remote.Add(t.Context(), 1, 2); !errors.Is(err, objects.ErrClosed) || objects.OutcomeOf(err) == objects.OutcomeUnknown {
			t.Errorf("call on a draining node: %v", err)
		}
		close(p.local.block)
		if err := <-waited; err != nil {
			t.Errorf("the call that was running: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close = %v", err)
		}
	})
}

func TestPeerIdentityIsInTheContext(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		var peer objects.Peer
		p.local.calls = func(ctx context.Context, _ int64) { peer, _ = objects.PeerFrom(ctx) }
		if _, err := p.remote.Add(t.Context(), 1, 2); err != nil {
			t.Fatal(err)
		}
		if peer.Incarnation != p.client.Incarnation() || peer.Node != p.client.ID() {
			t.Errorf("the caller is %+v", peer)
		}
		if scheme := peer.Transport.Scheme; scheme == "tls" && !peer.Transport.HasPeerKey {
			t.Error("no key of the caller on tls")
		} else if scheme == "tls" && len(peer.Transport.PeerCertificates) != 1 {
			t.Error("no certificate of the caller on tls")
		}
	})
}

func TestRequestsOnOneReferenceAreDeliveredInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A call is delivered when its goroutine is started; with one running at
		// a time the order of delivery is the order of running.
		p := newPair(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Running: 1}})
		var got []int64
		p.local.calls = func(_ context.Context, a int64) { got = append(got, a) }
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		for i := range int64(100) {
			go p.remote.Add(t.Context(), i, 0)
			synctest.Wait() // the call is on its way before the next is made
		}
		close(p.local.block)
		synctest.Wait()
		if len(got) != 100 {
			t.Fatalf("%d calls arrived", len(got))
		}
		for i, a := range got {
			if a != int64(i) {
				t.Fatalf("call %d ran as number %d", a, i)
			}
		}
	})
}

func TestThePeersImportsAreNotExceeded(t *testing.T) {
	p := newPair(t, quiet)
	small := objects.NewNode(&objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Imports: 3}})
	defer small.Close()
	if err := p.server.Listen(t.Context(), "tcp://127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	remote, err := objects.Open[sample.Thing](t.Context(), small, p.server.Addrs()[1], "thing")
	if err != nil {
		t.Fatal(err)
	}
	var held []sample.Thing
	for {
		made, err := remote.Make(t.Context())
		if err != nil {
			if !errors.Is(err, objects.ErrLimit) || len(held) != 2 {
				t.Errorf("after %d objects: %v", len(held), err)
			}
			break
		}
		held = append(held, made)
	}
	objects.Release(held[0])
	p.local.gone = nil
	if _, err := remote.Add(t.Context(), 1, 1); err != nil {
		t.Error(err)
	}
}

// TestReferencesUpToTheLimitTravel passes as many references as the limits allow,
// more than the default.
func TestReferencesUpToTheLimitTravel(t *testing.T) {
	const limit = 3000
	p := newPair(t, objects.Config{Limits: objects.Limits{References: limit}})
	things := make([]sample.Thing, limit)
	for i := range things {
		things[i] = &thing{}
	}
	back, err := p.remote.SameMany(t.Context(), map[string][]sample.Thing{"all": things})
	if err != nil || !slices.Equal(back["all"], things) {
		t.Fatalf("%d came back, error %v", len(back["all"]), err)
	}
	_, err = p.remote.SameMany(t.Context(), map[string][]sample.Thing{"all": append(things, &thing{})})
	if !errors.Is(err, objects.ErrBadArguments) || objects.OutcomeOf(err) != objects.NotSent {
		t.Errorf("one more than the limit: %v", err)
	}
}

// TestAnswersBeyondTheLimitAreErrors makes the fault of a call larger than a
// message may be; it must not end the session.
func TestAnswersBeyondTheLimitAreErrors(t *testing.T) {
	const limit = 40_000
	p := newPair(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{MessageSize: limit}})
	err := p.remote.Panic(t.Context(), strings.Repeat("x", limit-10))
	if !errors.Is(err, objects.ErrLimit) || objects.OutcomeOf(err) != objects.FailedThere {
		t.Errorf("error %.200v", err)
	}
	if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// TestPeersLimitOfStreamsIsKept sends many bodies at once to a node that takes
// few.
func TestPeersLimitOfStreamsIsKept(t *testing.T) {
	server := objtest.NewConfig(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Streams: 2}}).NodeAt("tcp://127.0.0.1:0")
	if err := objects.Publish[sample.Thing](server, "thing", &thing{}); err != nil {
		t.Fatal(err)
	}
	client := objtest.NewConfig(t, quiet).Node()
	remote, err := objects.Open[sample.Thing](t.Context(), client, server.Addrs()[0], "thing")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 30 {
		go func() {
			_, err := remote.Bytes(t.Context(), make([]byte, 100_000))
			done <- err
		}()
	}
	for range 30 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
