// Package objtest is the test kit for programs that use netobj: nodes and a
// registry in memory, and an audit at the end of the test that nothing was left
// behind.
//
//	func TestDeposit(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) { // optional: time is then fake
//			kit := objtest.New(t)
//			registry.Bind[bank.Account](ctx, kit.Names(kit.Node()), "alice", &account{})
//			alice, err := registry.Lookup[bank.Account](ctx, kit.Names(kit.Node()), "alice")
//			...
//		})
//	}
//
// The nodes of a kit talk through pipe:// addresses that only the kit knows, so
// tests may run in parallel, inside and outside of testing/synctest bubbles. No
// file, socket or port is used.
//
// # Failures
//
// [Cluster] has nodes by name that crash and restart, and links between them that
// delay, stall, lose and part. In a synctest bubble the minutes that leases and
// keepalives last pass at once, so a test of what a program does when its server
// dies, or its network, takes milliseconds:
//
//	c := objtest.Cluster(t)
//	server, client := c.Node("server"), c.Node("client")
//	...
//	c.Link("client", "server").Delay(40 * time.Millisecond) // there, and back
//	c.OneWay("server", "client").Lose()                      // half-open: silence, that way
//	c.Link("client", "server").Heal()
//	c.Crash("server") // as kill -9 does it
//	server = c.Restart("server")
//
// A link is what lies between two nodes, whoever of them dials; see
// [transport.PipeLink] for what can be done to it. What a program sees then, and the
// settings that matter, are in docs/LIFETIMES.md.
//
// # Calls
//
// Although the nodes share a process, the calls between them travel through their
// connections, as those between processes do. [NewDirect] is for tests of what
// differs without. With OBJTEST_THROUGH_YAMUX=1 in the environment, Config.ThroughYamux
// is set for all nodes.
package objtest
