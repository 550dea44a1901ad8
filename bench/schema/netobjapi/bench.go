// Package netobjapi is the work as a Go interface.
package netobjapi

import (
	"context"

	"github.com/netobj/netobj/bench/work"
)

//go:generate go tool objgen

// Bench is the server's first object.
//
//objgen:export
type Bench interface {
	// Add returns a+b.
	Add(ctx context.Context, a, b int64) (int64, error)
	// Echo returns item.
	Echo(ctx context.Context, item work.Item) (work.Item, error)
	// Bytes returns the sum of a body.
	//
	//objgen:lend
	Bytes(ctx context.Context, body []byte) (work.Sum, error)
	// Make returns a new object.
	Make(ctx context.Context) (Thing, error)
	// MakeMany returns count new objects.
	MakeMany(ctx context.Context, count int) ([]Thing, error)
}

// Thing is an object that Make makes.
//
//objgen:export
type Thing interface {
	// Add returns a+b.
	Add(ctx context.Context, a, b int64) (int64, error)
}
