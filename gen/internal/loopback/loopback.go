// Package loopback is a runtime of a few lines for tests of generated code: a
// call's bytes go to the serving side, and the bytes of its results come back,
// without a connection.
package loopback

import (
	"context"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// Ref returns a reference whose proxies call object, by way of encoded
// arguments and results.
func Ref(object any) *proxy.Ref { return proxy.NewRef("loopback", binding{object}) }

type binding struct{ object any }

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
	if _, err := marshal.Check(c.Args.Data(), nil); err != nil {
		return err
	}
	var in proxy.Incoming
	in.Args.Reset(c.Args.Data(), c.Args.Slots(), nil, nil)
	in.Args.Tuple()
	err := c.Method().Serve(c.Context(), b.object, &in)
	if encoding := in.Results.Err(); encoding != nil {
		return encoding
	}
	c.Results.Reset(in.Results.Data(), in.Results.Slots(), nil, nil)
	c.Results.Tuple()
	return err
}

// Finish passes on what was wrong with the results.
func (b binding) Finish(_ *proxy.Call, results error) error { return results }
