package registry_test

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// bankWorld is a cluster with clients by the names of their nodes, in a bubble.
type bankWorld struct {
	*objtest.Network
	t *testing.T
}

func inBankWorld(t *testing.T, config objects.Config, f func(t *testing.T, w *bankWorld)) {
	synctest.Test(t, func(t *testing.T) { f(t, &bankWorld{objtest.ClusterConfig(t, config), t}) })
}

// bind has a node bind an account to "alice", whatever was bound to it.
func (w *bankWorld) bind(node string, a sample.Account) {
	w.t.Helper()
	check(w.t, registry.Rebind(w.t.Context(), w.Names(w.Node(node)), "alice", a))
}

// alice returns the Rebinding of a node.
func (w *bankWorld) alice(node string) sample.Account {
	w.t.Helper()
	alice, err := registry.Rebinding[sample.Account](w.t.Context(), w.Names(w.Node(node)), "alice")
	check(w.t, err)
	return alice
}

func (w *bankWorld) deposit(a sample.Account, want int64) {
	w.t.Helper()
	if got, err := a.Deposit(w.t.Context(), 1); got != want || err != nil {
		w.t.Errorf("Deposit = %d, %v; want %d", got, err, want)
	}
}

// changes are the events of a Rebinding.
type changes struct {
	t    *testing.T
	next func() (registry.Change, error, bool)
}

func changesOf(t *testing.T, v any) *changes {
	next, stop := iter.Pull2(registry.Changes(t.Context(), v))
	t.Cleanup(stop)
	return &changes{t, next}
}

// expect waits for a change; lost is nil for an object that was found.
func (c *changes) expect(lost error) registry.Change {
	c.t.Helper()
	change, err, _ := c.next()
	if err != nil || !errors.Is(change.Lost, lost) || !strings.HasPrefix(change.Object, "obj://") {
		c.t.Errorf("change %+v, %v; want lost: %v", change, err, lost)
	}
	return change
}

// end waits for the end.
func (c *changes) end(want error) {
	c.t.Helper()
	if _, err, ok := c.next(); !ok || !errors.Is(err, want) {
		c.t.Errorf("the changes ended with %v, want %v", err, want)
	}
}

// TestRebindingOutlivesItsObject: the server crashes and comes back with another
// object; callers see a pause.
func TestRebindingOutlivesItsObject(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		first, second := &account{}, &account{}
		w.bind("server", first)
		alice := w.alice("client")
		w.deposit(alice, 1)
		events := changesOf(t, alice)
		before := events.expect(nil)

		w.Crash("server")
		begun := time.Now()
		time.AfterFunc(20*time.Second, func() {
			w.Restart("server")
			w.bind("server", second)
		})
		w.deposit(alice, 1)
		if first.balance.Load() != 1 {
			t.Errorf("the former object has %d", first.balance.Load())
		}
		if waited := time.Since(begun); waited < 20*time.Second || waited > 30*time.Second {
			t.Errorf("the call took %v", waited)
		}
		if now := events.expect(nil); now.Object == before.Object {
			t.Errorf("%s was found again", now.Object)
		}
		if objects.Alive(alice).Err() != nil {
			t.Errorf("the Rebinding has ended: %v", context.Cause(objects.Alive(alice)))
		}
	})
}

// TestRebindingTellsOfChanges as they come.
func TestRebindingTellsOfChanges(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		w.bind("first", &account{})
		client := w.Names(w.Node("client"))
		alice := w.alice("client")
		events := changesOf(t, alice)
		events.expect(nil)
		check(t, w.Node("first").Close())
		events.expect(objects.ErrGone)
		w.bind("second", &account{})
		events.expect(nil)
		objects.Release(alice)
		events.end(objects.ErrReleased)

		for _, none := range []any{nil, 7, client} {
			for _, err := range registry.Changes(t.Context(), none) {
				if err == nil || !strings.Contains(err.Error(), "is no Rebinding") {
					t.Errorf("changes of a %T: %v", none, err)
				}
			}
		}
		again := w.alice("client")
		events = changesOf(t, again)
		events.expect(nil)
		check(t, client.Close())
		events = changesOf(t, w.aliceOf(w.Names(w.Node("client"))))
		events.expect(nil)
		check(t, w.Node("client").Close())
		events.end(objects.ErrClosed)
		runtime.KeepAlive(again)
	})
}

