// Package loopback is a runtime of a few lines for tests of generated code: a
// call's bytes go to the serving side, and the bytes of its results and of its
// error come back, without a connection.
package loopback

import (
	"context"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// Ref returns a reference whose proxies call object, by way of encoded
// arguments and results.
func Ref(object any) *proxy.Ref { return proxy.NewRef("loopback", binding{object: object}) }

// RefTo is Ref for a peer of another version: object serves interface as, and
// calls go to the method of the same name.
func RefTo(object any, as *proxy.Interface) *proxy.Ref {
	return proxy.NewRef("loopback", binding{object, as})
}

type binding struct {
	object any
	as     *proxy.Interface // nil: the caller's
}

func (b binding) String() string { return "obj://loopback" }

func (b binding) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	c := new(proxy.Call)
	c.Init(ctx, m, b)
	return c
}

// Run checks the arguments as a receiver would, and serves the call.
func (b binding) Run(c *proxy.Call) error {
	if err := c.Args.Err(); err != nil {
		return err
	}
	if err := marshal.Check(c.Args.Data(), nil); err != nil {
		return err
	}
	var in proxy.Incoming
	in.Args.Reset(c.Args.Data(), c.Args.Slots(), nil, nil)
	in.Args.Tuple()
	err := b.method(c.Method()).Serve(c.Context(), b.object, &in)
	if encoding := in.Results.Err(); encoding != nil {
		return encoding
	}
	c.Results.Reset(in.Results.Data(), in.Results.Slots(), nil, nil)
	c.Results.Tuple()
	return carry(err)
}

// carry takes an error to the other side.
func carry(err error) error {
	var e marshal.Encoder
	e.Error(err)
	if e.Err() != nil {
		return e.Err()
	}
	var d marshal.Decoder
	d.Reset(e.Data(), e.Slots(), nil, nil)
	carried := d.Error()
	if d.End() != nil {
		return d.End()
	}
	return carried
}

// Finish passes on what was wrong with the results.
func (b binding) Finish(_ *proxy.Call, results error) error { return results }

// method is the owner's version of the caller's method.
func (b binding) method(m *proxy.Method) *proxy.Method {
	if b.as == nil {
		return m
	}
	for i := range b.as.Methods {
		if b.as.Methods[i].Name == m.Name {
			return &b.as.Methods[i]
		}
	}
	panic("no method " + m.Name + " in " + b.as.Name)
}
