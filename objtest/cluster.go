package objtest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/transport"
)

// Network is a number of nodes that have names, with links between them that can
// fail. One of them is "registry". Its methods belong to the goroutine of the test;
// what its links do, to anyone.
type Network struct {
	kit   *Kit
	hosts map[string]*host
	names registry.Store
}

// host is where one node after another runs under a name.
type host struct {
	config objects.Config
	node   *objects.Node // the latest
	up     bool
}

// Cluster returns a network without nodes. Those that run when the test ends are
// closed and audited, as those of [New] are; of those that crashed, the goroutines.
func Cluster(t testing.TB) *Network { return ClusterConfig(t, objects.Config{}) }

// ClusterConfig is [Cluster] with a configuration for the nodes, as in [NewConfig].
func ClusterConfig(t testing.TB, config objects.Config) *Network {
	t.Helper()
	return &Network{kit: NewConfig(t, config), hosts: map[string]*host{}, names: registry.NewMemoryStore()}
}

// Node returns the node called name: a new one at the first call, later the one that
// runs, or ran last. It listens at pipe://name.
func (c *Network) Node(name string) *objects.Node {
	c.kit.t.Helper()
	return c.NodeConfig(name, c.kit.config)
}

// NodeConfig is [Network.Node] with a configuration for the node, if it is new, and for
// those that [Network.Restart] makes.
func (c *Network) NodeConfig(name string, config objects.Config) *objects.Node {
	c.kit.t.Helper()
	h := c.hosts[name]
	if h == nil {
		config.LocalCallsOnWire = c.kit.config.LocalCallsOnWire
		h = &host{config: c.kit.complete(config)}
		c.hosts[name] = h
		c.start(name, h)
	}
	return h.node
}

// registryName is the name of the registry's node.
const registryName = "registry"

// Registry returns the node of the registry. What it has acknowledged it knows after a
// crash, as the daemon does, and it notices after 5 s that an owner is lost.
func (c *Network) Registry() *objects.Node {
	c.kit.t.Helper()
	config := c.kit.config
	config.Lease = cmp.Or(config.Lease, 5*time.Second)
	return c.NodeConfig(registryName, config)
}

// Names returns a client of the registry for node n.
func (c *Network) Names(n *objects.Node) *registry.Client {
	c.kit.t.Helper()
	c.Registry()
	return c.kit.Names(n)
}

// start runs a new node.
func (c *Network) start(name string, h *host) {
	c.kit.t.Helper()
	h.node, h.up = c.kit.listen(name, "pipe://"+name, h.config), true
	c.kit.nodes = append(c.kit.nodes, h.node)
	if name == registryName {
		c.kit.serve(h.node, &registry.ServerOptions{Store: c.names})
	}
}

// Crash ends a node as the death of its process does: it says no goodbye, and its peers
// see their connections break. Within this process it ends as by [objects.Node.Close]:
// the contexts of its methods end, and Unreferenced runs, but nobody hears of it.
func (c *Network) Crash(name string) {
	c.kit.t.Helper()
	c.crash(name, false)
}

// Vanish ends a node as the loss of its machine's power does: its peers hear nothing
// any more.
func (c *Network) Vanish(name string) {
	c.kit.t.Helper()
	c.crash(name, true)
}

func (c *Network) crash(name string, vanish bool) {
	c.kit.t.Helper()
	h := c.host(name)
	if !h.up {
		return
	}
	c.kit.config.PipeNet.Down(name, vanish)
	now, cancel := context.WithCancel(context.Background())
	cancel()
	h.node.Shutdown(now) // what still runs, the audit finds
	h.up = false
	c.kit.nodes = slices.DeleteFunc(c.kit.nodes, func(n *objects.Node) bool { return n == h.node })
}

// Restart runs a node in place of one that crashed, or that still runs, which then
// crashes: at the same address, with the same settings and links, and without the
// objects. It returns the new node.
func (c *Network) Restart(name string) *objects.Node {
	c.kit.t.Helper()
	c.crash(name, false)
	c.kit.config.PipeNet.Up(name)
	h := c.host(name)
	c.start(name, h)
	return h.node
}

// Link returns what lies between two nodes, in both directions.
func (c *Network) Link(a, b string) *transport.PipeLink {
	c.kit.t.Helper()
	c.host(a)
	c.host(b)
	return c.kit.config.PipeNet.Link(a, b)
}

// OneWay returns the direction from one node to another of what lies between them.
func (c *Network) OneWay(from, to string) *transport.PipeLink {
	c.kit.t.Helper()
	c.host(from)
	c.host(to)
	return c.kit.config.PipeNet.OneWay(from, to)
}

// Links returns what lies between a node and all others. What is done to it comes on
// top of what is done to single links.
func (c *Network) Links(name string) *transport.PipeLink {
	c.kit.t.Helper()
	c.host(name)
	return c.kit.config.PipeNet.Link(name, "")
}

// host returns the host of a node that there is.
func (c *Network) host(name string) *host {
	c.kit.t.Helper()
	if name == registryName {
		c.Registry()
	}
	h := c.hosts[name]
	if h == nil {
		c.kit.t.Fatalf("objtest: no node is called %q, only %q; make it with Node", name, slices.Sorted(maps.Keys(c.hosts)))
	}
	return h
}
