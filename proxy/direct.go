package proxy

import (
	"context"
	"runtime"

	"github.com/netobj/netobj/marshal"
)

// Direct is one call that goes straight to its object, which another node of
// this process owns: the method runs in the caller's goroutine, and no message is
// made of the call. Generated code gets it from [Ref.Direct] and defers End. It
// passes copies of what both sides could change, made with Arg and Result.
type Direct struct {
	Object  any             // it implements the method's interface
	Context context.Context // what the method gets

	ref    *Ref
	copier Copier
}

// DirectBinding is a [Binding] that can make direct calls.
type DirectBinding interface {
	// Direct returns a direct call of m on the object, and holds the object until
	// its end. It returns nil where the call must be made by Begin: because the
	// object is elsewhere, or because the call would fail, which Begin puts into
	// words.
	Direct(ctx context.Context, m *Method) *Direct
}

// DirectRunner carries out what is not plain Go in a direct call; the runtime
// implements it.
type DirectRunner interface {
	// Carry takes objects to the other side, with the arguments or the results
	// that name them, and returns what they are there.
	Carry(slots []marshal.Slot, results bool) ([]marshal.Slot, error)
	// Return ends the call. err is the method's error; panicked, if not nil, is
	// what ended the call instead: a *CopyError, or a panic of the method. Return
	// gives the caller's error.
	Return(err error, panicked any) error
}

// Init prepares d for a call on object whose method gets ctx. The runtime calls
// it.
func (d *Direct) Init(ctx context.Context, object any, limits *marshal.Limits, r DirectRunner) {
	d.Object, d.Context = object, ctx
	d.copier = Copier{runner: r, limits: limits}
}

// Arg returns what copies argument i for the owner, until the next one is copied.
func (d *Direct) Arg(i int) *Copier {
	d.copier.index = i
	return &d.copier
}

// Result returns what copies result i for the caller.
func (d *Direct) Result(i int) *Copier {
	d.copier.results, d.copier.index = true, i
	return &d.copier
}

// Direct returns a direct call of m on the object, or nil if the call has to be
// made by [Ref.Begin].
func (r *Ref) Direct(ctx context.Context, m *Method) *Direct {
	if r == nil {
		return nil
	}
	b, ok := r.binding.(DirectBinding)
	if !ok {
		return nil
	}
	d := b.Direct(ctx, m)
	if d != nil {
		d.ref = r // keeps the object alive until End
	}
	return d
}

// End ends the call and puts the caller's error into err, which holds the
// method's. It must be deferred itself: it recovers panics, the method's and those
// of copies that cannot be made.
func (d *Direct) End(err *error) {
	*err = d.copier.runner.Return(*err, recover())
	runtime.KeepAlive(d.ref)
}
