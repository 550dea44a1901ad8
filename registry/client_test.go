package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

type account struct{ balance atomic.Int64 }

func (a *account) Deposit(_ context.Context, cents int64) (int64, error) {
	return a.balance.Add(cents), nil
}

type customer string

func (c customer) Name(context.Context) (string, error) { return string(c), nil }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error %v, want %v", got, want)
	}
}

func TestBindLookupCall(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	owner, user := kit.Names(kit.Node()), kit.Names(kit.Node())
	check(t, registry.Bind[sample.Account](ctx, owner, "bank/alice", &account{}))

	alice, err := registry.Lookup[sample.Account](ctx, user, "bank/alice")
	check(t, err)
	if balance, err := alice.Deposit(ctx, 42); balance != 42 || err != nil {
		t.Fatalf("Deposit = %d, %v", balance, err)
	}
	again, err := registry.Lookup[sample.Account](ctx, user, "bank/alice")
	check(t, err)
	if again != alice {
		t.Error("the second look-up gave another proxy")
	}
	check(t, registry.Unbind(ctx, user, "bank/alice"))
	_, err = registry.Lookup[sample.Account](ctx, user, "bank/alice")
	wantError(t, err, registry.ErrNotFound)
	wantError(t, registry.Unbind(ctx, user, "bank/alice"), registry.ErrNotFound)
}

func TestLookupComesHome(t *testing.T) {
	kit := objtest.New(t)
	names := kit.Names(kit.Node())
	own := &account{}
	check(t, registry.Bind[sample.Account](t.Context(), names, "own", own))
	found, err := registry.Lookup[sample.Account](t.Context(), names, "own")
	check(t, err)
	if found != sample.Account(own) {
		t.Fatalf("found %T, not the value itself", found)
	}
}

func TestBoundNameStays(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	first, second := kit.Names(kit.Node()), kit.Names(kit.Node())
	check(t, registry.Bind[sample.Customer](ctx, first, "who", customer("first")))
	err := registry.Bind[sample.Customer](ctx, second, "who", customer("second"))
	wantError(t, err, registry.ErrBound)
	if !strings.Contains(err.Error(), "sample.Customer") || !strings.Contains(err.Error(), "Rebind") {
		t.Errorf("unhelpful text: %v", err)
	}
	wantError(t, registry.Bind[sample.Customer](ctx, first, "who", customer("first")), registry.ErrBound)

	check(t, registry.Rebind[sample.Customer](ctx, second, "who", customer("second")))
	found, err := registry.Lookup[sample.Customer](ctx, first, "who")
	check(t, err)
	if name, err := found.Name(ctx); name != "second" || err != nil {
		t.Fatalf("%q, %v", name, err)
	}
}

