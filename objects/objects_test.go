package objects_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// thing implements sample.Thing and sample.Named.
type thing struct {
	name         string
	started      chan struct{} // receives when Wait begins; may be nil
	block        chan struct{} // Wait ignores its context until this is closed; may be nil
	answer       any           // what Any returns; nil: what it was given
	calls        func(ctx context.Context, a int64)
	takes        func() // what Bytes does first; may be nil
	named        func() // what Name does first; may be nil
	unreferenced atomic.Int64
	gone         func()

	mu   sync.Mutex
	made []*thing
}

func (o *thing) Echo(_ context.Context, item sample.Item) (sample.Item, error) { return item, nil }
func (o *thing) Name(context.Context) (string, error) {
	if o.named != nil {
		o.named()
	}
	return o.name, nil
}
func (o *thing) Panic(_ context.Context, text string) error {
	if text == "exit" {
		runtime.Goexit()
	}
	panic(text)
}
func (o *thing) Same(_ context.Context, t sample.Thing) (sample.Thing, error) { return t, nil }
func (o *thing) SameMany(_ context.Context, t map[string][]sample.Thing) (map[string][]sample.Thing, error) {
	return t, nil
}

func (o *thing) Bytes(_ context.Context, body []byte) ([]byte, error) {
	if o.takes != nil {
		o.takes()
	}
	return body, nil
}

func (o *thing) Add(ctx context.Context, a, b int64) (int64, error) {
	if o.calls != nil {
		o.calls(ctx, a)
	}
	return a + b, nil
}

func (o *thing) Any(_ context.Context, v any) (any, error) {
	if o.answer != nil {
		return o.answer, nil
	}
	return v, nil
}

func (o *thing) Deadline(ctx context.Context) (time.Duration, error) {
	if d, ok := ctx.Deadline(); ok {
		return time.Until(d), nil
	}
	return 0, nil
}

func (o *thing) Fail(_ context.Context, kind string) (int, error) {
	switch kind {
	case "sentinel":
		return 7, sample.ErrEmpty
	case "wrapped":
		return 7, fmt.Errorf("while testing: %w", sample.ErrEmpty)
	case "type":
		return 7, &sample.RangeError{Min: 3, Max: 5}
	case "joined":
		return 7, errors.Join(io.EOF, &sample.RangeError{Min: 1, Max: 2})
	case "onward": // of a call that the method made itself
		return 7, &objects.Error{Code: objects.CodeGone, Op: "sample.Thing.Add", Outcome: objects.NotSent}
	}
	return 7, errors.New("plain " + kind)
}

func (o *thing) Make(context.Context) (sample.Thing, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := &thing{name: fmt.Sprintf("%s.%d", o.name, len(o.made)), gone: o.gone}
	o.made = append(o.made, t)
	return t, nil
}

func (o *thing) Nest(ctx context.Context, back sample.Thing, depth int) (int, error) {
	if depth == 0 {
		return 0, nil
	}
	n, err := back.Nest(ctx, o, depth-1)
	return n + 1, err
}

