package main

import (
	"context"

	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
)

// list prints the names that begin with a prefix.
func list(ctx context.Context, t *tool, args []string) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	entries, err := names.List(ctx, first(args))
	if err != nil {
		return err
	}
	if t.format == "json" {
		if entries == nil {
			entries = []registry.Entry{}
		}
		return t.json(entries)
	}
	rows := make([][]string, len(entries))
	for i, e := range entries {
		rows[i] = []string{e.Name, proxy.ShortName(e.Interface), state(e.Reachable), e.Owner.String(), e.BoundAt.UTC().Format("2006-01-02 15:04:05")}
	}
	return t.table([]string{"NAME", "INTERFACE", "STATE", "OWNER", "BOUND (UTC)"}, rows,
		func(row int) bool { return !entries[row].Reachable })
}

func state(reachable bool) string {
	if reachable {
		return "reachable"
	}
	return "unreachable"
}

// first returns the first argument, empty if there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
