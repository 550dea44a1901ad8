// Package box has a generic type.
package box

// Box holds one thing.
type Box[T any] struct {
	Inside T
	Label  string `json:"label,omitempty"`
}
