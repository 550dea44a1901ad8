// Package transporttest is the conformance suite for connections: what package
// objects relies on, and every scheme must keep.
package transporttest

import (
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/transport"
)

// Network says how to listen and dial in a test.
type Network struct {
	URL    string            // to listen at; port 0 for a free one
	Config *transport.Config // for both ends; nil means the defaults
}

// The tests of the suite. Those of connections get one that is not served yet.
var (
	connTests = map[string]func(*testing.T, *ends){
		"Info":                  testInfo,
		"OrderAndCopies":        testOrderAndCopies,
		"ManySenders":           testManySenders,
		"Received":              testReceived,
		"TooLarge":              testTooLarge,
		"ContextOfSend":         testContextOfSend,
		"TrySend":               testTrySend,
		"Bodies":                testBodies,
		"BodyDoesNotDelayLane":  testBodyDoesNotDelayLane,
		"SkippedBody":           testSkippedBody,
		"RefusedBody":           testRefusedBody,
		"CancelledBody":         testCancelledBody,
		"CancelledWaitingBody":  testCancelledWaitingBody,
		"BodiesToASlowReceiver": testBodiesToASlowReceiver,
		"CloseDrains":           testCloseDrains,
		"CloseWhilePeerSends":   testCloseWhilePeerSends,
		"CloseTakesNoMore":      testCloseTakesNoMore,
		"Abort":                 testAbort,
		"AbortFreesSenders":     testAbortFreesSenders,
		"AbortFromTheReader":    testAbortFromTheReader,
		"PeerVanishes":          testPeerVanishes,
		"AbortInTraffic":        testAbortInTraffic,
		"NeverServed":           testNeverServed,
		"AfterTheEnd":           testAfterTheEnd,
	}
	listenerTests = map[string]func(*testing.T, Network){
		"Listener":     testListener,
		"HalfOpenDial": testHalfOpenDial,
		"SeveralLinks": testSeveralLinks,
	}
)

// Run runs the suite, each test as a subtest. network is called for each of
// them. No other goroutine may use package transport meanwhile: every test ends
// with a look for goroutines that outlived their connection.
func Run(t *testing.T, network func(t *testing.T) Network) {
	run(t, network, func(t *testing.T, test func(*testing.T)) { test(t) })
}

// RunInBubble is Run with each test in a testing/synctest bubble of its own; so
// is the call of network.
func RunInBubble(t *testing.T, network func(t *testing.T) Network) {
	run(t, network, synctest.Test)
}

func run(t *testing.T, network func(t *testing.T) Network, in func(*testing.T, func(*testing.T))) {
	for name, test := range connTests {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				Watch(t)
				auditGoroutines(t)
				test(t, connect(t, network(t)))
			})
		})
	}
	for name, test := range listenerTests {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				Watch(t)
				auditGoroutines(t)
				test(t, network(t))
			})
		})
	}
}
