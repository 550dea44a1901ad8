package registry_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/internal/sample"
)

// silent is a watcher that does not listen.
type silent struct{}

func (silent) Notify(context.Context, []registry.Event) error { return nil }

// failures provokes what can go wrong at a client, by name.
func failures(t *testing.T) map[string]error {
	w := newWorld(t)
	ctx, all := t.Context(), map[string]error{}
	node, names := w.join()
	dying, gone := w.join()
	lookup := func(c *registry.Client, name string) error {
		_, err := registry.Lookup[sample.Customer](ctx, c, name)
		return err
	}
	check(t, registry.Bind[sample.Account](ctx, names, "bank/alice", &account{}))
	check(t, registry.Bind[sample.Customer](ctx, gone, "left", customer("x")))
	check(t, dying.Close())
	synctest.Wait()
	fill(t, w.server)

	all["lookup of nothing"] = lookup(names, "bank/bob")
	all["lookup while the owner is away"] = lookup(names, "left")
	all["lookup as another interface"] = lookup(names, "bank/alice")
	all["unbind of nothing"] = registry.Unbind(ctx, names, "bank/bob")
	all["bind of a bound name"] = registry.Bind[sample.Customer](ctx, names, "bank/alice", customer("x"))
	all["bind of nil"] = registry.Bind[sample.Customer](ctx, names, "nil", nil)
	all["bind of what is no object"] = registry.Bind(ctx, names, "seven", 7)
	all["too many names"] = registry.Bind[sample.Customer](ctx, w.local(), "more", customer("x"))
	_, all["list of no prefix"] = names.List(ctx, "a\nb")
	for what, name := range map[string]string{
		"empty": "", "element": "a//b", "dots": "a/../b", "control": "a\tb", "no UTF-8": "a\xffb", "length": strings.Repeat("x", 256),
	} {
		all["name: "+what] = lookup(names, name)
	}
	for range registry.MaxWatches {
		_, err := w.server.Watch(ctx, "none/", silent{})
		check(t, err)
	}
	for _, err := range w.local().Watch(ctx, "bank/") {
		all["too many watches"] = err
	}
	_, all["dial to nobody"] = registry.Dial(ctx, node, "pipe://nobody")
	_, all["dial to a node without registry"] = registry.Dial(ctx, node, w.kit.Node().Addrs()[0])
	check(t, w.server.Close())
	synctest.Wait()
	all["the registry ended"] = lookup(names, "bank/alice")
	check(t, names.Close())
	all["client closed"] = lookup(names, "bank/alice")
	return all
}

var update = flag.Bool("update", false, "write testdata/errors.golden anew")

// TestErrorTexts compares what a user reads when something fails with
// testdata/errors.golden. -update writes the file.
func TestErrorTexts(t *testing.T) {
	const golden = "testdata/errors.golden"
	ids := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	var got string
	synctest.Test(t, func(t *testing.T) {
		var b strings.Builder
		all := failures(t)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if all[name] == nil {
				t.Errorf("%s: no error", name)
				continue
			}
			fmt.Fprintf(&b, "%s\n\t%s\n", name, ids.ReplaceAllString(all[name].Error(), "<id>"))
		}
		got = b.String()
	})
	if *update {
		check(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	check(t, err)
	if got != string(want) {
		t.Errorf("error texts are\n%s\nwant\n%s", got, want)
	}
}

// TestAddresses checks where a client looks for its registry.
func TestAddresses(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is dialled that a test should not touch
	node := w.kit.Node()
	t.Setenv(registry.AddressVariable, "")
	_, err := registry.Dial(ctx, node, "")
	if e, ok := errors.AsType[*objects.Error](err); !ok || e.Peer != "tcp://127.0.0.1:7000" {
		t.Errorf("default address: error %v", err)
	}
	t.Setenv("OBJREGISTRY", registryURL)
	c, err := registry.Dial(t.Context(), node, "")
	check(t, err)
	if c.URL() != registryURL {
		t.Errorf("from the environment: %s", c.URL())
	}
	_, err = registry.Dial(ctx, node, "pipe://nobody")
	if e, ok := errors.AsType[*objects.Error](err); !ok || e.Peer != "pipe://nobody" {
		t.Errorf("as told: error %v", err)
	}
}
