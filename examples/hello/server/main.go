// The server offers one Greeter, by name, at a fixed address.
package main

import (
	"context"
	"log"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
)

type greeter struct{}

func (greeter) Greet(name string) (string, error) { return "Hello, " + name + "!", nil }

func main() {
	log.Fatal(objects.Serve[hello.Greeter](context.Background(), "tcp://127.0.0.1:7070", "greeter", greeter{}))
}
