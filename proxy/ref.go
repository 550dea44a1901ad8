package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
)

// Ref is the untyped handle of one object: a remote one, reached through the
// session that it was received on, or a Go value of this process. There is one
// Ref per remote object and process, so refs of the same remote object are ==.
// As long as a Ref, or a proxy made from it, is reachable, its object lives.
//
// A *Ref may itself be a parameter or result of an exported method; it then
// travels by reference, whatever the interface of its object.
//
// A Ref is safe for concurrent use. Package objects makes them. There may be a
// million of them, so it is small: a generated proxy is a Ref under another type,
// and takes no memory of its own.
type Ref struct {
	iface   string  // name of the interface that the object was passed as
	binding Binding // a local for an object of this process
	known   atomic.Pointer[typed]
}

// typed is a proxy that a Ref must remember: one of another interface than the
// object was passed as, or of generated code whose proxies are not the Ref.
type typed struct {
	iface *Interface
	proxy any
	next  *typed
}

// find returns the proxy of interface i, nil if it is not among t and what follows.
func (t *typed) find(i *Interface) *typed {
	for t != nil && t.iface != i {
		t = t.next
	}
	return t
}

// Binding ties a remote Ref to the runtime, which implements it.
type Binding interface {
	// Begin returns a fresh call on the object, with the context and method
	// given. It never fails: what is wrong shows when the call is invoked.
	Begin(ctx context.Context, m *Method) *Call
	// String names the object and its owner: "obj://<incarnation>/<object>".
	String() string
}

// Proxy is what every generated proxy implements.
type Proxy interface {
	ProxyRef() *Ref
}

// NewRef returns the handle of a remote object. The runtime calls it, once for
// each object.
func NewRef(iface string, b Binding) *Ref { return &Ref{iface: iface, binding: b} }

// NewLocalRef returns a handle of object, a value of this process, to be passed
// as the interface called iface.
func NewLocalRef(iface string, object any) *Ref { return &Ref{iface: iface, binding: local{object}} }

// local is the binding of an object of this process.
type local struct{ object any }

// Begin implements Binding.
func (l local) Begin(ctx context.Context, m *Method) *Call {
	return unbound(ctx, m, fmt.Errorf("the object is a %T of this process; use proxy.Cast and call it directly", l.object))
}

// String implements Binding.
func (l local) String() string { return fmt.Sprintf("obj://local/%T", l.object) }

// RefOf returns a handle of v, which is to be passed as interface T: that of
// the proxy if v is one, or of the object that it stands for now, else a handle of the
// Go value. A nil v gives nil.
func RefOf[T any](v T) (*Ref, error) {
	switch o := any(v).(type) {
	case nil:
		return nil, nil
	case *Ref:
		return o.target(), nil
	case Proxy:
		if r := o.ProxyRef().target(); r != nil {
			return r, nil
		}
		return nil, errNilRef
	}
	i, err := InterfaceOf[T]()
	if err != nil {
		return nil, err
	}
	return NewLocalRef(i.Name, v), nil
}

// Interface returns the name of the interface that the object was passed as.
func (r *Ref) Interface() string { return r.iface }

// Binding returns the runtime's side of a remote reference, nil for an object
// of this process.
func (r *Ref) Binding() Binding {
	if _, ok := r.binding.(local); ok {
		return nil
	}
	return r.binding
}

// Local returns the Go value, if the object is one of this process.
func (r *Ref) Local() (object any, ok bool) {
	l, ok := r.binding.(local)
	return l.object, ok
}

// String names the object and its owner.
func (r *Ref) String() string {
	if r == nil || r.binding == nil {
		return "obj://nil"
	}
	return r.binding.String()
}

// Cast returns the object of r as a T: the Go value itself if it is one of this
// process, else the proxy, always the same one for the same r and T. It asks
// nobody: a remote object must have been passed as T, or [Ref.Typed] been told
// that it is one too. A nil r gives a nil T.
func Cast[T any](r *Ref) (T, error) {
	var none T
	if r == nil {
		return none, nil
	}
	if object, ok := r.Local(); ok {
		if v, ok := object.(T); ok {
			return v, nil
		}
		return none, fmt.Errorf("%T does not implement %v", object, typeName[T]())
	}
	i, err := InterfaceOf[T]()
	if err != nil {
		return none, err
	}
	if r.iface != i.Name {
		if t := r.known.Load().find(i); t != nil {
			return t.proxy.(T), nil
		}
		return none, fmt.Errorf("object was passed as %s, not as %s; objects.As asks its owner", ShortName(r.iface), ShortName(i.Name))
	}
	return r.Typed(i).(T), nil
}

// Typed returns the proxy of r for interface i, the same one each time. The
// caller has made sure that the object implements i.
func (r *Ref) Typed(i *Interface) any {
	if i.View != nil && i.Name == r.iface {
		return i.View(r)
	}
	for {
		first := r.known.Load()
		if t := first.find(i); t != nil {
			return t.proxy
		}
		t := &typed{i, i.proxy(r), first}
		if r.known.CompareAndSwap(first, t) {
			return t.proxy
		}
	}
}

var errNilRef = errors.New("proxy without a reference; get one from a lookup or a call")

func sortInterfaces(s []*Interface) {
	slices.SortFunc(s, func(a, b *Interface) int { return strings.Compare(a.Name, b.Name) })
}
