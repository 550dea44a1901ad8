// The client joins the lobby and says what it reads from standard input.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/netobj/netobj/examples/chat"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: client NAME") }
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, name string) error {
	node := objects.NewNode(nil) // dials only, and is called back nevertheless
	defer node.Close()
	names, err := registry.Dial(ctx, node, "")
	if err != nil {
		return err
	}
	lobby, err := registry.Lookup[chat.Room](ctx, names, "chat/lobby")
	if err != nil {
		return err
	}
	seat, err := lobby.Join(ctx, name, screen{})
	if err != nil {
		return err
	}
	fmt.Println("you are in the lobby; say something")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := seat.Say(ctx, in.Text()); err != nil {
			return err
		}
	}
	return seat.Leave(ctx)
}

// screen is the chat.Member that the room calls.
type screen struct{}

// Hear implements chat.Member.
func (screen) Hear(_ context.Context, from, text string) error {
	fmt.Printf("%s: %s\n", from, text)
	return nil
}

// Notice implements chat.Member.
func (screen) Notice(_ context.Context, text string) error {
	fmt.Printf("(%s)\n", text)
	return nil
}
