// Package bank is the interface that the processes of quickstart share.
package bank

import (
	"context"
	"errors"
)

//go:generate go tool objgen

// ErrOverdrawn says that an account has less than was asked for.
//
//objgen:error
var ErrOverdrawn = errors.New("bank: overdrawn")

// Bank makes accounts.
//
//objgen:export
type Bank interface {
	// Open opens an account.
	Open(ctx context.Context, owner string) (Account, error)
}

// Account is one customer's money.
//
//objgen:export
type Account interface {
	// Deposit adds cents and returns the new balance.
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
	// Withdraw takes cents; it fails with ErrOverdrawn.
	Withdraw(ctx context.Context, cents int64) (balance int64, err error)
	// Tell has l told of every change, and returns the listener it replaces.
	Tell(ctx context.Context, l Listener) (former Listener, err error)
}

// Listener is told what happens to an account.
//
//objgen:export
type Listener interface {
	// Changed brings the new balance.
	Changed(ctx context.Context, balance int64) error
}
