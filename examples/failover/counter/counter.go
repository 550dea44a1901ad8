// Package counter is what the failover example's server and client share.
package counter

import "context"

//go:generate go tool objgen

// Counter counts.
//
//objgen:export
type Counter interface {
	// Add adds n and returns the total.
	Add(ctx context.Context, n int64) (total int64, err error)
	// AddSlowly is Add, and takes its time.
	AddSlowly(ctx context.Context, n int64) (total int64, err error)
}
