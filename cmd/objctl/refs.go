package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

const refsHelp = nodeHelp + `
First its own objects that others hold, call, or know by name:

  HOLDERS  peers that hold the object
  GRANTS   times that it was sent to them and has not been given back
  RUNNING  methods that they have called
  PINS     names that it is published under, and calls of objects.Pin
  IDLE     time since a call ended; since it was exported, if none has

Then the objects of others that the node holds; those that cannot be used, or are
about to be given back, say so.

  ROUTE    how calls travel: direct, vine (through the node at ADDRESS, which has
           introduced the object), claiming (not known yet)
`

// refs prints a node's exports and imports.
func refs(ctx context.Context, t *tool, args []string) error {
	state, err := t.state(ctx, args)
	if err != nil {
		return err
	}
	if t.format == "json" {
		return t.json(map[string]any{"exports": notNil(state.Exports), "imports": notNil(state.Imports)})
	}
	if err := t.exports(state.Exports); err != nil {
		return err
	}
	fmt.Fprintln(t.out)
	return t.imports(state.Imports)
}

func (t *tool) exports(all []objects.ExportState) error {
	rows := make([][]string, len(all))
	for i, e := range all {
		var grants uint64
		for _, h := range e.Holders {
			grants += h.Grants
		}
		rows[i] = []string{number(e.Object), exportType(&e), strconv.Itoa(len(e.Holders)), strconv.FormatUint(grants, 10),
			strconv.Itoa(e.Running), strconv.Itoa(e.Pins), seconds(e.Age), seconds(e.Idle)}
	}
	return t.table([]string{"EXPORT", "TYPE", "HOLDERS", "GRANTS", "RUNNING", "PINS", "AGE", "IDLE"}, rows, never)
}

func (t *tool) imports(all []objects.ImportState) error {
	rows := make([][]string, len(all))
	for i, m := range all {
		rows[i] = []string{number(m.Object), proxy.ShortName(m.Interface), strconv.FormatUint(m.Grants, 10), m.Owner.String(), m.Addr, m.Route, importStatus(&m)}
	}
	return t.table([]string{"IMPORT", "INTERFACE", "GRANTS", "OWNER", "ADDRESS", "ROUTE", "STATE"}, rows,
		func(row int) bool { return all[row].Broken != "" })
}

// number prints an object's number as errors do.
func number(object uint64) string { return strconv.FormatUint(object, 16) }

func exportType(e *objects.ExportState) string {
	if e.Forward == "" {
		return e.Type
	}
	return proxy.ShortName(e.Type) + " of " + e.Forward
}

func importStatus(m *objects.ImportState) string {
	switch {
	case m.Broken != "":
		return m.Broken
	case m.Dropped:
		return "dropped"
	}
	return "held"
}
