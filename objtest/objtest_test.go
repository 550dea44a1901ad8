package objtest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
)

type greeter struct{}

func (greeter) Greet(name string) (string, error) { return "Hello, " + name + "!", nil }

// meet binds a Greeter in one node, and looks it up from another.
func meet(t testing.TB, kit *objtest.Kit, g hello.Greeter) hello.Greeter {
	t.Helper()
	owner := kit.Node()
	if err := registry.Bind[hello.Greeter](t.Context(), kit.Names(owner), "greeter", g); err != nil {
		t.Fatal(err)
	}
	remote, err := registry.Lookup[hello.Greeter](t.Context(), kit.Names(kit.Node()), "greeter")
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

func greet(t *testing.T) {
	remote := meet(t, objtest.New(t), greeter{})
	if text, err := remote.Greet("you"); text != "Hello, you!" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestParallel: the nodes of one kit meet nobody else's, in bubbles and outside.
func TestParallel(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint("outside ", i), func(t *testing.T) {
			t.Parallel()
			greet(t)
		})
		t.Run(fmt.Sprint("bubble ", i), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, greet)
		})
	}
}

// open has server publish a Greeter, and opens it from a node beside it.
func open(t *testing.T, kit *objtest.Kit, server *objects.Node) hello.Greeter {
	t.Helper()
	if err := objects.Publish[hello.Greeter](server, "greeter", greeter{}); err != nil {
		t.Fatal(err)
	}
	remote, err := objects.Open[hello.Greeter](t.Context(), kit.Node(), server.Addrs()[0], "greeter")
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// TestCut: a session goes on with another connection.
func TestCut(t *testing.T) {
	kit := objtest.New(t)
	server := kit.Node()
	remote := open(t, kit, server)
	kit.Cut(server)
	if _, err := remote.Greet("Ada"); err != nil {
		t.Error(err)
	}
	if alive := objects.Alive(remote); alive.Err() != nil {
		t.Errorf("the reference ended with %v", context.Cause(alive))
	}
}

// TestPart: references end when their session was parted for the lease, and a session
// that healed before goes on.
func TestPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t)
		server := kit.Node()
		remote := open(t, kit, server)
		alive := objects.Alive(remote)
		kit.Part(server)
		<-time.After(50 * time.Second)
		kit.Heal(server)
		if _, err := remote.Greet("Ada"); err != nil || alive.Err() != nil {
			t.Errorf("after it healed: %v, %v", err, context.Cause(alive))
		}
		kit.Part(server)
		<-alive.Done()
		if err := context.Cause(alive); !errors.Is(err, objects.ErrUnreachable) {
			t.Errorf("the reference ended with %v, want ErrUnreachable", err)
		}
		runtime.KeepAlive(remote)
	})
}

// TestPartRegistry: what was looked up outlives the registry's sessions, and the owner
// binds its names anew.
func TestPartRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		kit := objtest.New(t)
		server, client := kit.Names(kit.Node()), kit.Names(kit.Node())
		if err := registry.Bind[hello.Greeter](ctx, server, "greeter", greeter{}); err != nil {
			t.Fatal(err)
		}
		remote, err := registry.Lookup[hello.Greeter](ctx, client, "greeter")
		if err != nil {
			t.Fatal(err)
		}
		alive := objects.Alive(remote)
		kit.Part(kit.Registry())
		<-time.After(2 * time.Minute) // the lease is over
		if _, err := remote.Greet("Ada"); err != nil || alive.Err() != nil {
			t.Errorf("without the registry: %v, %v", err, context.Cause(alive))
		}
		kit.Heal(kit.Registry())
		synctest.Wait() // the registry has noticed, too: the name is not bound as it was
		for event, err := range client.Watch(ctx, "greeter") {
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind == registry.Bound {
				break
			}
		}
		if _, err := registry.Lookup[hello.Greeter](ctx, client, "greeter"); err != nil {
			t.Errorf("after the owner came back: %v", err)
		}
		runtime.KeepAlive(remote)
	})
}

// TestFreeze: silence is noticed when the keepalive has waited for it, by the
// bubble's clock.
func TestFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.NewConfig(t, objects.Config{KeepAlive: time.Hour, KeepAliveTimeout: time.Minute, Lease: -1})
		server := kit.Node()
		remote := open(t, kit, server)
		begun := time.Now()
		kit.Freeze(server)
		<-objects.Alive(remote).Done()
		if waited := time.Since(begun); waited < time.Hour || waited > 2*time.Hour {
			t.Errorf("the silence was noticed after %v", waited)
		}
		runtime.KeepAlive(remote)
	})
}

// TestNodeAt has nodes of one kit talk over a real network.
func TestNodeAt(t *testing.T) {
	kit := objtest.New(t)
	if _, err := open(t, kit, kit.NodeAt("tcp://127.0.0.1:0")).Greet("you"); err != nil {
		t.Error(err)
	}
}

// recorder is a testing.TB that keeps what a kit reports.
type recorder struct {
	*testing.T
	cleanups []func()
	errors   []string
}

func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for len(r.cleanups) > 0 {
		last := len(r.cleanups) - 1
		f := r.cleanups[last]
		r.cleanups = r.cleanups[:last]
		f()
	}
}

func (r *recorder) wantError(t *testing.T, text string) {
	t.Helper()
	for _, e := range r.errors {
		if strings.Contains(e, text) {
			return
		}
	}
	t.Errorf("the audit reported %q, want %q", r.errors, text)
}

// TestAuditPasses is the other half of the tests below: their recorder reports
// nothing of a test that leaves nothing.
func TestAuditPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{T: t}
		meet(r, objtest.New(r), greeter{})
		if r.end(); len(r.errors) > 0 {
			t.Errorf("the audit reported %q", r.errors)
		}
	})
}

// TestAuditFindsGoroutines: one that outlives the kit fails the test, with its
// stack.
func TestAuditFindsGoroutines(t *testing.T) {
	leak := func(t *testing.T) {
		r := &recorder{T: t}
		objtest.New(r).Node()
		stop, running := make(chan struct{}), make(chan struct{})
		go leftBehind(running, stop) // ends with this function
		defer close(stop)
		<-running
		r.end()
		r.wantError(t, "goroutine left behind")
		r.wantError(t, "objtest_test.leftBehind")
	}
	t.Run("outside", leak)
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, leak) })
}

func leftBehind(running chan<- struct{}, stop <-chan struct{}) {
	close(running)
	<-stop
}

// stuck is a Greeter whose method ends when it is let go, whatever its caller does.
type stuck struct{ called, letGo chan struct{} }

func (s stuck) Greet(string) (string, error) {
	close(s.called)
	<-s.letGo
	return "", nil
}

// TestAuditFindsRunningMethods: a method that still runs when its node was closed
// fails the test.
func TestAuditFindsRunningMethods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{T: t}
		s := stuck{make(chan struct{}), make(chan struct{})}
		remote := meet(r, objtest.New(r), s)
		go remote.Greet("you") // ends with the caller's node
		<-s.called
		r.end()
		r.wantError(t, "closing node")
		r.wantError(t, "hello.Greeter.Greet")
		close(s.letGo)
	})
}
