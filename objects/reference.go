package objects

import (
	"context"
	"fmt"
	"reflect"

	"github.com/netobj/netobj/proxy"
)

// Release gives a reference back at once, for this whole process: v is a proxy
// or a [proxy.Ref], and all who share it find it released. Calls that were made
// before are not disturbed; later ones return [ErrReleased]. A later receipt of
// the same object is a new proxy. Releasing twice, nil, or a value of this
// process does nothing. Of a proxy that stands for one object after another, as that
// of registry.Rebinding does, it ends that; others who hold those objects keep them.
//
// Nobody has to call it: a proxy that is no longer reachable is given back by
// the garbage collector. Release is for objects whose owner should know soon.
func Release(v any) {
	if s := standinOf(v); s != nil {
		s.Release()
	} else if r := referenceOf(v); r != nil {
		r.release()
	}
}

// Alive returns a context that ends when the reference v can no longer be used.
// Its context.Cause is an [Error]: [ErrReleased], [ErrGone] when the owner ended
// or disowned the object, [ErrUnreachable] when the session was without a connection for too long,
// [ErrClosed] when this node closed. The context does not keep the object
// alive: if v becomes unreachable, it ends with ErrReleased. For a value of this
// process it never ends. For a proxy that stands for one object after another it ends
// when that is over.
func Alive(v any) context.Context {
	if s := standinOf(v); s != nil {
		return s.Alive()
	}
	if r := referenceOf(v); r != nil {
		return r.watch()
	}
	return context.Background()
}

// As returns object v, a proxy, a [proxy.Ref] or a value of this process, as a
// T. For a remote object it asks the owner whether it implements T, unless that
// is known. A nil v gives a nil T. Errors: [ErrNoSuchInterface], or those of a
// call.
func As[T any](ctx context.Context, v any) (T, error) {
	var none T
	ref, remote := v.(*proxy.Ref)
	if p, ok := v.(proxy.Proxy); ok {
		ref, remote = p.ProxyRef(), true
	}
	if !remote {
		if t, ok := v.(T); ok || v == nil {
			return t, nil
		}
		return none, notA[T](fmt.Sprintf("%T", v), nil)
	}
	t, err := proxy.Cast[T](ref)
	if s := ref.Standin(); s != nil && err != nil {
		return As[T](ctx, s.Target())
	}
	r := referenceOf(ref)
	if err == nil || r == nil {
		if err != nil {
			err = notA[T](ref.String(), err)
		}
		return t, err
	}
	i := r.await(ctx)
	iface, err := proxy.InterfaceOf[T]()
	if err != nil {
		return none, &Error{Code: CodeNotExported, Op: "as", Object: i.number(), Peer: i.s.peer.addr, Cause: err}
	}
	yes, err := i.s.remote.Implements(ctx, ref, iface.Name)
	if err != nil {
		return none, err
	}
	if !yes {
		return none, &Error{Code: CodeNoSuchInterface, Op: "as " + proxy.ShortName(iface.Name), Object: i.number(), Peer: i.s.peer.addr,
			Outcome: FailedThere, Cause: fmt.Errorf("it was passed as %s", proxy.ShortName(ref.Interface()))}
	}
	return ref.Typed(iface).(T), nil
}

func notA[T any](what string, cause error) *Error {
	if cause == nil {
		cause = fmt.Errorf("%s does not implement %v", what, reflect.TypeFor[T]())
	}
	return &Error{Code: CodeNoSuchInterface, Op: "as", Cause: cause}
}

// RefOf returns the untyped handle of v, an object to be passed as interface T:
// a proxy, or a value of this process. It fails with [ErrNotExported] if T is
// not an exported interface.
func RefOf[T any](v T) (*proxy.Ref, error) {
	ref, err := proxy.RefOf(v)
	if err != nil {
		return nil, &Error{Code: CodeNotExported, Op: "reference", Cause: err}
	}
	return ref, nil
}

// Describe asks the owner of ref which exported interfaces its object
// implements.
func Describe(ctx context.Context, ref *proxy.Ref) ([]Descriptor, error) {
	if r := referenceOf(ref); r != nil {
		return r.await(ctx).s.remote.Describe(ctx, ref)
	}
	object, _ := ref.Local()
	return describe(object), nil
}
