package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/netobj/netobj/internal/schema"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// method is a method as its object's owner describes it.
type method struct {
	proxy.Method
	params, results []*schema.Type
	fixed           int // parameters that take one argument; a variadic one takes the rest
}

// lookup looks a method up among the interfaces of target.
func lookup(ctx context.Context, target *proxy.Ref, name string) (*method, error) {
	interfaces, err := objects.Describe(ctx, target)
	if err != nil {
		return nil, err
	}
	var known []string
	for i := range interfaces {
		for k := range interfaces[i].Methods {
			m := &interfaces[i].Methods[k]
			if m.Name == name {
				return newMethod(interfaces[i].Name, m)
			}
			known = append(known, m.Name)
		}
	}
	return nil, fmt.Errorf("%w %s in %s; %s", objects.ErrNoSuchMethod, name,
		clean(proxy.ShortName(target.Interface())), clean(suggest(name, known)))
}

func newMethod(iface string, d *objects.MethodDescriptor) (*method, error) {
	m := &method{Method: proxy.Method{Name: d.Name, Signature: d.Signature, Interface: iface, ID: proxy.NewMethodID(iface, d.Name)}}
	var err error
	if m.Params, m.params, err = types(d.Params); err != nil {
		return nil, err
	}
	m.Results, m.results, err = types(d.Results)
	m.fixed = len(m.params)
	if last := m.fixed - 1; last >= 0 && m.params[last].Kind == schema.List && strings.Contains(m.Signature, "...") {
		m.fixed = last
		m.Params[last].Type = "..." + clean(m.params[last].Elem.Go())
	}
	return m, err
}

// types returns fields with their types as Go text, and those types.
func types(described []objects.FieldDescriptor) (fields []proxy.Field, types []*schema.Type, err error) {
	for _, f := range described {
		t, err := schema.Parse(f.Type)
		if err != nil {
			return nil, nil, err
		}
		types = append(types, t)
		fields = append(fields, proxy.Field{Name: clean(f.Name), Type: clean(t.Go())})
	}
	return fields, types, nil
}

// check compares the number of arguments with that of the parameters.
func (m *method) check(args []string) error {
	want := fmt.Sprint(m.fixed)
	switch {
	case len(args) == m.fixed, m.variadic() && len(args) > m.fixed:
		return nil
	case m.variadic():
		want += " or more"
	}
	noun := "arguments"
	if want == "1" {
		noun = "argument"
	}
	return usagef("%s takes %s %s, %d given: %s", m.Name, want, noun, len(args), clean(m.Signature))
}

// variadic reports whether the last parameter is a list given one by one.
func (m *method) variadic() bool { return m.fixed < len(m.params) }

// put writes the arguments.
func (m *method) put(w *schema.Writer, e *marshal.Encoder, args []string) error {
	e.Array(len(m.params))
	for i, arg := range args[:m.fixed] {
		if err := m.putOne(w, e, m.params[i], i, arg); err != nil {
			return err
		}
	}
	if !m.variadic() {
		return nil
	}
	e.Array(len(args) - m.fixed)
	for i := m.fixed; i < len(args); i++ {
		if err := m.putOne(w, e, m.params[m.fixed].Elem, i, args[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *method) putOne(w *schema.Writer, e *marshal.Encoder, t *schema.Type, i int, arg string) error {
	if strings.HasPrefix(arg, objectScheme) {
		arg = strconv.Quote(arg) // an object needs no quotes
	}
	err := w.Write(e, t, arg)
	if err == nil {
		return nil
	}
	f := m.Params[min(i, len(m.Params)-1)]
	return &usageError{fmt.Errorf("argument %d (%s): %w", i+1, strings.TrimSpace(f.Name+" "+f.Type), err)}
}
