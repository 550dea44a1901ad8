package proxy

import (
	"context"
	"math"

	"github.com/netobj/netobj/marshal"
)

// Standin is the binding of a Ref that stands for one object after another, such as
// whatever a name is bound to. Its Begin returns calls made with [NewForward]. Where
// such a Ref is passed on, its target travels.
type Standin interface {
	Binding
	// Target returns what the Ref stands for now: a reference that is no standin,
	// or nil if it stands for nothing any more. It may be one that is broken.
	Target() *Ref
	// Alive returns a context that ends when the Ref stands for nothing any more.
	Alive() context.Context
	// Release ends that.
	Release()
}

// Standin returns what makes r stand for others; nil if it does not.
func (r *Ref) Standin() Standin {
	if r == nil {
		return nil
	}
	s, _ := r.binding.(Standin)
	return s
}

// target returns the reference that r stands for, r itself if it does not.
func (r *Ref) target() *Ref {
	if s := r.Standin(); s != nil {
		return s.Target()
	}
	return r
}

// NewForward returns a call that run carries out, by try: it makes the call on a
// reference, with the arguments as they are, and returns its error. The results of the
// last try, and the error of run, are those of the call.
func NewForward(ctx context.Context, m *Method, run func(c *Call, try func(*Ref) error) error) *Call {
	f := &forward{run: run}
	f.Init(ctx, m, f)
	f.Args.Reset(&unlimited)
	return &f.Call
}

// unlimited are the limits of arguments of which it is not known yet where they go. The
// depth is that of a value which refers to itself.
var unlimited = marshal.Limits{MaxMessage: math.MaxInt, MaxDepth: 1000, MaxElements: math.MaxInt, MaxPairs: math.MaxInt, MaxRefs: math.MaxInt}

// forward is a call that others carry out.
type forward struct {
	Call
	run   func(c *Call, try func(*Ref) error) error
	inner *Call // the one whose results the call has; nil if there is none
}

// Run implements Runner.
func (f *forward) Run(c *Call) error { return f.run(c, f.try) }

func (f *forward) try(to *Ref) error {
	f.Finish(nil, nil) // what was tried before
	if object, ok := to.Local(); ok {
		return f.serve(object)
	}
	f.inner = to.Begin(f.ctx, f.method)
	f.inner.Args.Copy(&f.Args)
	f.inner.Invoke()
	f.Results, f.inner.Results = f.inner.Results, marshal.Decoder{}
	return f.inner.err
}

// serve makes the call on an object of this process. What it panics with is the
// caller's.
func (f *forward) serve(object any) error {
	if err := f.Args.Err(); err != nil {
		return err
	}
	var in Incoming
	in.Args.Reset(f.Args.Data(), f.Args.Slots(), &unlimited, nil)
	in.Args.Tuple()
	in.Results.Reset(&unlimited)
	failed := f.method.Serve(f.ctx, object, &in)
	if err := in.Results.Err(); err != nil {
		return err
	}
	f.Results.Reset(in.Results.Data(), in.Results.Slots(), &unlimited, nil)
	f.Results.Tuple()
	return failed
}

// Finish implements Runner: it finishes the call that was tried last.
func (f *forward) Finish(_ *Call, results error) error {
	inner := f.inner
	if inner == nil {
		return results
	}
	inner.Results, f.Results = f.Results, marshal.Decoder{}
	f.inner = nil
	return inner.finish(results)
}
