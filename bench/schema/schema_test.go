package schema

import (
	"os/exec"
	"testing"
)

// TestGenerated: what objgen wrote is what it would write now. The other
// generators are not asked, as they are not part of Go.
func TestGenerated(t *testing.T) {
	if out, err := exec.Command("go", "tool", "objgen", "-check", "./...").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
