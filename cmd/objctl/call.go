package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/netobj/netobj/internal/schema"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
)

// call calls a method of a bound object, and with "then" a method of the object
// that came back, and so on. It prints the last results.
func call(ctx context.Context, t *tool, args []string) error {
	names, err := t.names(ctx)
	if err != nil {
		return err
	}
	target, err := names.LookupRef(ctx, args[0])
	if err != nil {
		return err
	}
	steps := split(args[1:], "then")
	for i, step := range steps {
		if len(step) == 0 {
			return &usageError{`a method's name is missing beside "then"`}
		}
		caller := caller{names: names, target: target}
		results, err := caller.call(ctx, step[0], step[1:])
		if err != nil {
			return err
		}
		if i == len(steps)-1 {
			return t.json(results)
		}
		if target = caller.object; target == nil {
			return fmt.Errorf("%s returned no object that a method can be called on", step[0])
		}
	}
	return nil
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

// caller makes one untyped call.
type caller struct {
	names  *registry.Client
	target *proxy.Ref
	object *proxy.Ref // the first object among the results
}

func (c *caller) call(ctx context.Context, method string, args []string) (any, error) {
	iface, m, err := c.find(ctx, method)
	if err != nil {
		return nil, err
	}
	if len(args) != len(m.Params) {
		return nil, &usageError{fmt.Sprintf("%s takes %d arguments, %d are given: %s", method, len(m.Params), len(args), m.Signature)}
	}
	params, err := types(m.Params)
	if err != nil {
		return nil, err
	}
	resultTypes, err := types(m.Results)
	if err != nil {
		return nil, err
	}
	out := c.target.Begin(ctx, &proxy.Method{Name: m.Name, Interface: iface, ID: proxy.NewMethodID(iface, m.Name)})
	writer := schema.Writer{Ref: func(e *marshal.Encoder, uri, _ string) error { return c.putObject(ctx, e, uri) }}
	out.Args.Array(len(args))
	for i, arg := range args {
		if err := writer.Write(&out.Args, params[i], literal(arg)); err != nil {
			return nil, &usageError{fmt.Sprintf("argument %d (%s): %v", i+1, strings.TrimSpace(m.Params[i].Name+" "+params[i].Go()), err)}
		}
	}
	out.Invoke()
	reader := schema.Reader{Ref: c.seeObject}
	values := make([]any, len(resultTypes))
	for i, t := range resultTypes {
		values[i] = reader.Read(out.Results.Next(), t)
	}
	return arrange(m.Results, values), out.End()
}

// literal returns an argument as JSON: an object's obj:// text needs no quotes.
func literal(arg string) string {
	if strings.HasPrefix(arg, "obj://") {
		return strconv.Quote(arg)
	}
	return arg
}

// find looks a method up in the descriptors of the target.
func (c *caller) find(ctx context.Context, method string) (string, *objects.MethodDescriptor, error) {
	interfaces, err := objects.Describe(ctx, c.target)
	if err != nil {
		return "", nil, err
	}
	var known []string
	for i := range interfaces {
		for k := range interfaces[i].Methods {
			m := &interfaces[i].Methods[k]
			if m.Name == method {
				return interfaces[i].Name, m, nil
			}
			known = append(known, m.Name)
		}
	}
	return "", nil, fmt.Errorf("%w %s; there are %s", objects.ErrNoSuchMethod, method, clean(strings.Join(known, ", ")))
}

func types(fields []objects.FieldDescriptor) ([]*schema.Type, error) {
	all := make([]*schema.Type, len(fields))
	for i, f := range fields {
		var err error
		if all[i], err = schema.Parse(f.Type); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// putObject writes the object bound to the name in an obj:// text.
func (c *caller) putObject(ctx context.Context, e *marshal.Encoder, uri string) error {
	name := strings.TrimPrefix(uri, "obj://")
	ref, err := c.names.LookupRef(ctx, name)
	if err != nil {
		return err
	}
	proxy.PutHandle(e, ref)
	return nil
}

// seeObject prints an object among the results, and remembers the first.
func (c *caller) seeObject(slot marshal.Slot) string {
	ref, ok := slot.Object.(*proxy.Ref)
	if !ok {
		return fmt.Sprint(slot.Object)
	}
	if c.object == nil {
		c.object = ref
	}
	return ref.String()
}

// arrange returns one result as it is, and several as an object if all have
// names, else as a list.
func arrange(fields []objects.FieldDescriptor, values []any) any {
	switch {
	case len(values) == 0:
		return nil
	case len(values) == 1:
		return values[0]
	case slices.ContainsFunc(fields, func(f objects.FieldDescriptor) bool { return f.Name == "" }):
		return values
	}
	object := map[string]any{}
	for i, f := range fields {
		object[f.Name] = values[i]
	}
	return object
}
