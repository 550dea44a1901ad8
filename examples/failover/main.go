// Failover shows a client that outlives its server: the server is a process of its own,
// which is killed in the middle of a call, and another one takes its place.
//
//	go run ./examples/failover
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// patience is how long all of it may take.
const patience = time.Minute

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "failover:", err)
		os.Exit(1)
	}
}

// run is the whole show, or, with an argument, one of the servers in it.
func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	switch role := strings.Join(args, " "); role {
	case "":
		return show(ctx)
	case "server":
		return serve(ctx)
	default:
		return fmt.Errorf("unknown argument %q; run it without", role)
	}
}

// quick gives a peer up that does not answer for a second; the default is a minute.
var quick = &objects.Config{Lease: time.Second}

// show has the registry and the client in this process, and the servers in others.
func show(ctx context.Context) error {
	host, err := objects.Listen(ctx, "tcp://127.0.0.1:0", quick)
	if err != nil {
		return err
	}
	defer host.Close()
	if _, err := registry.Serve(host, nil); err != nil {
		return err
	}
	os.Setenv(registry.AddressVariable, host.Addrs()[0]) // where the others look for it

	first, err := start(ctx, "first")
	if err != nil {
		return err
	}
	defer first.kill()
	node := objects.NewNode(quick)
	defer node.Close()
	c, err := meet(ctx, node)
	if err != nil {
		return err
	}
	defer c.leave()
	if err := c.add(ctx); err != nil {
		return err
	}
	if err := c.lose(ctx, first); err != nil {
		return err
	}
	return c.goOn(ctx)
}

// lose kills a server in the middle of a call.
func (c *client) lose(ctx context.Context, s *server) error {
	slow := c.addSlowly(ctx)
	if err := s.expect("adding slowly"); err != nil {
		return err
	}
	fmt.Println("killing the server")
	s.kill()
	return <-slow
}

// goOn makes a call while there is no server, and then starts one.
func (c *client) goOn(ctx context.Context) error {
	added := make(chan error, 1)
	go func() { added <- c.add(ctx) }() // waits for the server
	second, err := start(ctx, "second")
	if err != nil {
		return err
	}
	defer second.kill()
	return <-added
}
