package objects

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/proxy"
)

// roots are the objects that a node offers by name to whoever connects. They
// are how everything else is reached first; a registry is such an object.
type roots struct {
	mu     sync.Mutex
	byName map[string]root
}

type root struct {
	ref    *proxy.Ref
	export lifetime.ObjectID // pinned
}

func (r *roots) init() { r.byName = map[string]root{} }

func (r *roots) get(name string) (*proxy.Ref, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.byName[name]
	if !ok {
		return nil, fault(CodeNoSuchObject, fmt.Errorf("the node publishes nothing under %q", name), "check the name and the address")
	}
	return found.ref, nil
}

// Publish offers obj under name to every node that connects to n, as interface
// T, until [Unpublish]; see [Open]. Errors: [ErrTaken], and [ErrNotExported] if T
// is not an exported interface.
func Publish[T any](n *Node, name string, obj T) error {
	ref, err := proxy.RefOf(obj)
	if err == nil && ref == nil {
		err = errors.New("the object is nil")
	}
	if err != nil {
		return &Error{Code: CodeNotExported, Op: "publish " + name, Cause: err}
	}
	return n.publish(name, ref)
}

func (n *Node) publish(name string, ref *proxy.Ref) error {
	n.roots.mu.Lock()
	defer n.roots.mu.Unlock()
	if _, taken := n.roots.byName[name]; taken {
		return &Error{Code: CodeTaken, Op: "publish " + name, Hint: "unpublish it first"}
	}
	var target any = ref
	if local, ok := ref.Local(); ok {
		target = local
	}
	n.roots.byName[name] = root{ref, n.exports.pin(target)}
	return nil
}

// Unpublish withdraws what was published under name. Those who hold it keep it.
func Unpublish(n *Node, name string) {
	n.roots.mu.Lock()
	r, ok := n.roots.byName[name]
	delete(n.roots.byName, name)
	n.roots.mu.Unlock()
	if ok {
		n.reclaim(n.exports.unpin(r.export))
	}
}

// clear unpublishes everything: the node is closing.
func (r *roots) clear(n *Node) {
	r.mu.Lock()
	published := r.byName
	r.byName = map[string]root{}
	r.mu.Unlock()
	for _, root := range published {
		n.reclaim(n.exports.unpin(root.export))
	}
}

// Open returns the object that the node at url publishes under name. It uses
// the session with that node, or makes one; dialling and asking end with ctx.
// Errors: [ErrAddress], [ErrUnreachable], [ErrNoSuchObject], [ErrNoSuchInterface] if the
// object is not a T, [ErrVersion], [ErrRefused].
func Open[T any](ctx context.Context, n *Node, url, name string) (T, error) {
	ref, err := OpenRef(ctx, n, url, name)
	if err != nil {
		var none T
		return none, err
	}
	return As[T](ctx, ref)
}

// OpenRef is [Open] for an object of any interface.
func OpenRef(ctx context.Context, n *Node, url, name string) (*proxy.Ref, error) {
	s, err := n.connect(ctx, url)
	var ref *proxy.Ref
	switch {
	case errors.Is(err, errSelf):
		ref, err = n.roots.get(name)
	case err != nil:
		return nil, dialError(url, err)
	default:
		ref, err = s.remote.Root(ctx, name)
	}
	if e, ok := err.(*Error); ok && e.Op == "" {
		err = &Error{Code: e.Code, Op: "open " + name, Peer: url, Outcome: FailedThere, Cause: e.Cause, Hint: e.Hint}
	}
	return ref, err
}

// Ping asks the node at url for a sign of life, connecting if need be.
func Ping(ctx context.Context, n *Node, url string) (Peer, error) {
	s, err := n.connect(ctx, url)
	if err != nil {
		return Peer{}, dialError(url, err)
	}
	if err := s.remote.Ping(ctx); err != nil {
		return Peer{}, err
	}
	return s.peer.public(), nil
}

// dialError completes the error of a dial.
func dialError(url string, err error) *Error {
	if errors.Is(err, errSelf) {
		return &Error{Code: CodeAddress, Op: "dial", Peer: url, Cause: err}
	}
	e := *asFault(CodeUnreachable, err)
	e.Op, e.Peer = "dial", url
	if e.Code == CodeUnreachable && e.Hint == "" {
		e.Hint = "check that the node runs and listens there"
	}
	return &e
}

// Serve publishes obj under name on a node of its own that listens at url, until
// ctx ends; then it closes the node. It is all that the simplest server needs.
func Serve[T any](ctx context.Context, url, name string, obj T) error {
	n, err := Listen(ctx, url, nil)
	if err != nil {
		return err
	}
	if err := Publish(n, name, obj); err != nil {
		return errors.Join(err, n.Close())
	}
	<-ctx.Done()
	return n.Close()
}
