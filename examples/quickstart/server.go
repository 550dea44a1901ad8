package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/netobj/netobj/examples/quickstart/bank"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// serve is the server's process: it binds a bank and waits.
func serve(ctx context.Context) error {
	node, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil) // who looks the bank up connects here
	if err != nil {
		return err
	}
	defer node.Close()
	names, err := registry.Dial(ctx, node, "") // at $OBJREGISTRY
	if err != nil {
		return err
	}
	if err := registry.Bind[bank.Bank](ctx, names, "bank", theBank{}); err != nil {
		return err
	}
	fmt.Println(`bound a Go value to the name "bank"`)
	<-ctx.Done()
	return nil
}

// theBank is the real thing behind bank.Bank.
type theBank struct{}

// Open implements bank.Bank: the account travels by reference.
func (theBank) Open(_ context.Context, owner string) (bank.Account, error) {
	fmt.Println("opened an account for", owner)
	return &account{owner: owner}, nil
}

// account is the real thing behind bank.Account. It lives here; clients hold
// references to it.
type account struct {
	owner string

	mu       sync.Mutex
	balance  int64
	listener bank.Listener
}

// Deposit implements bank.Account.
func (a *account) Deposit(ctx context.Context, cents int64) (int64, error) {
	return a.change(ctx, cents)
}

// Withdraw implements bank.Account.
func (a *account) Withdraw(ctx context.Context, cents int64) (int64, error) {
	return a.change(ctx, -cents)
}

func (a *account) change(ctx context.Context, cents int64) (int64, error) {
	a.mu.Lock()
	if a.balance+cents < 0 {
		defer a.mu.Unlock()
		return a.balance, fmt.Errorf("%d cents asked of %d: %w", -cents, a.balance, bank.ErrOverdrawn)
	}
	a.balance += cents
	balance, listener := a.balance, a.listener
	a.mu.Unlock()
	if listener != nil {
		// A call back into the client, on the connection that it made.
		if err := listener.Changed(ctx, balance); err != nil {
			return balance, err
		}
	}
	return balance, nil
}

// Tell implements bank.Account.
func (a *account) Tell(_ context.Context, l bank.Listener) (former bank.Listener, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	former, a.listener = a.listener, l
	return former, nil
}

// Unreferenced runs when the last reference to the account is gone.
func (a *account) Unreferenced() {
	fmt.Println("nobody holds the account of", a.owner, "any more")
}
