// Package directives has directives on methods.
package directives

import (
	"context"

	"github.com/netobj/netobj/gen/testdata/good/directives/base"
)

// Key is a slice of bytes with a name.
type Key []byte

// Store has methods with directives.
//
//objgen:export
type Store interface {
	base.Counter
	// Put has two parameters that are lent, and two that are copied.
	//
	//objgen:lend
	Put(ctx context.Context, key Key, value []byte, parts [][]byte, hash [4]byte) (old []byte, err error)
	//objgen:lend
	Append(b ...byte) error
	//objgen:inline
	//objgen:lend
	Has(key Key) (bool, error)
	// Size reads.
	//
	//objgen:idempotent
	Size(ctx context.Context) (int, error)
	//objgen:idempotent
	//objgen:inline
	Touch(ctx context.Context) error
	// Get has none.
	Get(ctx context.Context, key Key) ([]byte, error)
}

// Plain has none: its generation is that of the file.
//
//objgen:export
type Plain interface{ Close() error }