func (o *thing) Wait(ctx context.Context) error {
	if o.started != nil {
		o.started <- struct{}{}
	}
	if o.block != nil {
		<-o.block
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (o *thing) Unreferenced() {
	o.unreferenced.Add(1)
	if o.gone != nil {
		o.gone()
	}
}

// pair is a serving and a calling node, and the served object as both see it.
type pair struct {
	kit    *objtest.Kit
	server *objects.Node
	client *objects.Node
	local  *thing
	remote sample.Thing
	direct bool // calls do not travel
}

func newPair(t *testing.T, config objects.Config) *pair {
	t.Helper()
	return newPairAt(t, config, "pipe://server")
}

func newPairAt(t *testing.T, config objects.Config, url string) *pair {
	t.Helper()
	return pairOf(t, objtest.NewConfig(t, config), url)
}

func pairOf(t *testing.T, kit *objtest.Kit, url string) *pair {
	t.Helper()
	p := &pair{kit: kit, local: &thing{name: "root"}}
	p.server, p.client = p.kit.NodeAt(url), p.kit.Node()
	if err := objects.Publish[sample.Thing](p.server, "thing", p.local); err != nil {
		t.Fatal(err)
	}
	var err error
	p.remote, err = objects.Open[sample.Thing](t.Context(), p.client, p.server.Addrs()[0], "thing")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onEveryTransport runs a test over each scheme.
func onEveryTransport(t *testing.T, test func(t *testing.T, p *pair)) {
	for scheme, url := range map[string]string{
		"pipe": "pipe://server",
		"tcp":  "tcp://127.0.0.1:0",
		"unix": "unix://" + filepath.Join(t.TempDir(), "s"),
		"tls":  "tls://127.0.0.1:0",

		"tcp, lane through yamux": "tcp://127.0.0.1:0",
	} {
		t.Run(scheme, func(t *testing.T) {
			through := strings.HasSuffix(scheme, "through yamux")
			test(t, newPairAt(t, objects.Config{TLS: selfSigned(t), ThroughYamux: through}, url))
		})
	}
}

// selfSigned is the configuration of a node that trusts nobody but itself.
func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool, ClientCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}
}

var quiet = objects.Config{Logger: slog.New(slog.DiscardHandler)}

// forwarding is for nodes that dial nobody who is introduced to them: an object of a
// third node stays a forwarder of the one that passed it on.
var forwarding = objects.Config{Logger: quiet.Logger, DialPolicy: func(objects.Introduction) bool { return false }}

// brittle is for nodes whose sessions end with their connections.
var brittle = objects.Config{Logger: quiet.Logger, Lease: -1}

func TestCall(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		sum, err := p.remote.Add(t.Context(), 2, 40)
		if sum != 42 || err != nil {
			t.Fatalf("Add = %d, %v", sum, err)
		}
		item := sample.Item{ID: 7, Name: "cup", Price: 2.5}
		if got, err := p.remote.Echo(t.Context(), item); got != item || err != nil {
			t.Fatalf("Echo = %+v, %v", got, err)
		}
	})
}

func TestManyCallers(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		var callers sync.WaitGroup
		for i := range int64(1000) {
			callers.Go(func() {
				if sum, err := p.remote.Add(t.Context(), i, 1); sum != i+1 || err != nil {
					t.Errorf("Add(%d, 1) = %d, %v", i, sum, err)
				}
			})
		}
		callers.Wait()
	})
}

func TestReferenceComesHomeAsTheGoValue(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		mine := &thing{name: "mine"}
		back, err := p.remote.Same(t.Context(), mine)
		if err != nil || back != sample.Thing(mine) {
			t.Fatalf("Same = %v, %v; want the value passed", back, err)
		}
		if none, err := p.remote.Same(t.Context(), nil); none != nil || err != nil {
			t.Fatalf("Same(nil) = %v, %v", none, err)
		}
		many, err := p.remote.SameMany(t.Context(), map[string][]sample.Thing{"a": {mine, nil, p.remote}})
		if err != nil || many["a"][0] != sample.Thing(mine) || many["a"][1] != nil || many["a"][2] != p.remote {
			t.Fatalf("SameMany = %v, %v", many, err)
		}
	})
}

func TestTwoReceiptsAreTheSameProxy(t *testing.T) {
	p := newPair(t, objects.Config{})
	again, err := objects.Open[sample.Thing](t.Context(), p.client, p.server.Addrs()[0], "thing")
	if err != nil || again != p.remote {
		t.Fatalf("second receipt is another proxy: %v, %v", again, err)
	}
	if seen := map[sample.Thing]bool{p.remote: true}; !seen[again] {
		t.Fatal("proxies are not usable as map keys")
	}
}

