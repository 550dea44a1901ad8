// Package base has an interface for others to embed.
package base

import "context"

// Closer can be closed.
type Closer interface {
	// Close ends it.
	Close(ctx context.Context) error
	// Closed tells whether it has ended.
	//
	// It may lag behind.
	Closed(ctx context.Context) (bool, error)
}
