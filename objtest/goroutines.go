package objtest

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// kits counts the kits that are in use outside of synctest bubbles. Goroutines
// there carry no mark of the test that they belong to, so only the last kit in
// use can tell that one was left behind.
var kits atomic.Int64

// bubble returns the synctest bubble that the calling goroutine is in, as
// stacks name it; empty outside.
func bubble() string {
	buf := make([]byte, 200)
	header, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), "]")
	return bubbleOf(header)
}

func bubbleOf(header string) string {
	_, id, _ := strings.Cut(header, "synctest bubble ")
	return id
}

// goroutines returns the goroutines of the given bubble that run code of this
// module, by the words that name them ("goroutine 12"), with their stacks.
func goroutines(bubble string) map[string]string {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	found := map[string]string{}
	for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		header, _, _ := strings.Cut(stack, "]")
		name, _, _ := strings.Cut(header, " [")
		ours := strings.Contains(stack, "github.com/netobj/netobj/") && !strings.Contains(stack, "testing.tRunner")
		if ours && bubbleOf(header) == bubble {
			found[name] = stack
		}
	}
	return found
}

// auditGoroutines fails the test if goroutines of this module that were not
// there before do not end. They are given scheduling rounds, not time: after
// Close nothing that they could wait for is still to come.
func auditGoroutines(t testing.TB, before map[string]string) {
	t.Helper()
	where := bubble()
	if where == "" && kits.Load() > 0 {
		return
	}
	left := map[string]string{}
	for range 1000 {
		left = goroutines(where)
		for name := range before {
			delete(left, name)
		}
		if len(left) == 0 {
			return
		}
		runtime.Gosched()
	}
	for _, stack := range left {
		t.Errorf("objtest: goroutine left behind:\n%s", stack)
	}
}
