// Package sample is an exported interface that shows every behaviour of the
// runtime that its tests look at.
package sample

import (
	"context"
	"errors"
	"time"
)

//go:generate go tool objgen

// ErrEmpty is a sentinel that is known on both sides.
//
//objgen:error
var ErrEmpty = errors.New("sample: empty")

// RangeError is an error type that is known on both sides.
//
//objgen:error
type RangeError struct {
	Min, Max int64
}

// Error implements error.
func (e *RangeError) Error() string { return "sample: out of range" }

// Item is a value.
type Item struct {
	ID    int64
	Name  string
	Price float64
}

// Thing does a little of everything.
//
//objgen:export
type Thing interface {
	// Add returns a + b.
	Add(ctx context.Context, a, b int64) (sum int64, err error)
	// Any returns v.
	Any(ctx context.Context, v any) (any, error)
	// Echo returns item.
	Echo(ctx context.Context, item Item) (Item, error)
	// Bytes returns body.
	Bytes(ctx context.Context, body []byte) ([]byte, error)
	// Deadline returns what is left of the caller's deadline, 0 without one.
	Deadline(ctx context.Context) (time.Duration, error)
	// Fail returns both a result and the error of the kind asked for.
	Fail(ctx context.Context, kind string) (int, error)
	// Make returns a new object.
	Make(ctx context.Context) (Thing, error)
	// Nest calls back, depth times.
	Nest(ctx context.Context, back Thing, depth int) (int, error)
	// Panic panics with text.
	Panic(ctx context.Context, text string) error
	// Same returns thing.
	Same(ctx context.Context, thing Thing) (Thing, error)
	// SameMany returns things, which may stand anywhere.
	SameMany(ctx context.Context, things map[string][]Thing) (map[string][]Thing, error)
	// Wait returns when its context ends.
	Wait(ctx context.Context) error
}

// Box has methods with directives.
//
//objgen:export
type Box interface {
	// Lent returns a part of what it was lent.
	//
	//objgen:lend
	Lent(ctx context.Context, body []byte, from int) (rest []byte, err error)
	// Kept is Lent without directives.
	Kept(ctx context.Context, body []byte, from int) (rest []byte, err error)
	// Count notes n.
	//
	//objgen:inline
	Count(ctx context.Context, n int64) error
	// Hook does what a test wants it to.
	//
	//objgen:inline
	Hook(ctx context.Context, kind string) error
	// Fill returns n bytes like the first of body.
	//
	//objgen:inline
	//objgen:lend
	Fill(ctx context.Context, body []byte, n int) ([]byte, error)
}

// Named is a second interface of the same objects.
//
//objgen:export
type Named interface {
	// Name returns the object's name.
	//
	//objgen:idempotent
	Name(ctx context.Context) (string, error)
}
