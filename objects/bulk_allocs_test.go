//go:build !race

// The race detector makes sync.Pool forget at random.

package objects_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/netobj/netobj/objects"
)

// TestLargeArgumentsTakeNoNewMemory: the memory of a lent argument, and of what is
// sent, is mostly that of the call before: what another processor has put back it does
// not always find. New memory for both would be two and a half bodies.
func TestLargeArgumentsTakeNoNewMemory(t *testing.T) {
	if os.Getenv("OBJTEST_THROUGH_YAMUX") != "" {
		t.Skip("yamux takes new memory for what it receives")
	}
	remote := newPairAt(t, objects.Config{}, "tcp://127.0.0.1:0").published(t, silentBox{})
	body := make([]byte, 1<<20)
	call := func() {
		if _, err := remote.Lent(t.Context(), body, 0); err != nil {
			t.Fatal(err)
		}
	}
	call()
	const calls = 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / calls; each > 1792<<10 {
		t.Errorf("a call with 1 MiB allocates %d KiB", each>>10)
	}
}