func (w *bankWorld) aliceOf(c *registry.Client) sample.Account {
	w.t.Helper()
	alice, err := registry.Rebinding[sample.Account](w.t.Context(), c, "alice")
	check(w.t, err)
	return alice
}

// TestRebindingMoves when its object is gone, and not before.
func TestRebindingMoves(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		first, second := &account{}, &account{}
		w.bind("first", first)
		alice := w.alice("client")
		w.bind("second", second)
		w.deposit(alice, 1)
		w.deposit(alice, 2)
		check(t, w.Node("first").Close())
		w.deposit(alice, 1)
		if first.balance.Load() != 2 || second.balance.Load() != 1 {
			t.Errorf("the accounts have %d and %d", first.balance.Load(), second.balance.Load())
		}
	})
}

// TestRebindingOutlivesTheRegistry: the registry's client finds the next registry.
func TestRebindingOutlivesTheRegistry(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		a := &account{}
		w.bind("server", a)
		alice := w.alice("client")
		w.Restart("registry")
		w.deposit(alice, 1)
		w.Restart("registry")
		check(t, w.Node("server").Close())
		w.bind("other", &account{})
		w.deposit(alice, 1)
	})
}

// slowAccount is an Account whose Deposit says that it has begun, and ends with its
// context.
type slowAccount struct {
	begun chan struct{}
	ran   atomic.Int64
}

func (a *slowAccount) Deposit(ctx context.Context, _ int64) (int64, error) {
	a.ran.Add(1)
	a.begun <- struct{}{}
	<-ctx.Done()
	return 0, ctx.Err()
}

// TestRebindingDoesNotRepeat what may have run.
func TestRebindingDoesNotRepeat(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		slow, next := &slowAccount{begun: make(chan struct{}, 1)}, &account{}
		w.bind("server", slow)
		alice := w.alice("client")
		called := make(chan error, 1)
		go func() {
			_, err := alice.Deposit(t.Context(), 1)
			called <- err
		}()
		<-slow.begun
		w.Crash("server")
		w.Restart("server")
		w.bind("server", next)
		if err := <-called; objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("the call that was running: %v (%v)", err, objects.OutcomeOf(err))
		}
		w.deposit(alice, 1)
		if n := slow.ran.Load(); n != 1 {
			t.Errorf("the method ran %d times", n)
		}
	})
}

// meter is a Meter whose first n reads last until their contexts end.
type meter struct {
	slow  int64
	begun chan struct{}
	reads atomic.Int64
}

func (m *meter) Read(ctx context.Context) (int64, error) {
	n := m.reads.Add(1)
	if n <= m.slow {
		m.begun <- struct{}{}
		<-ctx.Done()
	}
	return n, ctx.Err()
}

// TestRebindingRepeatsIdempotentCalls on the next object; if there is none, it is not
// known whether the former one has run them.
func TestRebindingRepeatsIdempotentCalls(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		bind := func(m *meter) {
			check(t, registry.Rebind[sample.Meter](t.Context(), w.Names(w.Node("server")), "meter", m))
		}
		slow, next := &meter{slow: 1, begun: make(chan struct{}, 1)}, &meter{slow: 10, begun: make(chan struct{}, 10)}
		bind(slow)
		remote, err := registry.Rebinding[sample.Meter](t.Context(), w.Names(w.Node("client")), "meter")
		check(t, err)
		called := make(chan error, 1)
		go func() {
			_, err := remote.Read(t.Context())
			called <- err
		}()
		<-slow.begun
		w.Restart("server")
		bind(next)
		<-next.begun
		w.Crash("server")
		err = <-called
		if !errors.Is(err, objects.ErrGone) || !errors.Is(err, objects.ErrOutcomeUnknown) {
			t.Errorf("error %v (%v)", err, objects.OutcomeOf(err))
		}
		if slow.reads.Load() != 1 || next.reads.Load() != 1 {
			t.Errorf("it was read %d and %d times", slow.reads.Load(), next.reads.Load())
		}
		w.Restart("server")
		bind(&meter{})
		if n, err := remote.Read(t.Context()); n != 1 || err != nil {
			t.Errorf("Read = %d, %v", n, err)
		}
	})
}

