package objects_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime"

	"github.com/netobj/netobj/examples/quickstart/bank"
	"github.com/netobj/netobj/objects"
)

// account is a bank.Account. It is a bank.Listener, too.
type account struct{ balance int64 }

func (a *account) Deposit(_ context.Context, cents int64) (int64, error) {
	a.balance += cents
	return a.balance, nil
}

func (a *account) Withdraw(_ context.Context, cents int64) (int64, error) {
	if cents > a.balance {
		return a.balance, fmt.Errorf("%d asked of %d: %w", cents, a.balance, bank.ErrOverdrawn)
	}
	a.balance -= cents
	return a.balance, nil
}

func (a *account) Tell(ctx context.Context, l bank.Listener) (bank.Listener, error) {
	return l, l.Changed(ctx, a.balance)
}

func (a *account) Changed(context.Context, int64) error { return nil }

// serve makes a node that publishes obj as "alice", and another that has opened
// it. In a program these are two processes.
func serve(obj bank.Account) (server, client *objects.Node, alice bank.Account) {
	ctx := context.Background()
	server, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := objects.Publish(server, "alice", obj); err != nil {
		log.Fatal(err)
	}
	client = objects.NewNode(nil)
	alice, err = objects.Open[bank.Account](ctx, client, server.Addrs()[0], "alice")
	if err != nil {
		log.Fatal(err)
	}
	return server, client, alice
}

// One process publishes an object, another opens and calls it. Here both are
// nodes of one process.
func Example() {
	ctx := context.Background()
	server, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := objects.Publish[bank.Account](server, "alice", &account{}); err != nil {
		log.Fatal(err)
	}

	client := objects.NewNode(nil)
	defer client.Close()
	alice, err := objects.Open[bank.Account](ctx, client, server.Addrs()[0], "alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.Deposit(ctx, 500))

	_, err = alice.Withdraw(ctx, 1000)
	fmt.Println(errors.Is(err, bank.ErrOverdrawn), err)
	// Output:
	// 500 <nil>
	// true 1000 asked of 500: bank: overdrawn
}

// screen is a bank.Listener.
type screen struct{}

func (*screen) Changed(_ context.Context, balance int64) error {
	fmt.Println("the balance is", balance)
	return nil
}

// A node that listens nowhere passes objects of its own, and is called back on the
// connection that it made. What comes home is the original value.
func ExampleNewNode() {
	server, client, alice := serve(&account{balance: 500})
	defer server.Close()
	defer client.Close()

	mine := &screen{}
	back, err := alice.Tell(context.Background(), mine)
	fmt.Println(back == bank.Listener(mine), err)
	// Output:
	// the balance is 500
	// true <nil>
}

// opener is a bank.Bank: a factory of accounts.
type opener struct{ closed chan string }

func (o *opener) Open(_ context.Context, owner string) (bank.Account, error) {
	return &owned{bank: o, owner: owner}, nil
}

// owned is an account that wants to know when nobody holds it.
type owned struct {
	account
	bank  *opener
	owner string
}

func (o *owned) Unreferenced() { o.bank.closed <- o.owner }

// Release gives an object back at once; its owner is told by Unreferenced when
// nobody else holds it. The garbage collector does the same, some time later.
func ExampleRelease() {
	ctx := context.Background()
	o := &opener{closed: make(chan string)}
	server, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := objects.Publish[bank.Bank](server, "bank", o); err != nil {
		log.Fatal(err)
	}
	client := objects.NewNode(nil)
	defer client.Close()
	b, err := objects.Open[bank.Bank](ctx, client, server.Addrs()[0], "bank")
	if err != nil {
		log.Fatal(err)
	}

	alice, err := b.Open(ctx, "alice")
	if err != nil {
		log.Fatal(err)
	}
	objects.Release(alice)
	fmt.Println("closed the account of", <-o.closed)

	_, err = alice.Deposit(ctx, 500)
	fmt.Println(errors.Is(err, objects.ErrReleased))
	// Output:
	// closed the account of alice
	// true
}

// The context of Alive ends with the reference, and says why.
func ExampleAlive() {
	server, client, alice := serve(&account{})
	defer client.Close()

	alive := objects.Alive(alice)
	fmt.Println(alive.Err())
	server.Close() // its process ends
	<-alive.Done()
	fmt.Println(errors.Is(context.Cause(alive), objects.ErrGone))
	// Output:
	// <nil>
	// true
}

// As gives another interface of the same object.
func ExampleAs() {
	server, client, alice := serve(&account{})
	defer server.Close()
	defer client.Close()
	ctx := context.Background()

	listener, err := objects.As[bank.Listener](ctx, alice)
	fmt.Println(listener != nil, err)

	_, err = objects.As[bank.Bank](ctx, alice)
	fmt.Println(errors.Is(err, objects.ErrNoSuchInterface))
	// Output:
	// true <nil>
	// true
}

// A failed call says why, and whether its method may have run.
func ExampleOutcomeOf() {
	server, client, alice := serve(&account{})
	defer client.Close()
	server.Close()
	<-objects.Alive(alice).Done()

	_, err := alice.Deposit(context.Background(), 500)
	fmt.Println(errors.Is(err, objects.ErrGone))
	fmt.Println(objects.OutcomeOf(err))
	if e, ok := errors.AsType[*objects.Error](err); ok {
		fmt.Println(e.Op, "failed;", e.Hint)
	}
	// Output:
	// true
	// not sent
	// bank.Account.Deposit failed; look the name up again
}

// greeter is an account that knows its callers.
type greeter struct {
	account
	node *objects.Node // of the client
}

func (g *greeter) Deposit(ctx context.Context, _ int64) (int64, error) {
	caller, ok := objects.PeerFrom(ctx)
	fmt.Println(ok, caller.Node == g.node.ID(), caller.Transport.Scheme)
	return 0, nil
}

// A method learns who calls it. On tls, Transport has the caller's certificates.
func ExamplePeerFrom() {
	g := &greeter{}
	server, client, alice := serve(g)
	defer server.Close()
	defer client.Close()
	g.node = client

	if _, err := alice.Deposit(context.Background(), 500); err != nil {
		fmt.Println(err)
	}
	// Output:
	// true true tcp
}

// What is received inside a scope goes back when it ends, but for what is kept.
func ExampleNewScope() {
	server, client, alice := serve(&account{})
	defer server.Close()
	defer client.Close()
	defer objects.Release(alice)

	ctx, scope := objects.NewScope(context.Background())
	if err := objects.Publish[bank.Account](server, "bob", &account{}); err != nil {
		log.Fatal(err)
	}
	bob, err := objects.Open[bank.Account](ctx, client, server.Addrs()[0], "bob")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bob.Deposit(ctx, 500))
	scope.Close()
	_, err = bob.Deposit(context.Background(), 500)
	fmt.Println(errors.Is(err, objects.ErrReleased))
	// Output:
	// 500 <nil>
	// true
}

