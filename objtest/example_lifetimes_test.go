package objtest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/examples/hello"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
)

// visitor is a Greeter that leaves when nobody has spoken to it for a minute.
type visitor struct{ greeter }

func (*visitor) IdleLimit() time.Duration { return time.Minute }
func (*visitor) Unreferenced()            { fmt.Println("it has left") }

// attic holds what it is given, and forgets about it.
type attic struct{ kept []hello.Greeter }

// An object that is forgotten by those who hold it ends by its own limit. Hours of the
// bubble pass in no time.
func ExampleCluster_idleLimit() {
	test(func(t *testing.T) {
		ctx := t.Context()
		c := objtest.Cluster(t)
		owner, holder := c.Node("owner"), c.Node("holder")
		v := &visitor{}
		if err := objects.Publish[hello.Greeter](owner, "visitor", v); err != nil {
			t.Fatal(err)
		}
		remote, err := objects.Open[hello.Greeter](ctx, holder, "pipe://owner", "visitor")
		if err != nil {
			t.Fatal(err)
		}
		forgetful := &attic{kept: []hello.Greeter{remote}}
		objects.Unpublish(owner, "visitor") // from now on its holder alone keeps it

		<-objects.Alive(remote).Done()
		synctest.Wait()
		fmt.Println(errors.Is(context.Cause(objects.Alive(remote)), objects.ErrGone), len(forgetful.kept))
	})
	// Output:
	// it has left
	// true 1
}

// A server that is silent is lost when its client's lease is over.
func ExampleCluster_lease() {
	test(func(t *testing.T) {
		ctx := t.Context()
		c := objtest.ClusterConfig(t, objects.Config{Lease: 10 * time.Second})
		server, client := c.Node("server"), c.Node("client")
		if err := objects.Publish[hello.Greeter](server, "greeter", greeter{}); err != nil {
			t.Fatal(err)
		}
		remote, err := objects.Open[hello.Greeter](ctx, client, "pipe://server", "greeter")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		c.Link("client", "server").Lose()
		<-objects.Alive(remote).Done()
		after := time.Since(begun) // 25 s until the silence counts as a break, and the lease
		fmt.Println(errors.Is(context.Cause(objects.Alive(remote)), objects.ErrUnreachable), after > 30*time.Second && after < 36*time.Second)
	})
	// Output:
	// true true
}
