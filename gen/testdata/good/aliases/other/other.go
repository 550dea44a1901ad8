// Package other has aliases of its own.
package other

import "context"

// Public is the only name of the type behind it.
type Public = hidden

type hidden struct{ N Number }

// Number is a number.
type Number = uint16

// Peer is an exported interface by another name.
type Peer = peer

//objgen:export
type peer interface {
	Ping(ctx context.Context) error
}
