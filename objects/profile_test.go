package objects_test

import (
	"bytes"
	"runtime/pprof"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// pinHere exports v, by a name to be found in a stack.
func pinHere(t *testing.T, n *objects.Node, v sample.Thing) {
	t.Helper()
	if _, err := objects.Pin(n, v); err != nil {
		t.Fatal(err)
	}
}

// profileOfExports returns how many exports there are, and where they were made.
func profileOfExports(t *testing.T) (n int, stacks string) {
	t.Helper()
	p := pprof.Lookup("netobj_exports")
	var text bytes.Buffer
	if err := p.WriteTo(&text, 1); err != nil {
		t.Fatal(err)
	}
	return p.Count(), text.String()
}

// TestExportProfile: the profile has who passed an object, until it is reclaimed,
// and nothing of nodes that are not told to.
func TestExportProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet
		config.ProfileExports = true
		p := newPair(t, config)
		if n, stacks := profileOfExports(t); n != 1 || !strings.Contains(stacks, "objects.Publish") {
			t.Errorf("%d exports:\n%s", n, stacks)
		}
		pinHere(t, p.client, &thing{})
		if n, stacks := profileOfExports(t); n != 2 || !strings.Contains(stacks, "pinHere") {
			t.Errorf("%d exports:\n%s", n, stacks)
		}
		other := newPair(t, quiet)
		pinHere(t, other.client, &thing{})
		if n, stacks := profileOfExports(t); n != 2 {
			t.Errorf("%d exports:\n%s", n, stacks)
		}
		p.client.Close()
		p.server.Close()
		if n, stacks := profileOfExports(t); n != 0 {
			t.Errorf("%d exports are left:\n%s", n, stacks)
		}
	})
}
