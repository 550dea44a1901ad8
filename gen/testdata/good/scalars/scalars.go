// Package scalars is the measure of how long a generated file is.
package scalars

import "context"

// Item is what is for sale.
type Item struct {
	ID    int64
	Name  string
	Price float64
}

// Shop sells items.
//
//objgen:export
type Shop interface {
	// Add puts an item on the shelf.
	Add(ctx context.Context, item Item) error
	// Count returns the number of items whose price is at most max.
	Count(ctx context.Context, max float64) (n int, err error)
	// Find returns the item called name.
	Find(ctx context.Context, name string) (item Item, found bool, err error)
	// Rename gives an item another name and returns the old one.
	Rename(ctx context.Context, id int64, name string) (string, error)
}