// TestRebindingWaitsNoLongerThanTheCall, nor longer than its patience.
func TestRebindingWaitsNoLongerThanTheCall(t *testing.T) {
	inBankWorld(t, objects.Config{Lease: -1}, func(t *testing.T, w *bankWorld) {
		w.bind("server", &account{})
		alice := w.alice("client")
		check(t, w.Node("server").Close())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		_, err := alice.Deposit(ctx, 1)
		if !errors.Is(err, context.DeadlineExceeded) || objects.OutcomeOf(err) != objects.NotSent || time.Since(begun) != 10*time.Second {
			t.Errorf("%v (%v) after %v", err, objects.OutcomeOf(err), time.Since(begun))
		}
		const text = `sample.Account.Deposit (pipe://registry): gave up: waiting for "alice" to be bound again: context deadline exceeded: registry pipe://registry: lookup "alice": `
		if !strings.HasPrefix(err.Error(), text) {
			t.Errorf("text %q, want %q...", err, text)
		}
		begun = time.Now()
		_, err = alice.Deposit(context.Background(), 1)
		if !errors.Is(err, objects.ErrGone) || !errors.Is(err, registry.ErrNotFound) || objects.OutcomeOf(err) != objects.NotSent || time.Since(begun) != registry.RebindingPatience {
			t.Errorf("%v (%v) after %v", err, objects.OutcomeOf(err), time.Since(begun))
		}
	})
}

// countingRegistry counts look-ups.
type countingRegistry struct {
	registry.Registry
	lookups atomic.Int64
}

func (c *countingRegistry) Lookup(ctx context.Context, name string) (*proxy.Ref, registry.Entry, error) {
	c.lookups.Add(1)
	return c.Registry.Lookup(ctx, name)
}

// TestRebindingsLookUpTogether: a hundred callers who find the object gone, and stay for
// half a minute, make one series of look-ups, with growing pauses.
func TestRebindingsLookUpTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.NewConfig(t, objects.Config{Lease: -1})
		host := kit.Node()
		server, err := registry.Serve(host, nil)
		check(t, err)
		counting := &countingRegistry{Registry: server}
		objects.Unpublish(host, registry.RootName)
		check(t, objects.Publish[registry.Registry](host, registry.RootName, counting))
		join := func() (*objects.Node, *registry.Client) {
			n := kit.Node()
			c, err := registry.Dial(t.Context(), n, host.Addrs()[0])
			check(t, err)
			return n, c
		}
		owner, ownerNames := join()
		check(t, registry.Bind[sample.Account](t.Context(), ownerNames, "alice", &account{}))
		_, names := join()
		alice, err := registry.Rebinding[sample.Account](t.Context(), names, "alice")
		check(t, err)
		check(t, owner.Close())
		synctest.Wait()

		var callers sync.WaitGroup
		a := &account{}
		for range 100 {
			callers.Go(func() {
				if _, err := alice.Deposit(t.Context(), 1); err != nil {
					t.Error(err)
				}
			})
		}
		counting.lookups.Store(0)
		<-time.After(30 * time.Second)
		if n := counting.lookups.Load(); n < 6 || n > 16 {
			t.Errorf("%d look-ups in half a minute", n)
		}
		_, again := join()
		check(t, registry.Rebind[sample.Account](t.Context(), again, "alice", a))
		callers.Wait()
		if n := a.balance.Load(); n != 100 {
			t.Errorf("%d of 100 calls were made", n)
		}
		before := counting.lookups.Load()
		for range 100 {
			if _, err := alice.Deposit(t.Context(), 1); err != nil {
				t.Error(err)
			}
		}
		<-time.After(time.Minute)
		if n := counting.lookups.Load(); n != before {
			t.Errorf("%d look-ups while the object is there", n-before)
		}
	})
}

