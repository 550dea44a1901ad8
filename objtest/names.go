package objtest

import (
	"context"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// Names returns a client of the kit's registry for node n.
func (k *Kit) Names(n *objects.Node) *registry.Client {
	k.t.Helper()
	names, err := registry.Dial(context.Background(), n, k.Registry().Addrs()[0])
	if err != nil {
		k.t.Fatalf("objtest: %v", err)
	}
	return names
}

// Registry returns the node of the kit's registry, made at the first call.
// Cutting it off makes the names unreachable until their owners are back.
func (k *Kit) Registry() *objects.Node {
	k.t.Helper()
	if k.registry == nil {
		k.serve(k.Node(), nil)
	}
	return k.registry
}

// serve makes host the node of the kit's registry.
func (k *Kit) serve(host *objects.Node, options *registry.ServerOptions) {
	k.t.Helper()
	if _, err := registry.Serve(host, options); err != nil {
		k.t.Fatalf("objtest: %v", err)
	}
	k.registry = host
}
