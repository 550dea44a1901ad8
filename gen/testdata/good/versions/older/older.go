// Package older is an interface as an old peer has it; its sibling newer is the
// same one a year later.
package older

import "context"

// Item is a value; its fields have names on the wire.
type Item struct {
	Name  string
	Price int64
}

// Spot is a value that is a list on the wire.
type Spot struct {
	_ struct{} `cbor:",toarray"`
	X int
}

// Code is a value whose fields have numbers on the wire.
type Code struct {
	Number int `cbor:"1,keyasint"`
}

// Shop sells items.
//
//objgen:export
type Shop interface {
	Put(ctx context.Context, i Item, list []Spot, c *Code) (n int, err error)
	Get(ctx context.Context, name string) (i Item, s Spot, by map[string]Code, err error)
	Ping(ctx context.Context) error
}
