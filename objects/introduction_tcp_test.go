package objects_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// TestT7AnIntroducerDialledByItsName is on this machine, if its address is.
func TestT7AnIntroducerDialledByItsName(t *testing.T) {
	kit := objtest.NewDirect(t, quiet)
	owner, introducer, user := kit.NodeAt("tcp://127.0.0.1:0"), kit.NodeAt("tcp://127.0.0.1:0"), kit.Node()
	near := lend(t, owner, introducer, &thing{})
	if err := objects.Publish(introducer, "lent", near); err != nil {
		t.Fatal(err)
	}
	byName := strings.Replace(introducer.Addrs()[0], "127.0.0.1", "localhost", 1)
	far, err := objects.Open[sample.Thing](t.Context(), user, byName, "lent")
	if err != nil {
		t.Fatal(err)
	}
	if err := add(t, far); err != nil || !objects.Direct(t.Context(), far) {
		t.Errorf("calls take the way %q; %v", routesOf(user), err)
	}
}

// TestAliveEndsWithRelease of an introduced object, and not some time after it.
func TestAliveEndsWithRelease(t *testing.T) {
	for name, config := range map[string]objects.Config{"direct": quiet, "vine": forwarding} {
		m := newTrio(t, config)
		alive := objects.Alive(m.far)
		if err := add(t, m.far); err != nil {
			t.Fatal(err)
		}
		objects.Release(m.far)
		if !errors.Is(context.Cause(alive), objects.ErrReleased) {
			t.Errorf("%s: after Release, Alive says %v", name, context.Cause(alive))
		}
	}
}
