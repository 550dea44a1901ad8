// Package generics passes instances of generic types.
package generics

import (
	"context"

	"github.com/netobj/netobj/gen/testdata/good/generics/box"
)

// List is a list with a name.
type List[T any] struct {
	Name  string
	Items []T
	First *T
}

// Pair is a key and a value.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// Set is a generic map.
type Set[T comparable] map[T]bool

// Item is an element.
type Item struct{ ID int }

// Store keeps lists.
//
//objgen:export
type Store interface {
	Put(ctx context.Context, l List[Item]) (List[*Item], error)
	Pairs(ctx context.Context, p ...Pair[string, List[Item]]) (Pair[int, Store], error)
	Sets(ctx context.Context, s Set[string], b box.Box[Item], bb box.Box[box.Box[[]string]]) error
}
