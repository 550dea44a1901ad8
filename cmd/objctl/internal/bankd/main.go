// Bankd binds two accounts in the registry, for objctl's tests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/netobj/netobj/cmd/objctl/internal/bank"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

type account struct {
	owner string

	mu      sync.Mutex
	balance int64
	booked  []bank.Transfer
}

func (a *account) Deposit(_ context.Context, cents int64) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balance += cents
	return a.balance, nil
}

func (a *account) Withdraw(_ context.Context, cents int64) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cents > a.balance {
		return a.balance, fmt.Errorf("withdraw %d of %d: %w", cents, a.balance, bank.ErrOverdrawn)
	}
	a.balance -= cents
	return a.balance, nil
}

func (a *account) History(_ context.Context, since time.Time) ([]bank.Transfer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var later []bank.Transfer
	for _, t := range a.booked {
		if t.At.After(since) {
			later = append(later, t)
		}
	}
	return later, nil
}

func (a *account) Book(_ context.Context, transfers ...bank.Transfer) (sum int64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range transfers {
		sum += t.Cents
	}
	a.booked = append(a.booked, transfers...)
	return sum, nil
}

func (a *account) Move(ctx context.Context, to bank.Account, cents int64) (from, there int64, err error) {
	if from, err = a.Withdraw(ctx, cents); err != nil {
		return 0, 0, err
	}
	there, err = to.Deposit(ctx, cents)
	return from, there, err
}

func (a *account) Savings(context.Context) (bank.Account, error) {
	return &account{owner: a.owner}, nil
}

func (a *account) Note(context.Context, string) error { return nil }

func (a *account) Owner(context.Context) (bank.Customer, error) { return customer(a.owner), nil }

type customer string

func (c customer) Name(context.Context) (string, error) { return string(c), nil }

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bankd:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	node := objects.NewNode(nil)
	defer node.Close()
	names, err := registry.Dial(ctx, node, "")
	if err != nil {
		return err
	}
	for _, owner := range []string{"alice", "bob"} {
		if err := registry.Bind[bank.Account](ctx, names, "bank/"+owner, &account{owner: owner}); err != nil {
			return err
		}
	}
	fmt.Println("bound")
	<-ctx.Done()
	return nil
}
