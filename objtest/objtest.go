package objtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/transport"
)

// Kit holds the nodes of one test. Its methods belong to the goroutine of the
// test.
type Kit struct {
	t        testing.TB
	config   objects.Config
	nodes    []*objects.Node
	registry *objects.Node // nil until it is asked for
}

// New returns a kit whose nodes are closed and audited when the test ends: the
// tables of every node are then empty and all its goroutines gone, or the test
// fails.
func New(t testing.TB) *Kit { return NewConfig(t, objects.Config{}) }

// NewConfig is [New] with a configuration for the nodes. Its Logger, if nil,
// writes to the test's log; its PipeNet is the kit's own, and LocalCallsOnWire and
// PoisonLent are set.
func NewConfig(t testing.TB, config objects.Config) *Kit {
	t.Helper()
	config.LocalCallsOnWire = true
	return newKit(t, config)
}

// NewDirect is [NewConfig] for nodes that call each other's objects directly, as
// the nodes of one process do if they are not told otherwise.
func NewDirect(t testing.TB, config objects.Config) *Kit {
	t.Helper()
	config.LocalCallsOnWire = false
	return newKit(t, config)
}

func newKit(t testing.TB, config objects.Config) *Kit {
	t.Helper()
	config.PipeNet = transport.NewPipeNet()
	k := &Kit{t: t}
	k.config = k.complete(config)
	where := bubble()
	before := goroutines(where)
	if where == "" {
		kits.Add(1)
	}
	t.Cleanup(func() {
		k.close()
		if where == "" {
			kits.Add(-1)
		}
		auditGoroutines(t, before)
	})
	return k
}

// complete sets what every node of a kit has.
func (k *Kit) complete(config objects.Config) objects.Config {
	config.PoisonLent = true
	config.ThroughYamux = config.ThroughYamux || os.Getenv("OBJTEST_THROUGH_YAMUX") != ""
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(k.t.Output(), nil))
	}
	return config
}

// Node returns a new node. It listens at its own address, see
// [objects.Node.Addrs].
func (k *Kit) Node() *objects.Node {
	k.t.Helper()
	return k.NodeAt(fmt.Sprintf("pipe://node-%d", len(k.nodes)+1))
}

// NodeAt returns a new node that listens at url, for tests of what only a real
// network shows.
func (k *Kit) NodeAt(url string) *objects.Node {
	k.t.Helper()
	n := k.listen(hostOf(url), url, k.config)
	k.nodes = append(k.nodes, n)
	return n
}

// listen returns a new node, which is the caller's to close.
func (k *Kit) listen(host, url string, config objects.Config) *objects.Node {
	k.t.Helper()
	config.PipeNet = k.config.PipeNet.Host(host)
	n, err := objects.Listen(context.Background(), url, &config)
	if err != nil {
		k.t.Fatalf("objtest: %v", err)
	}
	return n
}

// hostOf returns the host of the kit's network that an address is of.
func hostOf(url string) string {
	_, host, _ := strings.Cut(url, "://")
	return host
}

// PipeNet returns the network of the kit's nodes, for a node with settings of its own.
// The kit neither closes nor audits that one.
func (k *Kit) PipeNet() *transport.PipeNet { return k.config.PipeNet }

// links returns what lies between a node and all others.
func (k *Kit) links(n *objects.Node) *transport.PipeLink {
	return k.config.PipeNet.Link(hostOf(n.Addrs()[0]), "")
}

// Cut breaks the connections of a node; the sessions go on with new ones.
func (k *Kit) Cut(n *objects.Node) { k.links(n).Cut() }

// Part breaks the connections of a node and lets none be made until [Kit.Heal].
// Sessions that are parted for Config.Lease end.
func (k *Kit) Part(n *objects.Node) { k.links(n).Part() }

// Heal ends what [Kit.Part] began.
func (k *Kit) Heal(n *objects.Node) { k.links(n).Heal() }

// Freeze lets the connections of a node go silent: what is sent is lost, and neither
// side is told.
func (k *Kit) Freeze(n *objects.Node) { k.links(n).Freeze() }

// close ends the nodes, the youngest first, and audits their tables.
func (k *Kit) close() {
	k.t.Helper()
	for i := len(k.nodes) - 1; i >= 0; i-- {
		if err := k.nodes[i].Close(); err != nil {
			k.t.Errorf("objtest: closing node %d: %v", i+1, err)
		}
		if left := k.nodes[i].Stats(); left != (objects.Stats{}) {
			k.t.Errorf("objtest: closed node %d still holds %+v", i+1, left)
		}
	}
}
