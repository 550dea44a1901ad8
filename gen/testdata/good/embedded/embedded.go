// Package embedded exports interfaces made of others.
package embedded

import (
	"context"

	"github.com/netobj/netobj/gen/testdata/good/embedded/base"
)

// Named has a name.
type Named interface {
	// Name returns the name.
	Name(ctx context.Context) (string, error)
}

// Document is a named, closable thing. Close is there twice, which is fine.
//
//objgen:export
type Document interface {
	Named
	base.Closer
	interface {
		// Text returns all of it.
		Text(ctx context.Context) (string, error)
	}
	// Close ends it.
	Close(ctx context.Context) error
}

// Folder holds documents and is one itself.
//
//objgen:export
type Folder interface {
	Document
	Open(ctx context.Context, name string) (Document, error)
}