func TestAsGivesTheOtherInterfaceOfOneObject(t *testing.T) {
	p := newPair(t, objects.Config{})
	named, err := objects.As[sample.Named](t.Context(), p.remote)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := named.Name(t.Context()); name != "root" || err != nil {
		t.Fatalf("Name = %q, %v", name, err)
	}
	if back, err := objects.As[sample.Thing](t.Context(), named); back != p.remote || err != nil {
		t.Fatalf("As back = %v, %v; want the first proxy", back, err)
	}
	if _, err := objects.As[objects.PeerService](t.Context(), p.remote); !errors.Is(err, objects.ErrNoSuchInterface) {
		t.Fatalf("As[PeerService] = %v", err)
	}
}

func TestErrorsCrossTheWire(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		fail := func(kind string) error {
			n, err := p.remote.Fail(t.Context(), kind)
			if n != 7 {
				t.Errorf("%s: the result beside the error is %d, want 7", kind, n)
			}
			if objects.OutcomeOf(err) != objects.FailedThere {
				t.Errorf("%s: outcome %v", kind, objects.OutcomeOf(err))
			}
			return err
		}
		if err := fail("sentinel"); err != sample.ErrEmpty {
			t.Errorf("sentinel: %#v", err)
		}
		if err := fail("wrapped"); !errors.Is(err, sample.ErrEmpty) || err.Error() != "while testing: sample: empty" {
			t.Errorf("wrapped: %v", err)
		}
		if e, ok := errors.AsType[*sample.RangeError](fail("type")); !ok || e.Max != 5 {
			t.Errorf("type: %v", e)
		}
		joined := fail("joined")
		if e, ok := errors.AsType[*sample.RangeError](joined); !ok || e.Max != 2 || !errors.Is(joined, io.EOF) {
			t.Errorf("joined: %v", joined)
		}
		if err := fail("onward"); !errors.Is(err, objects.ErrGone) {
			t.Errorf("onward: %v", err)
		}
		if err := fail("x"); err == nil || err.Error() != "plain x" {
			t.Errorf("plain: %v", err)
		}
	})
}

func TestPanicIsAnErrorAndTheProcessLives(t *testing.T) {
	var log strings.Builder
	p := newPair(t, objects.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	err := p.remote.Panic(t.Context(), "kaboom")
	if !errors.Is(err, objects.ErrPanic) || !strings.Contains(err.Error(), "kaboom") {
		t.Fatalf("Panic = %v", err)
	}
	if !strings.Contains(log.String(), "objects_test.go") {
		t.Errorf("the owner's log has no stack: %s", log.String())
	}
	if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
		t.Fatalf("after the panic: %v", err)
	}
}

// TestAMethodMayEndItsGoroutine: as the FailNow of a test does. The caller gets an
// error, and those behind it their answers.
func TestAMethodMayEndItsGoroutine(t *testing.T) {
	p := newPair(t, objects.Config{Limits: objects.Limits{Running: 1}})
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			err := p.remote.Panic(t.Context(), "exit")
			if !errors.Is(err, objects.ErrPanic) || !strings.Contains(err.Error(), "runtime.Goexit") {
				t.Errorf("got %v", err)
			}
			if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

func TestCallbacksNestAThousandDeep(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		n, err := p.remote.Nest(t.Context(), &thing{}, 1000)
		if n != 1000 || err != nil {
			t.Fatalf("Nest = %d, %v", n, err)
		}
	})
}

func TestLargeBodies(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		for _, size := range []int{0, 1, 32 << 10, 32<<10 + 1, 1 << 20, 4<<20 - 16} {
			body := []byte(strings.Repeat("x", size))
			got, err := p.remote.Bytes(t.Context(), body)
			if err != nil || string(got) != string(body) {
				t.Fatalf("%d bytes came back as %d, %v", size, len(got), err)
			}
		}
		_, err := p.remote.Bytes(t.Context(), make([]byte, 5<<20))
		if !errors.Is(err, objects.ErrLimit) || objects.OutcomeOf(err) != objects.NotSent {
			t.Fatalf("5 MiB: %v", err)
		}
		for _, word := range []string{"sample.Thing.Bytes", "argument 1 (body bytes)", "4194304"} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("error does not name %q: %v", word, err)
			}
		}
	})
}