func TestWrongInterface(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	owner, user := kit.Names(kit.Node()), kit.Names(kit.Node())
	check(t, registry.Bind[sample.Account](ctx, owner, "bank/alice", &account{}))
	_, err := registry.Lookup[sample.Customer](ctx, user, "bank/alice")
	wrong, ok := errors.AsType[*registry.WrongInterfaceError](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	const want = "lookup \"bank/alice\": bound as sample.Account { Deposit(ctx context.Context, cents int64) (balance int64, err error) }, " +
		"wanted sample.Customer { Name(ctx context.Context) (string, error) }; ask for the interface that it is bound as"
	if wrong.Error() != want {
		t.Errorf("text is\n%s\nwant\n%s", wrong, want)
	}
	_, err = registry.Lookup[sample.Customer](ctx, owner, "bank/alice") // a value of this process
	if _, ok := errors.AsType[*registry.WrongInterfaceError](err); !ok {
		t.Errorf("at home: error %v", err)
	}
}

func TestRefs(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	owner, user := kit.Names(kit.Node()), kit.Names(kit.Node())
	check(t, registry.Bind[sample.Account](ctx, owner, "a", &account{}))
	ref, err := user.LookupRef(ctx, "a")
	check(t, err)
	check(t, registry.Bind(ctx, user, "b", ref)) // passed on under another name
	b, err := registry.Lookup[sample.Account](ctx, owner, "b")
	check(t, err)
	if balance, err := b.Deposit(ctx, 1); balance != 1 || err != nil {
		t.Fatalf("%d, %v", balance, err)
	}
}

func TestBadArguments(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	names := kit.Names(kit.Node())
	err := registry.Bind[sample.Customer](ctx, names, "a//b", customer(""))
	if e, ok := errors.AsType[*registry.NameError](err); !ok || e.Name != "a//b" {
		t.Errorf("bad name: %v", err)
	}
	if err := registry.Bind[sample.Customer](ctx, names, "nil", nil); err == nil {
		t.Error("nil was bound")
	}
	if err := registry.Bind[*proxy.Ref](ctx, names, "nil", nil); err == nil {
		t.Error("a nil reference was bound")
	}
	wantError(t, registry.Bind(ctx, names, "int", 7), objects.ErrNotExported)
	if _, err := names.List(ctx, "\xff"); err == nil {
		t.Error("a listing of no UTF-8")
	}
	_, err = registry.Dial(ctx, kit.Node(), "pipe://nobody")
	wantError(t, err, objects.ErrUnreachable)
}

func TestList(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	node := kit.Node()
	names := kit.Names(node)
	const many = 2500 // more than two pages
	for i := range many {
		check(t, registry.Bind[sample.Customer](ctx, names, fmt.Sprintf("people/%04d", i), customer("x")))
	}
	check(t, registry.Bind[sample.Account](ctx, names, "z", &account{}))
	all, err := names.List(ctx, "people/")
	check(t, err)
	if len(all) != many || all[0].Name != "people/0000" || all[many-1].Name != "people/2499" {
		t.Fatalf("%d names, from %q to %q", len(all), all[0].Name, all[len(all)-1].Name)
	}
	one, err := names.List(ctx, "z")
	check(t, err)
	e := one[0]
	if !e.Reachable || e.Owner != node.ID() || e.Incarnation != node.Incarnation() || e.ID.Version() != 7 ||
		!strings.HasSuffix(e.Interface, "/sample.Account") || !strings.HasPrefix(e.Signature, "Deposit(") || e.BoundAt.IsZero() {
		t.Fatalf("entry %+v", e)
	}
}

func TestOneOfHundredWins(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	var clients []*registry.Client
	for range 4 {
		clients = append(clients, kit.Names(kit.Node()))
	}
	var tasks sync.WaitGroup
	var won, lost atomic.Int64
	for i := range 100 {
		tasks.Go(func() {
			switch err := registry.Bind[sample.Customer](ctx, clients[i%4], "prize", customer("x")); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, registry.ErrBound):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	tasks.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
}

func TestClientClose(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	names := kit.Names(kit.Node())
	check(t, registry.Bind[sample.Customer](ctx, names, "a", customer("a")))
	check(t, names.Close())
	check(t, names.Close())
	wantError(t, registry.Bind[sample.Customer](ctx, names, "b", customer("b")), objects.ErrClosed)
	if all, err := kit.Names(kit.Node()).List(ctx, ""); err != nil || len(all) != 1 || !all[0].Reachable {
		t.Fatalf("%v, %v", all, err) // the node still holds its connection
	}
}

func TestEmbedded(t *testing.T) {
	kit := objtest.New(t)
	ctx := t.Context()
	node := kit.Node()
	server, err := registry.Serve(node, nil)
	check(t, err)
	names, err := registry.Dial(ctx, node, node.Addrs()[0]) // its own
	check(t, err)
	check(t, registry.Bind[sample.Customer](ctx, names, "here", customer("me")))
	other, err := registry.Dial(ctx, kit.Node(), node.Addrs()[0])
	check(t, err)
	found, err := registry.Lookup[sample.Customer](ctx, other, "here")
	check(t, err)
	if name, err := found.Name(ctx); name != "me" || err != nil {
		t.Fatalf("%q, %v", name, err)
	}
	if _, err := registry.Serve(node, nil); err == nil {
		t.Error("two registries in one node")
	}
	check(t, server.Close())
	check(t, server.Close())
	wantError(t, registry.Unbind(ctx, names, "here"), objects.ErrNoSuchObject)
}

func TestRecordIDs(t *testing.T) {
	server, err := registry.Serve(newNode(t), nil)
	check(t, err)
	ctx := t.Context()
	ref, err := objects.RefOf[sample.Customer](customer("x"))
	check(t, err)
	entry, err := server.Bind(ctx, "a", ref, registry.Terms{})
	check(t, err)
	if entry.ID.Version() != 7 {
		t.Errorf("record id %v", entry.ID)
	}
	again, err := server.Bind(ctx, "a", ref, registry.Terms{ID: entry.ID})
	check(t, err)
	if again.ID != entry.ID || !again.BoundAt.Equal(entry.BoundAt) {
		t.Errorf("renewed as %+v", again)
	}
	if _, err := server.Bind(ctx, "b", ref, registry.Terms{ID: uuid.New()}); err == nil {
		t.Error("a record id of version 4 was taken")
	}
	check(t, server.Unbind(ctx, "a"))
	_, err = server.Bind(ctx, "a", ref, registry.Terms{ID: entry.ID})
	wantError(t, err, registry.ErrSpent)
}

func newNode(t *testing.T) *objects.Node {
	n := objects.NewNode(nil)
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}
