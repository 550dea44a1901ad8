package registry

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// Rebinding is [Lookup] for a T that is to outlive its object: when the object that it
// stands for is gone, it looks the name up again, with growing pauses, and goes on with
// what it finds. [Changes] tells of that. There is one look-up at a time, whoever waits
// for it, and none while the object is there: that the name is bound to another one
// meanwhile changes nothing.
//
// A call that finds no object waits for one, no longer than its context and
// [RebindingPatience]. A call that was certainly not sent ([objects.NotSent]) because
// its object was gone is made on the next one, and so is a call that the former one may
// have run, if the method is marked //objgen:idempotent. Other calls that may have run
// fail with [objects.ErrOutcomeUnknown], and are the caller's to repeat.
//
// Where the T is passed on as an argument, a result or to [Bind], what travels is the
// object that it stands for then. It keeps that object alive, as any reference does.
// [objects.Release] ends the T, as does the client's end; [objects.Alive] tells of
// that. Two Rebindings of one name are not ==.
//
// The first look-up is bound by ctx, and fails as Lookup does.
func Rebinding[T any](ctx context.Context, c *Client, name string) (T, error) {
	var none T
	iface, err := proxy.InterfaceOf[T]()
	if err != nil {
		return none, fmt.Errorf("rebinding %q: %w", name, err)
	}
	r := &rebinding{client: c, name: name, changed: make(chan struct{})}
	r.find = func(ctx context.Context) (*proxy.Ref, error) {
		obj, err := Lookup[T](ctx, c, name)
		if err != nil {
			return nil, err
		}
		return objects.RefOf(obj)
	}
	target, err := r.find(ctx)
	if err != nil {
		return none, err
	}
	r.adopt(target)
	ref := proxy.NewRef(iface.Name, r)
	runtime.AddCleanup(ref, (*rebinding).drop, r)
	return ref.Typed(iface).(T), nil
}

// RebindingPatience is how long a call of a [Rebinding] waits for objects in all, if its
// context lets it.
const RebindingPatience = time.Minute

// rebinding makes a reference stand for whatever a name is bound to. It implements
// [proxy.Standin].
type rebinding struct {
	client *Client
	name   string
	find   func(context.Context) (*proxy.Ref, error) // one look-up

	mu      sync.Mutex // guards what follows; never held during a call
	target  *proxy.Ref // the latest that was found; nil when the reference was dropped
	change  int        // counts the changes of target and lost
	changed chan struct{}
	lost    error       // why target cannot be used any more; nil while it can
	failed  error       // of the latest look-up since
	over    error       // why nothing can be done any more; nil until Release
	dropped bool        // nobody can call it any more
	unhook  func() bool // no longer watches target
	stop    context.CancelFunc
	alive   context.Context // nil until somebody asks for it
	end     context.CancelCauseFunc
}

// adopt makes target, which a look-up received, what the reference stands for.
func (r *rebinding) adopt(target *proxy.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over != nil || r.dropped {
		objects.Forget(target)
		return
	}
	objects.Forget(r.target)
	r.target, r.lost, r.failed = target, nil, nil
	found := r.announce()
	alive := objects.Alive(target)
	r.unhook = context.AfterFunc(alive, func() { r.lose(found, context.Cause(alive)) })
}

// announce tells everybody who waits that something has changed, and returns the
// number of the change; r.mu is held.
func (r *rebinding) announce() int {
	r.change++
	close(r.changed)
	r.changed = make(chan struct{})
	return r.change
}

// lose has the name looked up again, if what was found last was lost: that of the change
// with the number found.
func (r *rebinding) lose(found int, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.change != found || r.over != nil || r.dropped {
		return
	}
	r.lost = why
	r.unhook()
	r.announce()
	ctx, stop := context.WithCancel(r.client.ctx)
	r.stop = stop
	r.client.spawn(func() {
		defer stop()
		r.look(ctx)
	})
}

// look looks the name up until that leads to an object that can be used. It ends with
// ctx, or soon after the reference was dropped.
func (r *rebinding) look(ctx context.Context) {
	var p pauses
	for p.wait(ctx) && r.Target() != nil {
		target, err := r.find(ctx)
		if err == nil {
			if err = context.Cause(objects.Alive(target)); err == nil {
				r.adopt(target)
				return
			}
			objects.Forget(target)
		}
		r.mu.Lock()
		r.failed = err
		r.mu.Unlock()
	}
}

// drop is the cleanup of the reference. It runs on the garbage collector's goroutine
// and touches nothing but the fields.
func (r *rebinding) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target, r.dropped = nil, true
}

// Target implements proxy.Standin.
func (r *rebinding) Target() *proxy.Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.target
}

// Alive implements proxy.Standin.
func (r *rebinding) Alive() context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alive == nil {
		r.alive, r.end = context.WithCancelCause(r.client.ctx)
		if r.over != nil {
			r.end(r.over)
		}
	}
	return r.alive
}

