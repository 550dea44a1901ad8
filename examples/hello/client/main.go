// The client calls the server's Greeter as if it were its own.
package main

import (
	"context"
	"log"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
)

func main() {
	greeter, err := objects.Open[hello.Greeter](context.Background(), objects.NewNode(nil), "tcp://127.0.0.1:7070", "greeter")
	if err != nil {
		log.Fatal(err)
	}
	log.Println(greeter.Greet("world"))
}
