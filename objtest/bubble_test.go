package objtest_test

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
)

// test runs f as a test in a bubble, so that an Example can show one, with what it
// prints.
func test(f func(t *testing.T)) {
	stdout := os.Stdout
	os.Stdout = os.Stderr // for what go test says of tests
	ran := false
	inBubble := func(t *testing.T) {
		if ran {
			return // -count is for the Example as a whole
		}
		ran = true
		os.Stdout = stdout
		synctest.Test(t, f)
	}
	all := func(string, string) (bool, error) { return true, nil }
	if !testing.RunTests(all, []testing.InternalTest{{Name: "Example", F: inBubble}}) {
		fmt.Println("the test failed")
	}
}
