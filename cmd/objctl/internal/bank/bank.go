// Package bank is what objctl's tests look at and call.
package bank

import (
	"context"
	"errors"
	"time"
)

//go:generate go tool objgen

// ErrOverdrawn says that an account has too little.
//
//objgen:error
var ErrOverdrawn = errors.New("bank: overdrawn")

// Transfer is one movement of money.
type Transfer struct {
	Cents int64             `json:"cents"`
	Text  string            `json:"text,omitempty"`
	At    time.Time         `json:"at"`
	Tags  map[string]string `json:"tags"`
	Slip  []byte            `json:"slip"`
}

// Account is one customer's money.
//
// It is safe for concurrent use.
//
//objgen:export
type Account interface {
	// Deposit adds cents and returns the new balance.
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
	// Withdraw takes cents; it fails with ErrOverdrawn.
	Withdraw(ctx context.Context, cents int64) (balance int64, err error)
	// History returns the transfers since a time.
	History(ctx context.Context, since time.Time) ([]Transfer, error)
	// Book enters transfers as they are, and returns their sum.
	Book(ctx context.Context, transfers ...Transfer) (sum int64, err error)
	// Move sends cents to another account.
	Move(ctx context.Context, to Account, cents int64) (from, there int64, err error)
	// Savings opens a second account of the same owner.
	Savings(ctx context.Context) (Account, error)
	// Note writes text to the customer's file.
	Note(ctx context.Context, text string) error
	// Owner returns the customer.
	Owner(ctx context.Context) (Customer, error)
}

// Customer has accounts.
//
//objgen:export
type Customer interface {
	// Name returns the customer's name.
	Name(ctx context.Context) (string, error)
}
