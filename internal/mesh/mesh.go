// Package mesh is what the tests of real processes run. A member is a process with
// one node: it makes cells for others, holds theirs, passes them on and drops them, on
// its own while it is under load, or as it is told. The test that started it speaks
// with it over its standard input and output, so that what the test knows does not
// hang on what it tests; see [Command] and [Event].
package mesh

import "context"

//go:generate go tool objgen

// Name names a cell for ever: no two have the same.
type Name struct {
	Owner  string // its incarnation
	Serial uint64
}

// Origin is what a holder knows of a reference to a cell.
type Origin struct {
	Name Name
	Path []string // the incarnations it came through, the owner's first
}

// Cell is an object to be held and passed around.
//
//objgen:export
type Cell interface {
	// Name returns the cell's name: a reference that leads to another one is wrong.
	Name(ctx context.Context) (Name, error)
}

// Member is what a process offers to the others.
//
//objgen:export
type Member interface {
	// Incarnation returns the name of the process.
	Incarnation(ctx context.Context) (string, error)
	// Make returns a new cell.
	Make(ctx context.Context) (Cell, Origin, error)
	// Keep lets the member hold cell from now on.
	Keep(ctx context.Context, cell Cell, origin Origin) error
	// Lend returns one of the cells that the member holds, nil if it finds none.
	Lend(ctx context.Context) (Cell, Origin, error)
}

// Counter counts.
//
//objgen:export
type Counter interface {
	// Add counts a call, which nobody has made or will make with the same number, and
	// returns body.
	Add(ctx context.Context, number uint64, body []byte) ([]byte, error)
}
