package objects_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/transport"
)

// TestT7OnOneMachine: with default settings, whatever the nodes listen at.
func TestT7OnOneMachine(t *testing.T) {
	dir := t.TempDir()
	for name, urls := range map[string][3]string{ // of owner, introducer and user
		"tcp":   {"tcp://127.0.0.1:0", "tcp://127.0.0.1:0", "tcp://127.0.0.1:0"},
		"unix":  {"unix://" + filepath.Join(dir, "o"), "unix://" + filepath.Join(dir, "i"), "unix://" + filepath.Join(dir, "u")},
		"tls":   {"tls://127.0.0.1:0", "tls://127.0.0.1:0", "tls://127.0.0.1:0"},
		"mixed": {"tcp://127.0.0.1:0", "unix://" + filepath.Join(dir, "m"), "tls://127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			config := quiet
			config.TLS = selfSigned(t)
			m := trioOf(t, objtest.NewConfig(t, config), urls[0], urls[1], urls[2])
			if err := add(t, m.far); err != nil || !objects.Direct(t.Context(), m.far) {
				t.Fatalf("not direct, %v", err)
			}
			alive := objects.Alive(m.far)
			m.introducer.Close()
			if err := add(t, m.far); err != nil || alive.Err() != nil {
				t.Errorf("without the introducer: %v", err)
			}
		})
	}
}

// TestNodesThatOnlyDialStayBehindTheirIntroducer: they have no address.
func TestNodesThatOnlyDialStayBehindTheirIntroducer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet
		config.Advertise = []string{}
		m := newTrio(t, config)
		if err := add(t, m.far); err != nil {
			t.Error(err)
		}
		if n := m.owner.Stats().Sessions; n != 1 {
			t.Errorf("the owner has %d sessions", n)
		}
	})
}

// TestNodeIDsAreMadeOfKeys: they outlive the process.
func TestNodeIDsAreMadeOfKeys(t *testing.T) {
	one, other := selfSigned(t), selfSigned(t)
	id := func(c *tls.Config) string {
		n := objects.NewNode(&objects.Config{TLS: c, Logger: quiet.Logger})
		defer n.Close()
		return n.ID().String()
	}
	ids := []string{id(one), id(one), id(other), id(nil), id(nil)}
	if ids[0] != ids[1] || ids[0] == ids[2] || ids[3] == ids[4] {
		t.Errorf("ids do not follow keys: %v", ids)
	}
	leaf, err := x509.ParseCertificate(one.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	if got := id(one); got[14] != '8' || got[:8] != hex.EncodeToString(key[:4]) {
		t.Errorf("%s of the key %x", got, key)
	}
}

// TestO6ANewIncarnationExpiresTheOld: a node that proves its key is known to have
// restarted, and what it held before is given up at once. Others are left alone.
func TestO6ANewIncarnationExpiresTheOld(t *testing.T) {
	keys := selfSigned(t)
	server, err := objects.Listen(t.Context(), "tls://127.0.0.1:0", &objects.Config{TLS: keys, Logger: quiet.Logger, Lease: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	gone := make(chan struct{})
	if err := objects.Publish[sample.Thing](server, "thing", &thing{gone: func() { close(gone) }}); err != nil {
		t.Fatal(err)
	}
	connect := func() *rawPeer {
		hello := rawHello()
		p, status, err := greetRawWith(t, &transport.Config{TLS: keys}, server.Addrs()[0], &hello)
		if status != wire.StatusNew || err != nil {
			t.Fatal(status, err)
		}
		return p
	}
	first := connect()
	first.open("thing")
	other := connect() // shares the key
	other.arrive()
	objects.Unpublish(server, "thing")
	first.conn.Abort(nil) // it crashes
	for server.Stats().Leases == 0 {
		runtime.Gosched()
	}
	connect().arrive()
	<-gone
	if n := server.Stats().Sessions; n != 2 {
		t.Errorf("%d sessions, of which one is of another process and one new", n)
	}
}

// TestT3OrderOfCalls: calls that give up while the object is being claimed run nowhere
// later, and those after them in order.
func TestT3OrderOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		if err := add(t, m.far); err != nil {
			t.Fatal(err)
		}
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var seen []int64
		m.local.made[0].calls = func(_ context.Context, a int64) { seen = append(seen, a) }
		m.kit.Part(m.owner) // the claim waits
		far := m.introduce(t, made)
		for i := range int64(20) {
			if i == 3 {
				m.kit.Heal(m.owner)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			far.Add(ctx, i, 0)
			cancel()
		}
		for i := int64(20); i < 30; i++ {
			if _, err := far.Add(t.Context(), i, 0); err != nil {
				t.Fatal(err)
			}
		}
		for i := 1; i < len(seen); i++ {
			if seen[i] <= seen[i-1] {
				t.Errorf("calls began in the order %v", seen)
			}
		}
		if !objects.Direct(t.Context(), far) || seen[len(seen)-1] != 29 {
			t.Errorf("not direct, or calls are lost: %v", seen)
		}
	})
}

// TestT5AReleaseWaitsForTheClaim: the vine is given back when the owner has answered,
// and so is what it then grants.
func TestT5AReleaseWaitsForTheClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		if err := add(t, m.far); err != nil {
			t.Fatal(err)
		}
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.kit.Part(m.owner)
		far := m.introduce(t, made)
		objects.Release(far)
		if err := add(t, far); err == nil {
			t.Error("a released reference can be called")
		}
		<-time.After(time.Second)
		if n := m.introducer.Stats().Exports; n != 1 {
			t.Errorf("%d forwarders while the claim is open", n)
		}
		m.kit.Heal(m.owner)
		<-time.After(10 * time.Second)
		if n := m.introducer.Stats().Exports; n != 0 || m.user.Stats().Claims != 0 {
			t.Errorf("%d forwarders, %d claims", n, m.user.Stats().Claims)
		}
		objects.Release(made)
		settled()
		if m.local.made[0].unreferenced.Load() != 1 {
			t.Error("the object is still held")
		}
	})
}

