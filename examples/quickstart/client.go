package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/netobj/netobj/examples/quickstart/bank"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// visit is the client's process: it looks the bank up and uses it.
func visit(ctx context.Context) error {
	node := objects.NewNode(nil) // it only dials; callbacks reach it nevertheless
	defer node.Close()
	names, err := registry.Dial(ctx, node, "")
	if err != nil {
		return err
	}
	b, err := registry.Lookup[bank.Bank](ctx, names, "bank")
	if err != nil {
		return err
	}
	alice, err := b.Open(ctx, "alice")
	if err != nil {
		return err
	}
	fmt.Println(`looked "bank" up and opened an account; it stays in the server`)
	if objects.Direct(ctx, b) {
		fmt.Println("calls go to the server; the registry is needed no longer")
	}
	if err := bankWith(ctx, alice); err != nil {
		return err
	}
	// The garbage collector would give it back, too; Release does it now.
	objects.Release(alice)
	fmt.Println("let go of the account")
	<-ctx.Done() // stays, to show that the server need not wait for its end
	return nil
}

func bankWith(ctx context.Context, alice bank.Account) error {
	mine := &screen{}
	if _, err := alice.Tell(ctx, mine); err != nil { // an object goes the other way
		return err
	}
	balance, err := alice.Deposit(ctx, 500)
	if err != nil {
		return err
	}
	fmt.Println("deposited 500 cents, the balance is", balance)

	_, err = alice.Withdraw(ctx, 1000)
	fmt.Println("asked for 1000 cents:", err)
	if !errors.Is(err, bank.ErrOverdrawn) {
		return fmt.Errorf("the error is not bank.ErrOverdrawn: %w", err)
	}
	back, err := alice.Tell(ctx, nil)
	if err != nil {
		return err
	}
	if back != bank.Listener(mine) {
		return errors.New("the listener came back as something else")
	}
	fmt.Println("the server gave the listener back: it is the same Go value (==)")
	return nil
}

// screen is the bank.Listener that the server calls.
type screen struct{}

// Changed implements bank.Listener.
func (*screen) Changed(_ context.Context, balance int64) error {
	fmt.Println("called back by the server: the balance is", balance)
	return nil
}