// Release implements proxy.Standin.
func (r *rebinding) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over != nil {
		return
	}
	r.over = &objects.Error{Code: objects.CodeReleased, Op: fmt.Sprintf("rebinding %q", r.name), Hint: "make another one"}
	r.unhook()
	if r.stop != nil {
		r.stop()
	}
	if r.end != nil {
		r.end(r.over)
	}
	objects.Forget(r.target)
	r.announce()
}

// String implements proxy.Binding.
func (r *rebinding) String() string { return r.Target().String() }

// Begin implements proxy.Binding.
func (r *rebinding) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	return proxy.NewForward(ctx, m, r.run)
}

// run makes a call on one object after another, until it is known what became of it.
func (r *rebinding) run(c *proxy.Call, try func(*proxy.Ref) error) error {
	waiting, cancel := context.WithTimeoutCause(c.Context(), RebindingPatience, errPatience)
	defer cancel()
	sofar := objects.NotSent
	for {
		target, found, err := r.await(waiting)
		if err != nil {
			return r.failure(c, sofar, err)
		}
		err = try(target)
		if !missed(c.Method(), err) {
			return err
		}
		sofar = max(sofar, objects.OutcomeOf(err))
		r.lose(found, err)
	}
}

var errPatience = errors.New("it is bound to nothing that can be used")

// await waits until there is an object, and returns it, and the number of the change
// that brought it.
func (r *rebinding) await(ctx context.Context) (*proxy.Ref, int, error) {
	for {
		r.mu.Lock()
		target, found, lost, over, changed := r.target, r.change, r.lost, r.over, r.changed
		r.mu.Unlock()
		switch {
		case over != nil:
			return nil, 0, over
		case r.client.ctx.Err() != nil:
			return nil, 0, errClosed
		case ctx.Err() != nil:
			return nil, 0, context.Cause(ctx)
		case lost == nil:
			return target, found, nil
		}
		select {
		case <-changed:
		case <-r.client.ctx.Done():
		case <-ctx.Done():
		}
	}
}

// missed reports whether a call of m is to be made on another object: the one that it
// was made on is gone, and has not run it or may be one of several that do.
func missed(m *proxy.Method, err error) bool {
	e, ok := err.(*objects.Error)
	if !ok {
		return false // the method's own
	}
	switch cause, _ := e.Cause.(*objects.Error); objects.OutcomeOf(err) {
	case objects.NotSent:
		if cause != nil && cause.Op == "reference" {
			return false // what is gone is an argument
		}
	case objects.OutcomeUnknown:
		if !m.Idempotent {
			return false
		}
	default:
		return false
	}
	return e.Code == objects.CodeGone || e.Code == objects.CodeUnreachable || e.Code == objects.CodeReleased
}

// failure is the error of a call that found no object, or no other one after what came
// of it so far.
func (r *rebinding) failure(c *proxy.Call, sofar objects.Outcome, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &objects.Error{Code: objects.CodeContext, Op: c.Method().FullName(), Peer: r.client.url, Outcome: sofar}
	if known, ok := err.(*objects.Error); ok { // released, or closed
		e.Code, e.Cause, e.Hint = known.Code, known.Cause, known.Hint
		return e
	}
	if err == errPatience {
		e.Code = objects.CodeGone
	}
	e.Cause = fmt.Errorf("waiting for %q to be bound again: %w", r.name, err)
	if r.failed != nil {
		e.Cause = fmt.Errorf("%w: %w", e.Cause, r.failed)
	}
	return e
}

// Change is what has become of the object behind a [Rebinding].
type Change struct {
	// Lost is why the object can be used no longer; nil if there is one.
	Lost error
	// Object names it: "obj://incarnation/number".
	Object string
}

// Changes yields how v stands, the T of a [Rebinding], and then every change of that: its
// object was lost, another was found. A loop that is slow is told how it stands then, not
// what it missed. It ends with ctx, with v or with its client; the reason is the last
// pair's error, and the only one. Leaving the loop is all it takes to end it.
func Changes(ctx context.Context, v any) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		r := rebindingOf(v)
		if r == nil {
			yield(Change{}, fmt.Errorf("%T is no Rebinding", v))
			return
		}
		err := r.tell(ctx, func(c Change) bool { return yield(c, nil) })
		runtime.KeepAlive(v)
		if err != nil {
			yield(Change{}, err)
		}
	}
}

func rebindingOf(v any) *rebinding {
	p, ok := v.(proxy.Proxy)
	if !ok {
		return nil
	}
	r, _ := p.ProxyRef().Standin().(*rebinding)
	return r
}

// tell yields changes; the error is nil when the loop was left.
func (r *rebinding) tell(ctx context.Context, yield func(Change) bool) error {
	for told := 0; ; {
		r.mu.Lock()
		now, change, over, changed := Change{r.lost, r.target.String()}, r.change, r.over, r.changed
		r.mu.Unlock()
		switch {
		case over != nil:
			return over
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case r.client.ctx.Err() != nil:
			return errClosed
		case change != told:
			if told = change; !yield(now) {
				return nil
			}
			continue
		}
		select {
		case <-changed:
		case <-r.client.ctx.Done():
		case <-ctx.Done():
		}
	}
}
