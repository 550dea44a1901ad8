package proxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Ref is the untyped handle of one object: a remote one, reached through the
// session that it was received on, or a Go value of this process. There is one
// Ref per remote object and process, so refs of the same remote object are ==.
// As long as a Ref, or a proxy made from it, is reachable, its object lives.
//
// A *Ref may itself be a parameter or result of an exported method; it then
// travels by reference, whatever the interface of its object.
//
// A Ref is safe for concurrent use. Package objects makes them.
type Ref struct {
	iface   string  // name of the interface that the object was passed as
	binding Binding // nil for an object of this process
	object  any     // the Go value, for an object of this process

	mu      sync.Mutex
	proxies []typedProxy // guarded by mu; one entry for each interface asked for
}

type typedProxy struct {
	iface *Interface
	proxy any
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
func NewLocalRef(iface string, object any) *Ref { return &Ref{iface: iface, object: object} }

// RefOf returns a handle of v, which is to be passed as interface T: that of
// the proxy if v is one, else a handle of the Go value. A nil v gives nil.
func RefOf[T any](v T) (*Ref, error) {
	switch o := any(v).(type) {
	case nil:
		return nil, nil
	case *Ref:
		return o, nil
	case Proxy:
		if r := o.ProxyRef(); r != nil {
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
func (r *Ref) Binding() Binding { return r.binding }

// Local returns the Go value, if the object is one of this process.
func (r *Ref) Local() (object any, ok bool) { return r.object, r.binding == nil }

// String names the object and its owner.
func (r *Ref) String() string {
	switch {
	case r == nil:
		return "obj://nil"
	case r.binding == nil:
		return fmt.Sprintf("obj://local/%T", r.object)
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
	if r.binding == nil {
		if v, ok := r.object.(T); ok {
			return v, nil
		}
		return none, fmt.Errorf("%T does not implement %v", r.object, typeName[T]())
	}
	i, err := InterfaceOf[T]()
	if err != nil {
		return none, err
	}
	if r.iface != i.Name {
		if p, ok := r.known(i); ok {
			return p.(T), nil
		}
		return none, fmt.Errorf("object was passed as %s, not as %s; objects.As asks its owner", ShortName(r.iface), ShortName(i.Name))
	}
	return r.Typed(i).(T), nil
}

// Typed returns the proxy of r for interface i, the same one each time. The
// caller has made sure that the object implements i.
func (r *Ref) Typed(i *Interface) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, ok := r.find(i); ok {
		return p
	}
	p := i.New(r)
	r.proxies = append(r.proxies, typedProxy{i, p})
	return p
}

func (r *Ref) known(i *Interface) (any, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(i)
}

func (r *Ref) find(i *Interface) (any, bool) {
	for _, t := range r.proxies {
		if t.iface == i {
			return t.proxy, true
		}
	}
	return nil, false
}

var errNilRef = errors.New("proxy without a reference; get one from a lookup or a call")

func sortInterfaces(s []*Interface) {
	slices.SortFunc(s, func(a, b *Interface) int { return strings.Compare(a.Name, b.Name) })
}
