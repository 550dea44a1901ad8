package main

import (
	"context"

	"github.com/netobj/netobj/registry"
)

// remove unbinds a name.
func remove(ctx context.Context, t *tool, args []string) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	return registry.Unbind(ctx, names, args[0])
}
