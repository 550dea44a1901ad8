// Package item is the other of two.
package item

// Item is an item.
type Item struct{ B string }
