// Package item is one of two.
package item

// Item is an item.
type Item struct{ A string }
