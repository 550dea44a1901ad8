package objtest

import (
	"context"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// Names returns a client of the kit's registry for node n. The registry lives
// in a node of its own, made at the first call.
func (k *Kit) Names(n *objects.Node) *registry.Client {
	k.t.Helper()
	if k.names == "" {
		host := k.Node()
		if _, err := registry.Serve(host, nil); err != nil {
			k.t.Fatalf("objtest: %v", err)
		}
		k.names = host.Addrs()[0]
	}
	names, err := registry.Dial(context.Background(), n, k.names)
	if err != nil {
		k.t.Fatalf("objtest: %v", err)
	}
	return names
}
