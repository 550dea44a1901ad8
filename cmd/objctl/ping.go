package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// ping connects to a node and times one call there and back.
func ping(ctx context.Context, t *tool, args []string) error {
	node, err := t.node()
	if err != nil {
		return err
	}
	url := cmp.Or(first(args), t.registry, os.Getenv(registry.AddressVariable), registry.DefaultAddress)
	if _, err := objects.Ping(ctx, node, url); err != nil { // connects
		return err
	}
	begun := time.Now()
	peer, err := objects.Ping(ctx, node, url)
	if err != nil {
		return err
	}
	elapsed := time.Since(begun)
	if t.format == "json" {
		return t.json(map[string]any{"url": url, "node": peer.Node, "incarnation": peer.Incarnation, "microseconds": elapsed.Microseconds()})
	}
	_, err = fmt.Fprintf(t.out, "%s: node %v, incarnation %v: %v\n", url, peer.Node, peer.Incarnation, elapsed.Round(time.Microsecond))
	return err
}
