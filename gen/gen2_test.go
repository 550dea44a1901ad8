package gen_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/url"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/netobj/netobj/gen/testdata/gen2"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
)

// account2 serves gen2.Account.
type account2 struct {
	balance int64
	lent    []byte // what Weigh was lent last
}

func (a *account2) Deposit(_ context.Context, cents int64) (int64, error) {
	a.balance += cents
	if a.balance < 0 {
		return a.balance, gen2.ErrNoMoney
	}
	return a.balance, nil
}

func (a *account2) Owner(context.Context) (gen2.Customer, error) { return customer("Alice"), nil }

func (a *account2) Swap(_ context.Context, i gen2.Item, n *gen2.Numbers, more ...gen2.Item) (gen2.Item, *gen2.Numbers, []gen2.Item, error) {
	return i, n, more, nil
}

func (a *account2) Weigh(_ context.Context, body []byte) (int, error) {
	a.lent = body
	return len(body), nil
}

func (a *account2) Handle(_ context.Context, r *proxy.Ref) (*proxy.Ref, error) { return r, nil }
func (a *account2) Fail(_ context.Context, why error) error                    { return why }
func (a *account2) Balance(context.Context) (int64, error)                     { return a.balance, nil }
func (a *account2) Close() error                                               { return io.EOF }

// TestGeneration2 runs generated code that is frozen since generation 2, on the wire
// and by direct calls. When it fails, the runtime has broken its users: mend the
// runtime, not the test.
func TestGeneration2(t *testing.T) {
	for name, kit := range map[string]func(t *testing.T) *objtest.Kit{
		"wire":   func(t *testing.T) *objtest.Kit { return objtest.New(t) },
		"direct": func(t *testing.T) *objtest.Kit { return objtest.NewDirect(t, objects.Config{}) },
	} {
		t.Run(name, func(t *testing.T) {
			kit, local := kit(t), &account2{}
			server := kit.Node()
			if err := objects.Publish[gen2.Account](server, "account", local); err != nil {
				t.Fatal(err)
			}
			a, err := objects.Open[gen2.Account](t.Context(), kit.Node(), server.Addrs()[0], "account")
			if err != nil {
				t.Fatal(err)
			}
			testGen2(t, a)
			testGen2Values(t, a)
			testGen2Lent(t, a, local, name == "direct")
		})
	}
}

func testGen2(t *testing.T, a gen2.Account) {
	ctx := t.Context()
	if n, err := a.Deposit(ctx, 500); n != 500 || err != nil {
		t.Errorf("Deposit: %d, %v", n, err)
	}
	if n, err := a.Balance(ctx); n != 500 || err != nil {
		t.Errorf("Balance: %d, %v", n, err)
	}
	if n, err := a.Deposit(ctx, -501); n != -1 || err != gen2.ErrNoMoney {
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
	notFound := &gen2.NotFound{Name: "x", Cause: gen2.Code(7)}
	for _, why := range []error{notFound, gen2.Code(3), gen2.ErrNoMoney} {
		if err := a.Fail(ctx, why); !reflect.DeepEqual(err, why) {
			t.Errorf("Fail: got %#v, want %#v", err, why)
		}
	}
	info := proxy.InterfaceNamed("github.com/netobj/netobj/gen/testdata/gen2.Account")
	if info == nil || len(info.Methods) != 8 {
		t.Errorf("descriptor: %+v", info)
	}
}

func testGen2Values(t *testing.T, a gen2.Account) {
	item := gen2.Item{
		ID: 1 << 40, Small: 200, Name: "item", Price: 2.5,
		Tags: map[string][]gen2.Tag{"a": {"x", "y"}, "b": nil},
		Grid: [2][3]int16{{1, -2, 3}, {4}},
		Raw:  []byte{1, 2}, Hash: [4]byte{9, 8, 7, 6},
		Since: time.Date(2024, 2, 29, 1, 2, 3, 456789, time.UTC), For: time.Hour,
		Link: &url.URL{Scheme: "https", Host: "example.com"},
		Big:  new(big.Int).Lsh(big.NewInt(1), 100),
		Any:  map[string]any{"list": []any{int64(1), "two", nil}},
		Err:  io.ErrUnexpectedEOF, Owner: customer("Bob"),
		Friends: map[string]gen2.Friend{"c": {Customer: customer("Carol")}, "none": {}},
		Pair:    gen2.Pair{Key: "k", Value: 1.5}, Next: &gen2.Base{Created: 1},
		Base: gen2.Base{Created: 2, Changed: 3},
	}
	numbers := &gen2.Numbers{A: 5, B: true}
	i, n, more, err := a.Swap(t.Context(), item, numbers, item, gen2.Item{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(i, item) || !reflect.DeepEqual(n, numbers) || !reflect.DeepEqual(more, []gen2.Item{item, {}}) {
		t.Errorf("Swap:\n got %+v, %+v, %+v\nwant %+v, %+v", i, n, more, item, numbers)
	}
	if n == numbers || &i.Raw[0] == &item.Raw[0] || i.Next == item.Next {
		t.Error("Swap: caller and owner share memory")
	}
	notFound := &gen2.NotFound{Name: "x", Cause: gen2.Code(7)}
	joined := a.Fail(t.Context(), errors.Join(notFound, io.EOF))
	var found *gen2.NotFound
	if !errors.Is(joined, io.EOF) || !errors.As(joined, &found) || !reflect.DeepEqual(found, notFound) {
		t.Errorf("Fail: got %#v", joined)
	}
}

// testGen2Lent: what was lent over the wire is overwritten after the call (objtest),
// directly it is the caller's own.
func testGen2Lent(t *testing.T, a gen2.Account, local *account2, direct bool) {
	body := bytes.Repeat([]byte{5}, 1000)
	if n, err := a.Weigh(t.Context(), body); n != len(body) || err != nil {
		t.Errorf("Weigh: %d, %v", n, err)
	}
	if same := &local.lent[0] == &body[0]; same != direct {
		t.Errorf("Weigh was lent the caller's own memory: %v", same)
	}
}

// TestGeneration2IsFrozen fails when somebody generates the file again: then the
// test above would show nothing.
func TestGeneration2IsFrozen(t *testing.T) {
	frozen(t, "testdata/gen2/gen2_obj.go", "9de02e084010866971affe9d389da07853bb43e6bf425900f673efbaaeeafe4b")
}

// frozen compares the SHA-256 of a file that is to stay as it was.
func frozen(t *testing.T, file, want string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(text)); got != want {
		t.Errorf("%s has changed: its SHA-256 is %s, it must stay as it was", file, got)
	}
}
