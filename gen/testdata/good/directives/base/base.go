// Package base has an interface for others to embed.
package base

import "context"

// Counter counts. It has no mark; who embeds it has its directives too.
type Counter interface {
	// Add never blocks.
	//
	//objgen:inline
	Add(ctx context.Context, n int) (int, error)
}
