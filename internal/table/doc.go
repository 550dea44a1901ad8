// Package table holds the maps of what a node may have a million of. Both kinds
// give memory back when they have shrunk, which Go's map never does. They have no
// lock: their owner's guards them.
package table
