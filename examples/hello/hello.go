// Package hello is the smallest use of netobj: one interface, one server, one
// client.
package hello

//go:generate go tool objgen

// Greeter greets people.
//
//objgen:export
type Greeter interface {
	// Greet returns a greeting for name.
	Greet(name string) (string, error)
}
