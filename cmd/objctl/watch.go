package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/netobj/netobj/proxy"
)

const watchHelp = `
The names that are there come first, then every change, until it is interrupted:

  bound        the name is bound and reachable
  unreachable  its owner's connection is lost
  unbound      the name is gone
  resync       changes were missed: what follows is all that is there now
`

// watch prints the names that are there, then every change, until it is
// interrupted.
func watch(ctx context.Context, t *tool, args []string) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	for event, err := range names.Watch(ctx, first(args)) {
		if err != nil {
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		}
		if t.format == "json" {
			if err := t.json(event); err != nil {
				return err
			}
			continue
		}
		kind := string(event.Kind)
		if !event.Entry.Reachable {
			kind = t.mark(kind)
		}
		fmt.Fprintf(t.out, "%-11s %s %s\n", kind, clean(event.Entry.Name), clean(proxy.ShortName(event.Entry.Interface)))
	}
	return nil
}