// ticker is an account that tells its listeners of changes, and keeps none of them alive.
type ticker struct {
	account
	listeners []*objects.WeakRef[bank.Listener]
}

func (a *ticker) Tell(ctx context.Context, l bank.Listener) (bank.Listener, error) {
	w, err := objects.NewWeakRef(ctx, l)
	a.listeners = append(a.listeners, w)
	return nil, err
}

func (a *ticker) Deposit(ctx context.Context, cents int64) (int64, error) {
	balance, err := a.account.Deposit(ctx, cents)
	for _, w := range a.listeners {
		if l, err := w.Get(ctx); err == nil { // else it is gone, and nobody has to be told
			l.Changed(ctx, balance)
		}
	}
	return balance, err
}

// window is a bank.Listener that has the account which it shows: were it held by that, each
// would keep the other.
type window struct{ shows bank.Account }

func (w *window) Changed(_ context.Context, balance int64) error {
	fmt.Println("the balance is", balance)
	return nil
}

// What listens holds what it listens to, and is told through a weak reference: so the two are
// no cycle.
func ExampleNewWeakRef() {
	server, client, alice := serve(&ticker{})
	defer server.Close()
	defer client.Close()
	ctx := context.Background()

	mine := &window{shows: alice}
	if _, err := alice.Tell(ctx, mine); err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.Deposit(ctx, 500))
	runtime.KeepAlive(mine)
	// Output:
	// the balance is 500
	// 500 <nil>
}

// Disown ends an object although others hold it.
func ExampleDisown() {
	a := &account{}
	server, client, alice := serve(a)
	defer server.Close()
	defer client.Close()

	objects.Unpublish(server, "alice")
	objects.Disown(server, a, errors.New("the account is closed"))
	<-objects.Alive(alice).Done()
	_, err := alice.Deposit(context.Background(), 500)
	fmt.Println(errors.Is(err, objects.ErrGone), errors.Unwrap(err))
	// Output:
	// true the account is closed
}

// A pinned object is what it was when it is passed again, although nobody held it meanwhile.
func ExamplePin() {
	a := &account{}
	server, client, alice := serve(a)
	defer server.Close()
	defer client.Close()

	unpin, err := objects.Pin(server, a)
	if err != nil {
		log.Fatal(err)
	}
	objects.Unpublish(server, "alice")
	objects.Release(alice)
	fmt.Println(server.Stats().Exports)
	unpin()
	// Output:
	// 1
}
