package transporttest

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// patience is how long a test may take: far longer than any does on a busy
// machine, and far shorter than what "go test" allows.
const patience = 2 * time.Minute

// Watch bounds every wait of a test at once: one that hangs ends the process with
// its name and the stacks of all goroutines. In a bubble it hangs as soon as
// nothing but time can go on.
func Watch(t testing.TB) {
	timer := time.AfterFunc(patience, func() {
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		fmt.Fprintf(os.Stderr, "%s hangs; all goroutines:\n\n%s\n", t.Name(), stacks)
		panic(t.Name() + " took longer than " + patience.String())
	})
	t.Cleanup(func() { timer.Stop() })
}
