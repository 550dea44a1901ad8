package main

import (
	"cmp"
	"context"
	"os"
	"strings"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// This file asks a node what it holds, for refs, leases, conns and leaks.

const nodeHelp = `
The node is that at URL, or the one whose object is bound to NAME, by default the
registry's. A node that was asked by NAME sees the registry ask.

Nodes tell peers on their own machine, unless their Config.Inspect says otherwise.
`

// state asks the node that the first argument names what it holds.
func (t *tool) state(ctx context.Context, args []string) (objects.NodeState, error) {
	node, err := t.node()
	if err != nil {
		return objects.NodeState{}, err
	}
	where := first(args)
	if where == "" {
		where = cmp.Or(t.registry, os.Getenv(registry.AddressVariable), registry.DefaultAddress)
	}
	if strings.Contains(where, "://") && !strings.HasPrefix(where, objectScheme) {
		return objects.Inspect(ctx, node, where)
	}
	ref, err := t.object(ctx, strings.TrimPrefix(where, objectScheme))
	if err != nil {
		return objects.NodeState{}, err
	}
	return objects.InspectOwner(ctx, node, ref)
}

// notNil returns all, or what JSON shows as an empty list.
func notNil[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// seconds prints how long ago something was.
func seconds(d time.Duration) string { return d.Round(time.Second).String() }

// never marks no row of a table.
func never(int) bool { return false }
