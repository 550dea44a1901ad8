//go:build !race

// The race detector allocates.

package transport_test

import (
	"runtime/debug"
	"testing"
)

// TestAllocsOfAMessage: a message there and back on tcp allocates nothing, on
// neither side.
func TestAllocsOfAMessage(t *testing.T) {
	pingPong := connPingPong(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for range 100 {
		pingPong()
	}
	if n := testing.AllocsPerRun(1000, pingPong); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
