// Package dotted is imported with a dot.
package dotted

// Dotted is a struct.
type Dotted struct{ D []byte }
