package main

import (
	"context"
	"slices"
	"strings"

	"github.com/netobj/netobj/internal/schema"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

const callHelp = `
Arguments are JSON, typed by the method's descriptor, which comes from the
object's owner: see "objctl inspect NAME". Text needs quotes, '"alice"'; bytes
are base64 or "0x..."; times are as "2026-01-02T15:04:05Z", durations as "1m30s";
null is the zero value of everything. What a variadic method takes is given one
by one. Negative numbers need no care; before other words that begin with a
dash, put "--".

Results are printed as JSON, whatever -o says: nothing if there are none, one as
it is, several as an object of their names, or as a list if they have none.

Objects are written as obj://

  obj://NAME  the object that is bound to NAME
  obj://./2   the second object that calls on this line have returned

"then" calls a method of the first object that the call before it returned, or
of the one written behind it. Only the last call's results are printed:

  objctl call bank Open '"alice"' then Deposit 500
  objctl call bank Open '"alice"' then obj://bank/bob Move obj://./1 500

An object among the results is printed as obj://INCARNATION/NUMBER. That tells
objects apart but gives no right to use them: objctl lets go of an object when it
ends.
`

// call calls a method of a bound object, and with "then" methods of the objects
// that came back. It prints the last results.
func call(ctx context.Context, t *tool, args []string) error {
	c := &caller{tool: t}
	target, err := c.resolve(ctx, objectScheme+strings.TrimPrefix(args[0], objectScheme))
	if err != nil {
		return err
	}
	var results any
	for i, step := range split(args[1:], "then") {
		if i > 0 {
			if target, step, err = c.next(ctx, step); err != nil {
				return err
			}
		}
		if len(step) == 0 {
			return usagef(`a method's name is missing beside "then"`)
		}
		before := len(c.objects)
		if results, err = c.call(ctx, target, step[0], step[1:]); err != nil {
			return err
		}
		c.latest = c.objects[before:]
	}
	if results == nothing {
		return nil
	}
	return t.json(results)
}

// split cuts words at each separator.
func split(words []string, separator string) [][]string {
	var parts [][]string
	for {
		i := slices.Index(words, separator)
		if i < 0 {
			return append(parts, words)
		}
		parts = append(parts, words[:i])
		words = words[i+1:]
	}
}

// caller makes untyped calls, one after the other.
type caller struct {
	tool    *tool
	objects []*proxy.Ref // that calls have returned
	latest  []*proxy.Ref // those of the latest call
}

// next returns the object that the words behind a "then" are about, and the
// words that are left.
func (c *caller) next(ctx context.Context, step []string) (*proxy.Ref, []string, error) {
	if len(step) > 0 && strings.HasPrefix(step[0], objectScheme) {
		target, err := c.resolve(ctx, step[0])
		return target, step[1:], err
	}
	if len(c.latest) == 0 {
		return nil, nil, usagef(`the call before "then" returned no object to go on with`)
	}
	return c.latest[0], step, nil
}

func (c *caller) call(ctx context.Context, target *proxy.Ref, method string, args []string) (any, error) {
	m, err := lookup(ctx, target, method)
	if err != nil {
		return nil, err
	}
	if err := m.check(args); err != nil {
		return nil, err
	}
	out := target.Begin(ctx, &m.Method)
	writer := schema.Writer{Ref: func(e *marshal.Encoder, uri, iface string) error { return c.putObject(ctx, e, uri, iface) }}
	if err := m.put(&writer, &out.Args, args); err != nil {
		return nil, err
	}
	out.Invoke()
	reader := schema.Reader{Ref: c.seeObject}
	values := make([]any, len(m.results))
	for i, t := range m.results {
		values[i] = reader.Read(out.Results.Next(), t)
	}
	return present(m.Results, values), out.End()
}

// nothing is what a method without results returns.
const nothing = noResults(0)

type noResults int

// present returns one result as it is, and several as an object if all have
// names, else as a list.
func present(fields []proxy.Field, values []any) any {
	switch {
	case len(values) == 0:
		return nothing
	case len(values) == 1:
		return values[0]
	case slices.ContainsFunc(fields, func(f proxy.Field) bool { return f.Name == "" }):
		return values
	}
	object := map[string]any{}
	for i, f := range fields {
		object[f.Name] = values[i]
	}
	return object
}
