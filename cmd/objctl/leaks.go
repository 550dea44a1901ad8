package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
)

const leaksHelp = nodeHelp + `
An object that only peers keep alive, and that none has called for --idle, may have
been forgotten. Where the node in turn holds objects of the same peer, HELD BACK of
them, the two may keep one another alive for ever: cycles between nodes are not
collected. Then one side must release its reference, or hold a WeakRef.

What a registry holds looks like this, too, and is none.
`

// leak is an object that a peer may have forgotten.
type leak struct {
	Object      uint64        `json:"object"`
	Type        string        `json:"type"`
	Idle        time.Duration `json:"idle_ns"`
	Incarnation uuid.UUID     `json:"incarnation"` // of the holder
	Addr        string        `json:"addr"`
	HeldBack    int           `json:"held_back"` // objects of the holder that the node holds
}

// leaks prints what may have been forgotten, peer by peer; where the two hold one
// another, in colour.
func leaks(ctx context.Context, t *tool, args []string) error {
	state, err := t.state(ctx, args)
	if err != nil {
		return err
	}
	found := findLeaks(&state, t.idle)
	if t.format == "json" {
		return t.json(notNil(found))
	}
	rows := make([][]string, len(found))
	for i, l := range found {
		rows[i] = []string{number(l.Object), l.Type, seconds(l.Idle), l.Addr, l.Incarnation.String(), strconv.Itoa(l.HeldBack)}
	}
	return t.table([]string{"EXPORT", "TYPE", "IDLE", "HOLDER", "INCARNATION", "HELD BACK"}, rows,
		func(row int) bool { return found[row].HeldBack > 0 })
}

// findLeaks returns the exports without a call for idle that peers alone hold, with
// each holder: those first with whom the node is tied both ways, the longest idle
// before others.
func findLeaks(state *objects.NodeState, idle time.Duration) (found []leak) {
	back := map[uuid.UUID]int{}
	for _, m := range state.Imports {
		if m.Broken == "" && !m.Dropped {
			back[m.Owner]++
		}
	}
	for _, e := range state.Exports {
		if e.Pins > 0 || e.Running > 0 || e.Idle < idle {
			continue
		}
		for _, h := range e.Holders {
			found = append(found, leak{e.Object, exportType(&e), e.Idle, h.Incarnation, h.Addr, back[h.Incarnation]})
		}
	}
	slices.SortStableFunc(found, func(a, b leak) int {
		return cmp.Or(cmp.Compare(b.HeldBack, a.HeldBack), cmp.Compare(a.Incarnation.String(), b.Incarnation.String()), cmp.Compare(b.Idle, a.Idle))
	})
	return found
}
