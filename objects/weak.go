package objects

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"unsafe"
	"weak"

	"github.com/netobj/netobj/proxy"
)

// WeakRef is a reference to a T that does not keep it alive: for parents and
// listeners, where a plain one would close a cycle of references between nodes,
// which nobody collects. Methods may be called concurrently.
type WeakRef[T any] struct {
	handle WeakHandle

	mu   sync.Mutex
	near weak.Pointer[proxy.Ref] // the latest proxy of the object
}

// NewWeakRef returns a weak reference to v, a proxy or a pointer of this process; of
// a proxy it asks the owner for one. The proxy itself is given back as ever: by the
// garbage collector, [Release] or [Forget]. Errors: [ErrNotExported] if the object
// is no pointer, those of a call.
func NewWeakRef[T any](ctx context.Context, v T) (*WeakRef[T], error) {
	ref, err := proxy.RefOf(v)
	if err == nil && ref == nil {
		err = errors.New("the object is nil")
	}
	if err != nil {
		return nil, &Error{Code: CodeNotExported, Op: "weak reference", Cause: err}
	}
	r := referenceOf(ref)
	if r == nil {
		object, _ := ref.Local()
		h, err := newWeakHandle(nil, object, ref.Interface())
		return &WeakRef[T]{handle: h}, weakError(err, nil)
	}
	i := r.await(ctx)
	h, err := i.s.remote.Weaken(ctx, ref, ref.Interface())
	if err != nil {
		return nil, weakError(err, i)
	}
	return &WeakRef[T]{handle: h, near: weak.Make(ref)}, nil
}

// Get returns the object, which it keeps alive as any reference does from then on.
// Where this process has a proxy of it, that is it; else its owner is asked. Errors:
// [ErrGone] if nothing at the owner keeps the object, those of a call.
func (w *WeakRef[T]) Get(ctx context.Context) (T, error) {
	var none T
	ref := w.known()
	if ref == nil {
		var err error
		if ref, err = w.handle.Get(ctx); err != nil {
			return none, weakError(err, importOf(w.handle))
		}
		if importOf(ref) != nil {
			w.mu.Lock()
			w.near = weak.Make(ref)
			w.mu.Unlock()
		}
	}
	return As[T](ctx, ref)
}

// known returns the proxy that this process has, if it can be used.
func (w *WeakRef[T]) known() *proxy.Ref {
	w.mu.Lock()
	ref := w.near.Value()
	w.mu.Unlock()
	if ref == nil || referenceOf(ref).fault() != nil {
		return nil
	}
	return ref
}

// Alive is the function [Alive] for the object. It tells of an object that nothing
// keeps after its owner's garbage collector has found it, and a sixth of
// Config.KeepAlive.
func (w *WeakRef[T]) Alive() context.Context { return Alive(w.handle) }

// weakError says what failed; the owner is that of i, nil for this process.
func weakError(err error, i *imported) error {
	e, ok := err.(*Error)
	if !ok || e.Op != "" {
		return err
	}
	whole := &Error{Code: e.Code, Op: "weak reference", Cause: e.Cause, Hint: e.Hint}
	if i != nil {
		whole.Object, whole.Peer, whole.Outcome = i.number(), i.s.peer.addr, FailedThere
	}
	return whole
}

// weakHandle is what peers hold in place of an object of this node. It is a
// WeakHandle.
type weakHandle struct {
	n       *Node // nil for the use of this process alone
	iface   string
	object  weak.Pointer[byte]
	kind    reflect.Type // of the object
	cleanup runtime.Cleanup
}

func newWeakHandle(n *Node, object any, iface string) (*weakHandle, error) {
	v := reflect.ValueOf(object)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, fault(CodeNotExported, fmt.Errorf("%T is no pointer, so nobody can tell whether it is still in use", object), "export a pointer")
	}
	first := (*byte)(v.UnsafePointer())
	h := &weakHandle{n: n, iface: iface, object: weak.Make(first), kind: v.Type()}
	if n != nil {
		h.cleanup = runtime.AddCleanup(first, n.fallen.add, h)
	}
	return h, nil
}

// Get implements WeakHandle.
func (h *weakHandle) Get(context.Context) (*proxy.Ref, error) {
	first := h.object.Value()
	if first == nil {
		return nil, errFallen
	}
	return proxy.NewLocalRef(h.iface, reflect.NewAt(h.kind.Elem(), unsafe.Pointer(first)).Interface()), nil
}

var errFallen = fault(CodeGone, reason("nothing at its owner keeps it"), "")

// Unreferenced implements Unreferencer.
func (h *weakHandle) Unreferenced() { h.cleanup.Stop() }

// fallen has the handles of objects that the garbage collector took. Its cleanups
// run where neither channels nor timers may be touched (rule H7), so the handles
// wait for a heartbeat.
type fallen struct {
	mu      sync.Mutex
	handles []*weakHandle
}

func (f *fallen) add(h *weakHandle) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handles = append(f.handles, h)
}

// tell tells those who hold the handles.
func (f *fallen) tell() {
	f.mu.Lock()
	handles := f.handles
	f.handles = nil
	f.mu.Unlock()
	for _, h := range handles {
		Disown(h.n, h, errFallen)
	}
}

// Weaken implements PeerService. A forwarder asks the owner.
func (p peerObject) Weaken(ctx context.Context, object *proxy.Ref, iface string) (WeakHandle, error) {
	if object == nil {
		return nil, errNilObject
	}
	if r := referenceOf(object); r != nil {
		return r.await(ctx).s.remote.Weaken(ctx, object, iface)
	}
	local, _ := object.Local()
	if !slices.ContainsFunc(proxy.SkeletonOf(local).Interfaces, func(i *proxy.Interface) bool { return i.Name == iface }) {
		return nil, fault(CodeNoSuchInterface, fmt.Errorf("%T is no %s", local, iface), "")
	}
	h, err := newWeakHandle(p.s.node, local, iface)
	if err != nil {
		return nil, err
	}
	return h, nil
}
