package objects

import (
	"context"

	"github.com/netobj/netobj/proxy"
)

//go:generate go tool objgen

// PeerService is what every node offers to its peers as object number 0.
// Programs reach it through [Open], [As], [Describe], [Ping], [Inspect]
// and [NewWeakRef].
//
//objgen:export
type PeerService interface {
	// Describe lists the exported interfaces of an object that the node passed.
	Describe(ctx context.Context, object *proxy.Ref) ([]Descriptor, error)
	// Implements reports whether an object has the interface called iface.
	Implements(ctx context.Context, object *proxy.Ref, iface string) (bool, error)
	// Ping does nothing, there and back.
	Ping(ctx context.Context) error
	// Root returns the object published under name.
	Root(ctx context.Context, name string) (*proxy.Ref, error)
	// Snapshot tells those who may know what the owner of an object holds, the
	// node itself if there is none: a page that begins after skip objects.
	Snapshot(ctx context.Context, owner *proxy.Ref, skip int) (StatePage, error)
	// Weaken returns what stands for an object, passed as interface iface, and
	// does not keep it alive.
	Weaken(ctx context.Context, object *proxy.Ref, iface string) (WeakHandle, error)
}

// WeakHandle stands for an object that it does not keep alive. Programs use it
// through a [WeakRef]. When the object is gone, the handle is, too.
//
//objgen:export
type WeakHandle interface {
	// Get returns the object; it fails with ErrGone.
	Get(ctx context.Context) (*proxy.Ref, error)
}

// Descriptor describes an exported interface to programs that were built
// without it.
type Descriptor struct {
	Name    string // import path and type name
	Doc     string
	Methods []MethodDescriptor
}

// MethodDescriptor describes one method.
type MethodDescriptor struct {
	Name      string
	Signature string // Go text
	Doc       string
	Params    []FieldDescriptor
	Results   []FieldDescriptor
}

// FieldDescriptor is a parameter or result: its name and its type in schema
// text.
type FieldDescriptor struct {
	Name string
	Type string
}

// peerObject is this node as the peer of one session sees it.
type peerObject struct{ s *session }

// Describe implements PeerService. A forwarder asks the owner.
func (p peerObject) Describe(ctx context.Context, object *proxy.Ref) ([]Descriptor, error) {
	if object == nil {
		return nil, errNilObject
	}
	return Describe(ctx, object)
}

// Implements implements PeerService.
func (p peerObject) Implements(ctx context.Context, object *proxy.Ref, iface string) (bool, error) {
	if object == nil {
		return false, errNilObject
	}
	if r := referenceOf(object); r != nil {
		return r.await(ctx).s.remote.Implements(ctx, object, iface)
	}
	local, _ := object.Local()
	for _, i := range proxy.SkeletonOf(local).Interfaces {
		if i.Name == iface {
			return true, nil
		}
	}
	return false, nil
}

// Ping implements PeerService.
func (p peerObject) Ping(context.Context) error { return nil }

// Root implements PeerService.
func (p peerObject) Root(_ context.Context, name string) (*proxy.Ref, error) {
	return p.s.node.roots.get(name)
}

var errNilObject error = fault(CodeBadArguments, reason("the reference is nil"), "")

// describe lists the exported interfaces of a value of this process.
func describe(object any) []Descriptor {
	var all []Descriptor
	for _, i := range proxy.SkeletonOf(object).Interfaces {
		d := Descriptor{Name: i.Name, Doc: i.Doc}
		for k := range i.Methods {
			m := &i.Methods[k]
			d.Methods = append(d.Methods, MethodDescriptor{
				Name: m.Name, Signature: m.Signature, Doc: m.Doc,
				Params: fields(m.Params), Results: fields(m.Results),
			})
		}
		all = append(all, d)
	}
	return all
}

func fields(of []proxy.Field) []FieldDescriptor {
	all := make([]FieldDescriptor, len(of))
	for i, f := range of {
		all[i] = FieldDescriptor(f)
	}
	return all
}