// TestRebindingUnderLoad: one server after the other crashes under callers who never see
// more than calls with an unknown outcome, and none runs twice.
func TestRebindingUnderLoad(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		var ran, acknowledged, unknown atomic.Int64
		w.bind("server", counted{&ran})
		alice := w.alice("client")
		w.Links("client").Delay(3 * time.Millisecond)
		w.Links("server").Delay(3 * time.Millisecond)
		var callers sync.WaitGroup
		done := make(chan struct{})
		for range 8 {
			callers.Go(func() {
				for {
					switch _, err := alice.Deposit(t.Context(), 1); {
					case err == nil:
						acknowledged.Add(1)
					case objects.OutcomeOf(err) == objects.OutcomeUnknown:
						unknown.Add(1)
					default:
						t.Error(err)
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		for range 10 {
			<-time.After(7001 * time.Millisecond) // the registry gives a lost owner 5 s
			w.Restart("server")
			w.bind("server", counted{&ran})
		}
		<-time.After(10 * time.Second)
		close(done)
		callers.Wait()
		n, a, u := ran.Load(), acknowledged.Load(), unknown.Load()
		t.Logf("%d calls ran, %d were acknowledged, %d have an unknown outcome", n, a, u)
		if a < 1000 || u == 0 || n < a || n > a+u {
			t.Errorf("%d calls ran, %d were acknowledged, %d have an unknown outcome", n, a, u)
		}
	})
}

// counted is an Account that counts its calls.
type counted struct{ ran *atomic.Int64 }

func (c counted) Deposit(context.Context, int64) (int64, error) { return c.ran.Add(1), nil }

// TestRebindingIsReleased: others keep the object, its owner hears of the last.
func TestRebindingIsReleased(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		object := &countedAccount{}
		w.bind("server", object)
		alice, other := w.alice("client"), w.alice("client")
		if alice == other {
			t.Error("two Rebindings are ==")
		}
		alive := objects.Alive(alice)
		check(t, registry.Unbind(t.Context(), w.Names(w.Node("client")), "alice"))
		objects.Release(alice)
		objects.Release(alice)
		if _, err := alice.Deposit(t.Context(), 1); !errors.Is(err, objects.ErrReleased) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("after the release: %v", err)
		}
		if err := context.Cause(alive); !errors.Is(err, objects.ErrReleased) {
			t.Errorf("Alive ended with %v", err)
		}
		if objects.Alive(alice).Err() == nil {
			t.Error("what was released is alive")
		}
		<-time.After(time.Second)
		w.deposit(other, 1)
		if n := object.unreferenced.Load(); n != 0 {
			t.Errorf("Unreferenced ran %d times while there is a holder", n)
		}
		objects.Release(other)
		<-time.After(time.Second)
		synctest.Wait()
		if n := object.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

// TestReleaseEndsTheLookUps: nobody looks a name up for a Rebinding that was released,
// and callers who wait are told.
func TestReleaseEndsTheLookUps(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		w.bind("server", &account{})
		alice := w.alice("client")
		check(t, w.Node("server").Close())
		called := make(chan error, 1)
		go func() {
			_, err := alice.Deposit(t.Context(), 1)
			called <- err
		}()
		<-time.After(10 * time.Second)
		objects.Release(alice)
		if err := <-called; !errors.Is(err, objects.ErrReleased) {
			t.Errorf("the caller that waited: %v", err)
		}
	})
}

// TestClosedClientsHaveNoRebindings.
func TestClosedClientsHaveNoRebindings(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		w.bind("server", &account{})
		names := w.Names(w.Node("client"))
		alice := w.aliceOf(names)
		check(t, w.Node("server").Close())
		synctest.Wait()
		check(t, names.Close())
		if _, err := alice.Deposit(t.Context(), 1); !errors.Is(err, objects.ErrClosed) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("after Close: %v", err)
		}
		if err := context.Cause(objects.Alive(alice)); !errors.Is(err, objects.ErrClosed) {
			t.Errorf("Alive ended with %v", err)
		}
	})
}

