// Package docs carries comments over.
package docs

import "context"

/*
Store is described in a block comment.

	store.Get(ctx, "key")

It has "quotes", `back quotes` and ünicode.
*/
//objgen:export
type Store interface {
	/* Get is described in a block. */
	Get(ctx context.Context, key string) (value string, err error)
	// Put is described in lines:
	//   - one
	//   - two
	//
	// And code:
	//
	//	store.Put(ctx, "key")
	Put(ctx context.Context, key, value string) error // Not this.

	None(ctx context.Context) error
	// Deprecated: use None.
	Old(ctx context.Context) error
}
