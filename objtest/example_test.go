package objtest_test

import (
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
)

var t *testing.T // a test has its own

// A server, its client and the registry between them, in one test. Time in the
// bubble is fake; leave synctest away for real time.
func ExampleNew() {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.New(t) // audits at the end
		server, client := kit.Names(kit.Node()), kit.Names(kit.Node())
		if err := registry.Bind[hello.Greeter](t.Context(), server, "greeter", greeter{}); err != nil {
			t.Fatal(err)
		}
		remote, err := registry.Lookup[hello.Greeter](t.Context(), client, "greeter")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := remote.Greet("you"); text != "Hello, you!" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
}
