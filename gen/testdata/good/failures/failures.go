// Package failures has errors of all kinds.
package failures

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoMoney is one sentinel.
//
//objgen:error
var ErrNoMoney = errors.New("no money")

// A group under one mark.
//
//objgen:error
var (
	ErrClosed        = errors.New("closed")
	ErrFrozen        = fmt.Errorf("frozen: %w", ErrClosed)
	errA, errB error = errors.New("a"), errors.New("b")
)

// NotFound is returned as a pointer.
//
//objgen:error
type NotFound struct {
	Name  string
	Cause error
}

func (n *NotFound) Error() string { return n.Name + " not found" }

// Unwrap returns the cause.
func (n *NotFound) Unwrap() error { return n.Cause }

// Limit is returned as a value.
//
//objgen:error
type Limit struct{ Max, Got int }

func (l Limit) Error() string { return fmt.Sprintf("%d over %d", l.Got, l.Max) }

// Code is a number that is an error.
//
//objgen:error
type Code int

func (c Code) Error() string { return fmt.Sprintf("code %d", int(c)) }

// Many is a list that is an error.
//
//objgen:error
type Many []error

func (m Many) Error() string { return fmt.Sprintf("%d errors", len(m)) }

// Unwrap returns all of them.
func (m Many) Unwrap() []error { return m }

// Account can fail.
//
//objgen:export
type Account interface {
	Close(ctx context.Context, why error) (warnings []error, last *NotFound, err error)
	Check(ctx context.Context, by map[string]error, l Limit) (Code, error)
}

var _ = []error{errA, errB}
