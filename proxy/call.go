package proxy

import (
	"context"
	"fmt"
	"reflect"
	"runtime"

	"github.com/netobj/netobj/marshal"
)

// Call is one call going out. Generated code gets it from [Ref.Begin], fills
// Args, calls Invoke, reads Results and calls End, all in one goroutine; after
// End the Call belongs to somebody else.
type Call struct {
	Args    marshal.Encoder // one array: the arguments
	Results marshal.Decoder // one array: the results; empty if the call failed before the method ran

	ctx    context.Context
	ref    *Ref
	method *Method
	runner Runner
	err    error
}

// Runner carries out calls; the runtime implements it.
type Runner interface {
	// Run sends the call, waits for its end or its context's, and points
	// c.Results at the results. The error is the method's, or the runtime's.
	Run(c *Call) error
	// Finish takes the call back, with the error of its results, if any, to be
	// put into the runtime's form.
	Finish(c *Call, results error) error
}

// Init prepares c for a call of m on ref. The runtime calls it.
func (c *Call) Init(ctx context.Context, m *Method, r Runner) {
	c.ctx, c.method, c.runner, c.err = ctx, m, r, nil
}

// Context returns the caller's context.
func (c *Call) Context() context.Context { return c.ctx }

// Method returns the method called.
func (c *Call) Method() *Method { return c.method }

// Ref returns the reference that the call is made on.
func (c *Call) Ref() *Ref { return c.ref }

// Begin returns a call of m on the object. It never fails and never returns
// nil; a call that cannot be made says so at its End.
func (r *Ref) Begin(ctx context.Context, m *Method) *Call {
	if r == nil || r.binding == nil {
		return unbound(ctx, m, errNilRef)
	}
	c := r.binding.Begin(ctx, m)
	c.ref = r // keeps the object alive until End
	return c
}

// Invoke sends the call and waits until it has ended or its context has.
// Afterwards Results stands before the first result; it is empty if the call
// failed, so that every result reads as its zero value.
func (c *Call) Invoke() {
	c.err = c.runner.Run(c)
}

// End finishes the call and returns its error: the method's own, or one of the
// runtime's. The Call must not be used afterwards.
func (c *Call) End() error {
	err := c.err
	if failed := c.finish(c.Results.End()); err == nil {
		err = failed
	}
	return err
}

// finish gives the call back to its runner.
func (c *Call) finish(results error) error {
	ref := c.ref
	c.ctx, c.ref, c.err = nil, nil, nil
	err := c.runner.Finish(c, results)
	runtime.KeepAlive(ref)
	return err
}

// Incoming is one call coming in, on the owner's side. It belongs to the
// goroutine that serves the call and ends when Serve returns.
type Incoming struct {
	Args    marshal.Decoder // one array: the arguments
	Results marshal.Encoder // one array: the results
}

// Decoded ends the arguments and returns what was wrong with them. Generated
// code calls it before the method, so that no method runs on half-read
// arguments.
func (in *Incoming) Decoded() error { return in.Args.End() }

// unboundRunner fails every call: the proxy names no remote object.
type unboundRunner struct{ err error }

func (u unboundRunner) Run(*Call) error           { return u.err }
func (u unboundRunner) Finish(*Call, error) error { return nil }

func unbound(ctx context.Context, m *Method, err error) *Call {
	c := &Call{}
	c.Init(ctx, m, unboundRunner{fmt.Errorf("%s: %w", m.FullName(), err)})
	return c
}

func typeName[T any]() reflect.Type { return reflect.TypeFor[T]() }
