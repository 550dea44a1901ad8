package lifetime

import (
	"runtime"
	"testing"
)

// pairConfig is what may happen in one exploration.
type pairConfig struct {
	name   string
	kept   int // answers
	long   bool
	budget pairBudget
}

func newPairState(c pairConfig) pairState {
	s := pairState{linkUp: true, budget: c.budget}
	for i := range s.end {
		s.end[i] = pairEnd{alive: true, obj: true, root: true, open: true}
	}
	return s
}

func explorePair(c pairConfig, without rule, limit int) explored {
	return explore(newPairState(c), pairLabels(), limit, runtime.GOMAXPROCS(0), func() machine[pairState] {
		return newPair(without, ResultLimits{Kept: c.kept, Bytes: 9})
	})
}

var pairConfigs = []pairConfig{
	{"both directions: 2+2 grants, 2 breaks", 2, true, pairBudget{grants: [2]uint8{2, 2}, breaks: 2}},
	{"2 calls, 2 breaks, all answers kept", 2, false, pairBudget{calls: 2, breaks: 2}},
	{"2 calls, 2 breaks, one answer kept, 1 grant", 1, true, pairBudget{grants: [2]uint8{0, 1}, calls: 2, breaks: 2}},
	{"2 calls, both directions, a break, leases, a crash", 2, true, pairBudget{grants: [2]uint8{1, 1}, calls: 2, breaks: 1, expiries: true, crashes: 1}},
}

// pairMutants are the rules that a pair needs, with the number of a configuration in
// which it shows.
var pairMutants = []struct {
	without rule
	config  int
}{
	{ruleRunning, 3}, {ruleAnswersKept, 1}, {ruleHaveFenced, 1}, {ruleAnswerPins, 1}, {ruleFenceReturns, 1}, {ruleAnswerOnce, 1},
	{ruleUseAcross, 1}, {ruleSendingPins, 2}, {ruleLine, 2}, {ruleUnseenAgain, 1}, {ruleStatementOpen, 1},
}

func TestPairsNeedEveryRule(t *testing.T) {
	skipRaces(t)
	for _, m := range pairMutants {
		t.Run(string(m.without), func(t *testing.T) {
			mustBreak(t, explorePair(pairConfigs[m.config], m.without, 1_000_000))
		})
	}
}