// TestLongChains: each of many nodes passes the object on to the next.
func TestLongChains(t *testing.T) {
	for name, config := range map[string]objects.Config{"direct": quiet, "vine": forwarding} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTrio(t, config)
				last, at := m.far, m.user
				for range 20 {
					next := m.kit.Node()
					last, at = lend(t, at, next, last), next
				}
				if err := add(t, last); err != nil {
					t.Fatal(err)
				}
				if direct := objects.Direct(t.Context(), last); direct != (name == "direct") {
					t.Errorf("direct: %v", direct)
				}
				objects.Release(last)
			})
		})
	}
}

// TestIntroductionsAtOnceByMany: whoever wins, all can be called.
func TestIntroductionsAtOnceByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		got := make(chan sample.Thing)
		for range 8 {
			other := m.kit.Node()
			lent := lend(t, m.owner, other, m.local)
			if err := objects.Publish(other, "passed on", lent); err != nil {
				t.Fatal(err)
			}
			go func() {
				far, err := objects.Open[sample.Thing](t.Context(), m.user, other.Addrs()[0], "passed on")
				if err != nil {
					t.Error(err)
				}
				got <- far
			}()
		}
		for range 8 {
			if err := add(t, <-got); err != nil {
				t.Error(err)
			}
		}
		if again := lend(t, m.owner, m.user, m.local); again != m.introduce(t, m.near) {
			t.Error("in the end there are two proxies that the owner gave")
		}
	})
}

// TestAnOwnerThatCannotBeReachedCostsOneWait: not one for each of its objects. Later it
// is tried again.
func TestAnOwnerThatCannotBeReachedCostsOneWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		deaf := quiet
		deaf.PipeNet, deaf.Advertise = m.kit.PipeNet(), []string{hole(t, m)}
		owner, err := objects.Listen(t.Context(), "pipe://deaf", &deaf)
		if err != nil {
			t.Fatal(err)
		}
		defer owner.Close()
		root := lend(t, owner, m.introducer, &thing{name: "deaf"})
		first := func() time.Duration {
			t.Helper()
			made, err := root.Make(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			far, start := m.introduce(t, made), time.Now()
			if err := add(t, far); err != nil {
				t.Error(err)
			}
			return time.Since(start)
		}
		if took := first(); took != 2*time.Second {
			t.Errorf("the first call took %v", took)
		}
		<-time.After(5 * time.Second) // the dial has ended
		for range 10 {
			if took := first(); took != 0 {
				t.Errorf("a call on another object took %v", took)
			}
		}
		<-time.After(31 * time.Second)
		if took := first(); took != 2*time.Second {
			t.Errorf("later, a call took %v", took)
		}
	})
}