// TestDroppedRebinding is given back by the garbage collector, as a proxy is.
func TestDroppedRebinding(t *testing.T) {
	kit := objtest.New(t)
	object := &gone{make(chan struct{})}
	check(t, registry.Bind[sample.Account](t.Context(), kit.Names(kit.Node()), "alice", object))
	names := kit.Names(kit.Node())
	alice, err := registry.Rebinding[sample.Account](t.Context(), names, "alice")
	check(t, err)
	_, err = alice.Deposit(t.Context(), 1)
	check(t, err)
	check(t, registry.Unbind(t.Context(), names, "alice"))
	alice = nil
	for collected := false; !collected; {
		runtime.GC()
		select {
		case <-object.unreferenced:
			collected = true
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// gone is an Account that says when its last reference is gone.
type gone struct{ unreferenced chan struct{} }

func (*gone) Deposit(context.Context, int64) (int64, error) { return 0, nil }
func (g *gone) Unreferenced()                               { close(g.unreferenced) }

// TestRebindingIsPassedOnAsItsObject: what travels is the object of the moment.
func TestRebindingIsPassedOnAsItsObject(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		ctx := t.Context()
		first, second := &account{}, &account{}
		w.bind("server", first)
		client := w.Names(w.Node("client"))
		alice := w.alice("client")
		check(t, registry.Bind(ctx, client, "first", alice))
		home, err := registry.Lookup[sample.Account](ctx, w.Names(w.Node("server")), "first")
		check(t, err)
		if home != sample.Account(first) {
			t.Errorf("%T came home, not the value itself", home)
		}
		check(t, w.Node("server").Close())
		w.bind("other", second)
		w.deposit(alice, 1)
		check(t, registry.Bind(ctx, client, "second", alice))
		home, err = registry.Lookup[sample.Account](ctx, w.Names(w.Node("other")), "second")
		check(t, err)
		if home != sample.Account(second) {
			t.Errorf("%T came home, not the value itself", home)
		}
		ref, err := objects.RefOf(alice)
		check(t, err)
		described, err := objects.Describe(ctx, ref)
		if err != nil || len(described) != 1 {
			t.Errorf("described as %+v, %v", described, err)
		}
		if _, err := objects.As[sample.Customer](ctx, alice); !errors.Is(err, objects.ErrNoSuchInterface) {
			t.Errorf("as another interface: %v", err)
		}
		if same, err := objects.As[sample.Account](ctx, alice); same != alice || err != nil {
			t.Errorf("as its own interface: %v", err)
		}
	})
}

// TestRebindingOfAnOwnObject: the owner may follow the name, too.
func TestRebindingOfAnOwnObject(t *testing.T) {
	inBankWorld(t, objects.Config{}, func(t *testing.T, w *bankWorld) {
		a := &account{}
		w.bind("server", a)
		alice := w.alice("server")
		w.deposit(alice, 1)
		if a.balance.Load() != 1 {
			t.Errorf("the account has %d", a.balance.Load())
		}
		ref, err := objects.RefOf(alice)
		check(t, err)
		if own, ok := ref.Local(); !ok || own != any(a) {
			t.Errorf("it stands for %v", ref)
		}
	})
}

// TestRebindingNeedsItsInterface: what is bound to the name as another interface is not
// taken.
func TestRebindingNeedsItsInterface(t *testing.T) {
	inBankWorld(t, objects.Config{Lease: -1}, func(t *testing.T, w *bankWorld) {
		w.bind("server", &account{})
		alice := w.alice("client")
		check(t, w.Node("server").Close())
		check(t, registry.Rebind[sample.Customer](t.Context(), w.Names(w.Node("other")), "alice", customer("alice")))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := alice.Deposit(ctx, 1)
		if _, ok := errors.AsType[*registry.WrongInterfaceError](err); !ok {
			t.Errorf("error %v", err)
		}
		w.bind("other", &account{})
		w.deposit(alice, 1)

		names := w.Names(w.Node("client"))
		_, err = registry.Rebinding[sample.Customer](t.Context(), names, "alice")
		if _, ok := errors.AsType[*registry.WrongInterfaceError](err); !ok {
			t.Errorf("a Rebinding as another interface: %v", err)
		}
		_, err = registry.Rebinding[sample.Account](t.Context(), names, "nobody")
		wantError(t, err, registry.ErrNotFound)
		if _, err = registry.Rebinding[int](t.Context(), names, "alice"); err == nil {
			t.Error("a Rebinding as no interface was made")
		}
	})
}

// TestRebindingAndBrokenArguments: that an argument is gone is no reason to look for
// another object.
func TestRebindingAndBrokenArguments(t *testing.T) {
	inBankWorld(t, objects.Config{Lease: -1}, func(t *testing.T, w *bankWorld) {
		ctx := t.Context()
		inner, err := registry.Serve(w.Node("server"), nil)
		check(t, err)
		check(t, registry.Bind[registry.Registry](ctx, w.Names(w.Node("server")), "inner", inner))
		names := w.Names(w.Node("client"))
		remote, err := registry.Rebinding[registry.Registry](ctx, names, "inner")
		check(t, err)
		w.bind("owner", &account{})
		broken, err := names.LookupRef(ctx, "alice")
		check(t, err)
		check(t, w.Node("owner").Close())
		<-objects.Alive(broken).Done()
		begun := time.Now()
		_, err = remote.Bind(ctx, "broken", broken, registry.Terms{})
		if !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.NotSent || time.Since(begun) > 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if _, _, err := remote.List(ctx, "", ""); err != nil {
			t.Error(err)
		}
		all := slices.Collect(func(yield func(registry.Change) bool) {
			for c := range registry.Changes(ctx, remote) {
				yield(c)
				return
			}
		})
		if len(all) != 1 || all[0].Lost != nil {
			t.Errorf("it stands as %+v", all)
		}
	})
}
