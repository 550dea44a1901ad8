// Package files serves files: a folder is a factory of handles.
package files

import "context"

//go:generate go tool objgen

// Folder is a factory of files.
//
//objgen:export
type Folder interface {
	// Open opens a file of the folder for reading. It fails with an error that
	// is fs.ErrNotExist if there is none of that name.
	Open(ctx context.Context, name string) (File, error)
	// Create makes a file of the folder, empty, or empties it.
	Create(ctx context.Context, name string) (File, error)
}

// File is an open file. It is closed when nobody holds it any more: there is no
// Close to forget.
//
//objgen:export
type File interface {
	// Size returns the length in bytes.
	Size(ctx context.Context) (int64, error)
	// ReadAt returns up to n bytes from offset on, at most 1 MiB; fewer only at
	// the end of the file.
	ReadAt(ctx context.Context, offset int64, n int) ([]byte, error)
	// WriteAt writes data at offset.
	WriteAt(ctx context.Context, offset int64, data []byte) error
}

// MaxRead is the largest piece that ReadAt returns, in bytes.
const MaxRead = 1 << 20
