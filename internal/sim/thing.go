package sim

import "context"

//go:generate go tool objgen

// Thing is what the nodes of a simulation pass each other.
//
//objgen:export
type Thing interface {
	// Do makes the call that the ledger knows by number. It returns things, and the
	// rest of body.
	Do(ctx context.Context, call uint64, args []Thing, body []byte) (results []Thing, rest []byte, err error)
	// Note is Do without things, on the reader.
	//
	//objgen:inline
	Note(ctx context.Context, call uint64) (echo uint64, err error)
}
