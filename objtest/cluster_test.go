package objtest_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
)

// inCluster runs f with a network that has a server, which publishes a Greeter, and a
// client that has opened it.
func inCluster(t *testing.T, f func(t *testing.T, c *objtest.Network, remote hello.Greeter)) {
	synctest.Test(t, func(t *testing.T) {
		c := objtest.Cluster(t)
		publish(t, c.Node("server"))
		remote, err := objects.Open[hello.Greeter](t.Context(), c.Node("client"), "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		f(t, c, remote)
		runtime.KeepAlive(remote)
	})
}

func publish(t *testing.T, n *objects.Node) {
	t.Helper()
	if err := objects.Publish[hello.Greeter](n, "greeter", greeter{}); err != nil {
		t.Fatal(err)
	}
}

// TestClusterDelay: the delay is there, and back.
func TestClusterDelay(t *testing.T) {
	inCluster(t, func(t *testing.T, c *objtest.Network, remote hello.Greeter) {
		c.Link("client", "server").Delay(40 * time.Millisecond)
		c.OneWay("server", "client").Delay(60 * time.Millisecond)
		begun := time.Now()
		if _, err := remote.Greet("Ada"); err != nil || time.Since(begun) != 100*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

// TestClusterLoss: what is silent in one direction is noticed by the keepalive, and
// goes on when the link has healed.
func TestClusterLoss(t *testing.T) {
	inCluster(t, func(t *testing.T, c *objtest.Network, remote hello.Greeter) {
		c.OneWay("server", "client").Lose()
		called := make(chan error, 1)
		go func() {
			_, err := remote.Greet("Ada")
			called <- err
		}()
		<-time.After(50 * time.Second)
		if len(called) > 0 {
			t.Errorf("a call over a link that loses the answers: %v", <-called)
		}
		c.Link("server", "client").Heal()
		if err := <-called; objects.OutcomeOf(err) == objects.NotSent {
			t.Errorf("the call: %v", err)
		}
		if _, err := remote.Greet("Ada"); err != nil {
			t.Errorf("after it healed: %v", err)
		}
	})
}

// TestClusterParts: two of three nodes are parted, for longer than the lease.
func TestClusterParts(t *testing.T) {
	inCluster(t, func(t *testing.T, c *objtest.Network, remote hello.Greeter) {
		third, err := objects.Open[hello.Greeter](t.Context(), c.Node("third"), "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		alive := objects.Alive(remote)
		c.Link("client", "server").Part()
		<-alive.Done()
		if !errors.Is(context.Cause(alive), objects.ErrUnreachable) {
			t.Errorf("the reference ended with %v", context.Cause(alive))
		}
		if _, err := third.Greet("Ada"); err != nil {
			t.Errorf("the node that is not parted: %v", err)
		}
	})
}

// TestCrash: no goodbye is said, and at the same address another node answers.
func TestCrash(t *testing.T) {
	inCluster(t, func(t *testing.T, c *objtest.Network, remote hello.Greeter) {
		begun, alive := time.Now(), objects.Alive(remote)
		c.Crash("server")
		c.Crash("server")
		if time.Since(begun) > 0 {
			t.Errorf("the crash took %v", time.Since(begun))
		}
		<-time.After(30 * time.Second)
		if alive.Err() != nil {
			t.Errorf("the client heard: %v", context.Cause(alive))
		}
		publish(t, c.Restart("server"))
		<-alive.Done()
		if !errors.Is(context.Cause(alive), objects.ErrGone) {
			t.Errorf("the reference ended with %v", context.Cause(alive))
		}
		again, err := objects.Open[hello.Greeter](t.Context(), c.Node("client"), "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Greet("Ada"); err != nil {
			t.Error(err)
		}
	})
}

// TestVanish: peers hear nothing, and notice by the keepalive and the lease.
func TestVanish(t *testing.T) {
	inCluster(t, func(t *testing.T, c *objtest.Network, remote hello.Greeter) {
		begun, alive := time.Now(), objects.Alive(remote)
		c.Vanish("server")
		<-alive.Done()
		if after := time.Since(begun); after < 80*time.Second || after > 90*time.Second {
			t.Errorf("noticed after %v: %v", after, context.Cause(alive))
		}
	})
}

// listening is a Greeter that counts how often it is let go.
type listening struct{ unreferenced atomic.Int64 }

func (*listening) Greet(string) (string, error) { return "", nil }
func (l *listening) Unreferenced()              { l.unreferenced.Add(1) }

// TestClientCrash: a server notices that its client has crashed when the lease is over.
func TestClientCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := objtest.ClusterConfig(t, objects.Config{Lease: 7 * time.Second})
		l := &listening{}
		if err := registry.Bind[hello.Greeter](t.Context(), c.Names(c.Node("client")), "listener", l); err != nil {
			t.Fatal(err)
		}
		remote, err := registry.Lookup[hello.Greeter](t.Context(), c.Names(c.Node("server")), "listener")
		if err != nil {
			t.Fatal(err)
		}
		c.Crash("client")
		if n := l.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times in the node that crashed", n)
		}
		<-objects.Alive(remote).Done()
	})
}

// TestRegistryCrash: the registry knows the names that it has acknowledged, and their
// owners bind them anew.
func TestRegistryCrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := objtest.Cluster(t)
		server, client := c.Names(c.Node("server")), c.Names(c.Node("client"))
		if err := registry.Bind[hello.Greeter](t.Context(), server, "greeter", greeter{}); err != nil {
			t.Fatal(err)
		}
		c.Restart("registry")
		<-time.After(10 * time.Second)
		remote, err := registry.Lookup[hello.Greeter](t.Context(), client, "greeter")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Greet("Ada"); err != nil {
			t.Error(err)
		}
	})
}

// TestNodeConfig: a node has settings of its own, also after a restart.
func TestNodeConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := objtest.Cluster(t)
		limited := objects.Config{Limits: objects.Limits{MessageSize: 1000}}
		publish(t, c.NodeConfig("server", limited))
		publish(t, c.Restart("server"))
		remote, err := objects.Open[hello.Greeter](t.Context(), c.Node("client"), "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := remote.Greet(strings.Repeat("x", 2000)); !errors.Is(err, objects.ErrLimit) {
			t.Errorf("error %v, want ErrLimit", err)
		}
	})
}

// TestAuditOfCrashedNodes: tables are not looked at, goroutines are.
func TestAuditOfCrashedNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{T: t}
		c := objtest.Cluster(r)
		s := stuck{make(chan struct{}), make(chan struct{})}
		if err := objects.Publish[hello.Greeter](c.Node("server"), "greeter", s); err != nil {
			t.Fatal(err)
		}
		remote, err := objects.Open[hello.Greeter](t.Context(), c.Node("client"), "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		go remote.Greet("Ada") // ends with the client
		<-s.called
		c.Crash("server")
		r.end()
		r.wantError(t, "goroutine left behind")
		for _, e := range r.errors {
			if strings.Contains(e, "closing node") || strings.Contains(e, "still holds") {
				t.Errorf("reported %q", e)
			}
		}
		close(s.letGo)
	})
}

// fatal is a recorder whose Fatalf ends the function that called it.
type fatal struct{ recorder }

func (f *fatal) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// TestUnknownNames are misspelt.
func TestUnknownNames(t *testing.T) {
	f := &fatal{recorder{T: t}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c := objtest.Cluster(f)
		c.Node("server")
		c.Link("sever", "registry")
	}()
	<-done
	f.end()
	f.wantError(t, `no node is called "sever", only ["server"]; make it with Node`)
}
