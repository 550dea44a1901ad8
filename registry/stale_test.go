package registry

import (
	"testing"

	"github.com/netobj/netobj/objects"
)

// TestNameBoundInAnEndedRegistryIsStale has a name acknowledged by a registry
// that ended just then, while others are already being bound anew in the next.
func TestNameBoundInAnEndedRegistryIsStale(t *testing.T) {
	node := objects.NewNode(nil)
	defer node.Close()
	ended, err := Serve(node, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended.Close()
	next, err := Serve(node, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{held: map[string]*held{"late": {in: ended}, "anew": {in: next}}, renewing: make(chan struct{})}
	if c.settled() || c.renewing == nil {
		t.Fatal("renewing ended, but a name is stale")
	}
	c.held["late"].in = next
	if !c.settled() || c.renewing != nil {
		t.Fatal("renewing goes on, but no name is stale")
	}
}
