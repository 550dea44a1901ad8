package gen_test

import (
	"context"
	"errors"
	"io"
	"math/big"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/netobj/netobj/gen/internal/loopback"
	"github.com/netobj/netobj/gen/testdata/gen1"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
)

// account serves gen1.Account.
type account struct{ balance int64 }

func (a *account) Deposit(_ context.Context, cents int64) (int64, error) {
	a.balance += cents
	if a.balance < 0 {
		return a.balance, gen1.ErrNoMoney
	}
	return a.balance, nil
}

func (a *account) Owner(context.Context) (gen1.Customer, error) { return customer("Alice"), nil }

func (a *account) Swap(_ context.Context, i gen1.Item, n *gen1.Numbers, more ...gen1.Item) (gen1.Item, *gen1.Numbers, []gen1.Item, error) {
	return i, n, more, nil
}

func (a *account) Handle(_ context.Context, r *proxy.Ref) (*proxy.Ref, error) { return r, nil }
func (a *account) Fail(_ context.Context, why error) error                    { return why }
func (a *account) Close() error                                               { return io.EOF }

type customer string

func (c customer) Name(context.Context) (string, error) { return string(c), nil }

// TestGeneration1 runs generated code that is frozen since generation 1. When it
// fails, the runtime has broken its users: mend the runtime, not the test.
func TestGeneration1(t *testing.T) {
	t.Run("loopback", func(t *testing.T) {
		testGen1(t, gen1.NewAccountProxy(loopback.Ref(new(account))))
	})
	t.Run("nodes", func(t *testing.T) {
		kit := objtest.New(t)
		if err := registry.Bind[gen1.Account](t.Context(), kit.Names(kit.Node()), "account", new(account)); err != nil {
			t.Fatal(err)
		}
		a, err := registry.Lookup[gen1.Account](t.Context(), kit.Names(kit.Node()), "account")
		if err != nil {
			t.Fatal(err)
		}
		testGen1(t, a)
	})
}

func testGen1(t *testing.T, a gen1.Account) {
	ctx := t.Context()
	if n, err := a.Deposit(ctx, 500); n != 500 || err != nil {
		t.Errorf("Deposit: %d, %v", n, err)
	}
	if n, err := a.Deposit(ctx, -501); n != -1 || err != gen1.ErrNoMoney {
		t.Errorf("Deposit: %d, %v", n, err)
	}
	c, err := a.Owner(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := c.Name(ctx); name != "Alice" || err != nil {
		t.Errorf("Owner: %q, %v", name, err)
	}
	if err := a.Close(); err != io.EOF {
		t.Errorf("Close: %v", err)
	}
	ref := a.(proxy.Proxy).ProxyRef()
	if r, err := a.Handle(ctx, ref); r != ref || err != nil {
		t.Errorf("Handle: %v, %v", r, err)
	}
	testGen1Items(t, a)
	testGen1Errors(t, a)
}

// TestGeneration1IsFrozen fails when somebody generates the file again: then the
// test above would show nothing.
func TestGeneration1IsFrozen(t *testing.T) {
	frozen(t, "testdata/gen1/gen1_obj.go", "445cf886f2d8ea9dbc605930a341dcf4183966b690cbed74929981381d9293df")
}

func testGen1Items(t *testing.T, a gen1.Account) {
	item := gen1.Item{
		ID: 1 << 40, Small: 200, Name: "item", Price: 2.5,
		Tags: map[string][]gen1.Tag{"a": {"x", "y"}, "b": nil},
		Grid: [2][3]int16{{1, -2, 3}, {4}},
		Raw:  []byte{1, 2}, Hash: [4]byte{9, 8, 7, 6},
		Since: time.Date(2024, 2, 29, 1, 2, 3, 456789, time.UTC), For: time.Hour,
		Link: &url.URL{Scheme: "https", Host: "example.com"},
		Big:  new(big.Int).Lsh(big.NewInt(1), 100),
		Any:  map[string]any{"list": []any{int64(1), "two", nil}},
		Err:  io.ErrUnexpectedEOF, Owner: customer("Bob"),
		Friends: map[string]gen1.Friend{"c": {Customer: customer("Carol")}, "none": {}},
		Pair:    gen1.Pair{Key: "k", Value: 1.5}, Next: &gen1.Base{Created: 1},
		Base: gen1.Base{Created: 2, Changed: 3},
	}
	numbers := &gen1.Numbers{A: 5, B: true}
	i, n, more, err := a.Swap(context.Background(), item, numbers, item, gen1.Item{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(i, item) || !reflect.DeepEqual(n, numbers) || !reflect.DeepEqual(more, []gen1.Item{item, {}}) {
		t.Errorf("Swap:\n got %+v, %+v, %+v\nwant %+v, %+v", i, n, more, item, numbers)
	}
}

func testGen1Errors(t *testing.T, a gen1.Account) {
	notFound := &gen1.NotFound{Name: "x", Cause: gen1.Code(7)}
	for _, why := range []error{notFound, gen1.Code(3), gen1.ErrNoMoney} {
		if err := a.Fail(context.Background(), why); !reflect.DeepEqual(err, why) {
			t.Errorf("Fail: got %#v, want %#v", err, why)
		}
	}
	joined := a.Fail(context.Background(), errors.Join(notFound, io.EOF))
	var found *gen1.NotFound
	if !errors.Is(joined, io.EOF) || !errors.As(joined, &found) || !reflect.DeepEqual(found, notFound) {
		t.Errorf("Fail: got %#v", joined)
	}
	proxyInfo := proxy.InterfaceNamed("github.com/netobj/netobj/gen/testdata/gen1.Account")
	if proxyInfo == nil || len(proxyInfo.Methods) != 6 || proxyInfo.Methods[1].Signature != "Deposit(ctx context.Context, cents int64) (balance int64, err error)" {
		t.Errorf("descriptor: %+v", proxyInfo)
	}
}
