package registry_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// exampleNames returns a client of a registry in the same process.
func exampleNames() (names *registry.Client, done func()) {
	node, err := objects.Listen(context.Background(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := registry.Serve(node, nil); err != nil {
		log.Fatal(err)
	}
	names, err = registry.Dial(context.Background(), node, node.Addrs()[0])
	if err != nil {
		log.Fatal(err)
	}
	return names, func() { node.Close() }
}

// A registry can live in any node. Here the server of the accounts is also the
// registry in which clients find them.
func Example() {
	ctx := context.Background()
	server, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if _, err := registry.Serve(server, nil); err != nil { // the one line
		log.Fatal(err)
	}
	own, err := registry.Dial(ctx, server, server.Addrs()[0])
	if err != nil {
		log.Fatal(err)
	}
	if err := registry.Bind[sample.Account](ctx, own, "bank/alice", &account{}); err != nil {
		log.Fatal(err)
	}

	client := objects.NewNode(nil)
	defer client.Close()
	names, err := registry.Dial(ctx, client, server.Addrs()[0])
	if err != nil {
		log.Fatal(err)
	}
	alice, err := registry.Lookup[sample.Account](ctx, names, "bank/alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.Deposit(ctx, 500))
	// Output: 500 <nil>
}

func ExampleBind() {
	names, done := exampleNames()
	defer done()
	ctx := context.Background()
	fmt.Println(registry.Bind[sample.Account](ctx, names, "bank/alice", &account{}))

	err := registry.Bind[sample.Account](ctx, names, "bank/alice", &account{})
	fmt.Println(errors.Is(err, registry.ErrBound))
	fmt.Println(registry.Rebind[sample.Account](ctx, names, "bank/alice", &account{}))
	// Output:
	// <nil>
	// true
	// <nil>
}

func ExampleLookup() {
	names, done := exampleNames()
	defer done()
	ctx := context.Background()
	if err := registry.Bind[sample.Account](ctx, names, "bank/alice", &account{}); err != nil {
		log.Fatal(err)
	}
	alice, err := registry.Lookup[sample.Account](ctx, names, "bank/alice")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(alice.Deposit(ctx, 5))

	_, err = registry.Lookup[sample.Account](ctx, names, "bank/bob")
	fmt.Println(errors.Is(err, registry.ErrNotFound))
	_, err = registry.Lookup[sample.Customer](ctx, names, "bank/alice")
	fmt.Println(err)
	// Output:
	// 5 <nil>
	// true
	// lookup "bank/alice": bound as sample.Account { Deposit(ctx context.Context, cents int64) (balance int64, err error) }, wanted sample.Customer { Name(ctx context.Context) (string, error) }; ask for the interface that it is bound as
}

func ExampleClient_Watch() {
	names, done := exampleNames()
	defer done()
	ctx := context.Background()
	if err := registry.Bind[sample.Account](ctx, names, "bank/alice", &account{}); err != nil {
		log.Fatal(err)
	}
	for event, err := range names.Watch(ctx, "bank/") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Kind, event.Entry.Name)
		if event.Kind == registry.Unbound {
			break // ends the watch
		}
		if err := registry.Unbind(ctx, names, event.Entry.Name); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// bound bank/alice
	// unbound bank/alice
}

func ExampleClient_List() {
	names, done := exampleNames()
	defer done()
	ctx := context.Background()
	for _, name := range []string{"bank/bob", "bank/alice", "shop"} {
		if err := registry.Bind[sample.Account](ctx, names, name, &account{}); err != nil {
			log.Fatal(err)
		}
	}
	entries, err := names.List(ctx, "bank/")
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Name, e.Reachable)
	}
	// Output:
	// bank/alice true
	// bank/bob true
}
