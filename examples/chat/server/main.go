// The server runs one chat room, and the registry in which it is found.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/netobj/netobj/examples/chat"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

func main() {
	listen := flag.String("listen", registry.DefaultAddress, "where to listen")
	flag.Parse()
	if err := run(*listen); err != nil {
		log.Fatal(err)
	}
}

func run(url string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	node, err := objects.Listen(ctx, url, &objects.Config{Lease: 5 * time.Second}) // who is away for longer has left
	if err != nil {
		return err
	}
	defer node.Close()
	if _, err := registry.Serve(node, nil); err != nil {
		return err
	}
	url = node.Addrs()[0]
	names, err := registry.Dial(ctx, node, url)
	if err != nil {
		return err
	}
	if err := registry.Bind[chat.Room](ctx, names, "chat/lobby", newRoom()); err != nil {
		return err
	}
	fmt.Println("the lobby is open at", url)
	<-ctx.Done()
	return nil
}
