// Package newer is the interface of its sibling older after some changes that
// old peers do not know of: parameters, results and fields came at the end.
package newer

import (
	"context"
	"time"
)

// Item has got fields, one of them before the others.
type Item struct {
	Added time.Time
	Name  string
	Price int64
	Tags  map[string][]Tag
	Shop  Shop
}

// Tag is new as a whole.
type Tag struct{ Text string }

// Spot has got a coordinate and a note.
type Spot struct {
	_    struct{} `cbor:",toarray"`
	X    int
	Y    *int
	Note Tag
}

// Code has got a number more.
type Code struct {
	Number int      `cbor:"1,keyasint"`
	Cause  []string `cbor:"2,keyasint"`
}

// Shop has got a parameter or result in every method.
//
//objgen:export
type Shop interface {
	Put(ctx context.Context, i Item, list []Spot, c *Code, at time.Time, by Shop, more ...Item) (n int, left []Item, err error)
	Get(ctx context.Context, name string, exact bool) (i Item, s Spot, by map[string]Code, owner Shop, t Tag, err error)
	Ping(ctx context.Context, payload []byte) (echo []byte, err error)
}
