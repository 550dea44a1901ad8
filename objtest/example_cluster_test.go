package objtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/registry"
)

// A server is out of reach for a moment, and later crashes. The test takes more than a
// minute of the bubble's time, and some milliseconds.
func ExampleCluster() {
	test(func(t *testing.T) { // calls synctest.Test
		ctx := t.Context()
		c := objtest.Cluster(t)
		client := c.Names(c.Node("client"))
		serve := func(server *objects.Node) {
			if err := registry.Rebind[hello.Greeter](ctx, c.Names(server), "greeter", greeter{}); err != nil {
				t.Fatal(err)
			}
		}
		serve(c.Node("server"))
		remote, err := registry.Lookup[hello.Greeter](ctx, client, "greeter")
		if err != nil {
			t.Fatal(err)
		}

		c.Links("client").Part()
		time.AfterFunc(time.Second, c.Links("client").Heal)
		fmt.Println(remote.Greet("Ada")) // waits for the next connection

		c.Crash("server")
		<-objects.Alive(remote).Done()
		_, err = remote.Greet("Ada")
		fmt.Println("lost:", err != nil)

		serve(c.Restart("server"))
		remote, err = registry.Lookup[hello.Greeter](ctx, client, "greeter")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(remote.Greet("Ada"))
	})
	// Output:
	// Hello, Ada! <nil>
	// lost: true
	// Hello, Ada! <nil>
}
