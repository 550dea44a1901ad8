// Package files has marks in several files, which share codecs.
package files

import "context"

//objgen:export
type Reader interface {
	Read(ctx context.Context, o Options) (Page, error)
}

//objgen:export
type Writer interface {
	Write(ctx context.Context, p Page) (Reader, error)
}
