// Package sample has the exported interfaces that the registry's tests bind.
package sample

import "context"

//go:generate go tool objgen

// Account is one customer's money.
//
//objgen:export
type Account interface {
	// Deposit adds cents and returns the new balance.
	Deposit(ctx context.Context, cents int64) (balance int64, err error)
}

// Customer is a person.
//
//objgen:export
type Customer interface {
	// Name returns the full name.
	Name(ctx context.Context) (string, error)
}

// Meter is read.
//
//objgen:export
type Meter interface {
	// Read returns what it shows.
	//
	//objgen:idempotent
	Read(ctx context.Context) (int64, error)
}
