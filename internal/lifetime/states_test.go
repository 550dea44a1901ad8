package lifetime

import (
	"flag"
	"fmt"
	"strings"
	"testing"
)

// fewest is how many states the whole search has at least. The model alone had so
// many.
const fewest = 3_800_000

var exploreAll = flag.Bool("explore.all", false, "explore 26 million states more, which takes minutes and 4 GB")

// TestExplore looks at every state that the tables of owners and holders can come
// to within the budgets of the configurations, and finds no invariant broken; in
// those of the model, the model agrees at every step. It takes about a minute on
// two processors. With -short, and under the race detector, only what takes seconds
// is explored.
func TestExplore(t *testing.T) {
	total := 0
	for _, c := range starConfigs {
		total += exploreOne(t, c.name, c.long, func() explored { return exploreStar(c, "", 50_000_000) })
	}
	beyond := beyondOracle
	if *exploreAll {
		beyond = append(beyond, longest)
	}
	for _, c := range beyond {
		total += exploreOne(t, c.name, c.long, func() explored { return exploreStar(c, "", 50_000_000) })
	}
	for _, c := range pairConfigs {
		total += exploreOne(t, c.name, c.long, func() explored { return explorePair(c, "", 50_000_000) })
	}
	fmt.Println(total, "states")
	if total < fewest && !few() {
		t.Errorf("%d states, there were %d", total, fewest)
	}
}

// few reports whether to explore little.
func few() bool { return testing.Short() || raceDetector }

// skipRaces skips tests of which the race detector learns nothing: the search runs
// on several goroutines, and TestExplore shows it one.
func skipRaces(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("takes long under the race detector, which sees the search in TestExplore")
	}
}

// exploreOne explores one configuration and returns the number of its states.
func exploreOne(t *testing.T, name string, long bool, explore func() explored) int {
	t.Helper()
	if long && few() {
		return 0
	}
	r := explore()
	if r.trace != nil || !r.full {
		t.Errorf("%s: %d states, all of them: %v\n%s", name, r.states, r.full, strings.Join(r.trace, "\n"))
	}
	fmt.Printf("%9d %s\n", r.states, name)
	return r.states
}

// mustBreak checks that a search without some rule found a violation.
func mustBreak(t *testing.T, r explored) {
	t.Helper()
	if r.trace == nil {
		t.Fatalf("nothing goes wrong without it in %d states", r.states)
	}
	t.Logf("%d states\n%s", r.states, strings.Join(r.trace, "\n"))
}
