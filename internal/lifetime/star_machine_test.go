package lifetime

import (
	"runtime"
	"testing"
)

// starMachine explores a star, side by side with the oracle if it has one.
type starMachine struct {
	star
	withOracle bool
	from       oracle
}

func (m *starMachine) load(s *starState) {
	m.star.load(s)
	if m.withOracle {
		m.from = s.oracle()
	}
}

// step is the star's; that it cannot happen must be the oracle's word as well.
func (m *starMachine) step(l label) bool {
	happened := m.star.step(l)
	if m.withOracle && !happened {
		m.agrees(&m.from, l, false)
		return m.err != nil
	}
	if happened {
		m.star.save()
		m.check()
		if m.withOracle && m.err == nil {
			m.agrees(&m.from, l, true)
		}
	}
	return happened
}

func (m *starMachine) save() (*starState, error) { return &m.starState, m.err }

func (m *starMachine) quiet(s *starState) error {
	m.load(s)
	m.star.quiet()
	return m.err
}

// starConfig is what may happen in one exploration.
type starConfig struct {
	name     string
	holders  uint8
	deferred bool // beyond the oracle
	long     bool
	init     func(s *starState)
}

func newStarState(c starConfig) starState {
	s := starState{obj: true, root: true, ownerUp: true}
	for i := range s.h {
		h := &s.h[i]
		h.alive, h.open = i < int(c.holders), i < int(c.holders)
		if !h.alive {
			h.conn = expired
		}
	}
	c.init(&s)
	return s
}

func exploreStar(c starConfig, without rule, limit int) explored {
	return explore(newStarState(c), labels(c.holders), limit, runtime.GOMAXPROCS(0), func() machine[starState] {
		return &starMachine{star: *newStar(c.holders, without, c.deferred), withOracle: without == "" && !c.deferred}
	})
}

// starConfigs are those that the model was explored with.
var starConfigs = []starConfig{
	{"one holder: 4 grants, 3 breaks, 3 one-way calls, a crash", 2, false, true, func(s *starState) {
		s.budget.grants[0], s.budget.breaks[0], s.budget.oneWays[0], s.budget.crashes = 4, 3, 3, 1
		s.h[1] = holderState{conn: expired}
	}},
	{"two holders: 2+2 grants, 1+1 breaks, 1+0 one-way calls, 2 crashes", 2, false, true, func(s *starState) {
		s.budget.grants, s.budget.breaks, s.budget.oneWays, s.budget.crashes = [3]uint8{2, 2}, [3]uint8{1, 1}, [3]uint8{1, 0}, 2
	}},
	{"2 handoffs: 1+1 grants, 0+1 one-way calls, no faults", 2, false, false, func(s *starState) {
		s.budget.grants, s.budget.handoffs[0], s.budget.oneWays = [3]uint8{1, 1}, 2, [3]uint8{0, 1}
	}},
	{"a handoff: 1+0 grants, breaks of all three links, 2 crashes", 2, false, false, func(s *starState) {
		s.budget.grants[0], s.budget.handoffs[0], s.budget.breaks, s.budget.vineBreaks[0], s.budget.crashes = 1, 1, [3]uint8{1, 1}, 1, 2
	}},
	{"2 handoffs: 1+1 grants, breaks of all three links, a crash", 2, false, true, func(s *starState) {
		s.budget.grants, s.budget.handoffs[0], s.budget.breaks, s.budget.vineBreaks[0], s.budget.crashes = [3]uint8{1, 1}, 2, [3]uint8{1, 1}, 1, 1
	}},
}

// beyondOracle are configurations with what the oracle does not know: proxies that
// die under a call, an owner that crashes, and a chain of two introductions.
var beyondOracle = []starConfig{
	{"proxies die under calls: 3 grants, 2 breaks, 2 one-way calls, a crash", 1, true, false, func(s *starState) {
		s.budget.grants[0], s.budget.breaks[0], s.budget.oneWays[0], s.budget.crashes = 3, 2, 2, 1
	}},
	{"the owner crashes: 1+1 grants, 2 handoffs, 1+1 breaks", 2, true, true, func(s *starState) {
		s.budget.grants, s.budget.handoffs[0], s.budget.breaks, s.budget.ownerCrashes = [3]uint8{1, 1}, 2, [3]uint8{1, 1}, 1
	}},
	{"a chain of two introductions, no faults", 3, true, false, func(s *starState) {
		s.budget.grants, s.budget.handoffs = [3]uint8{1}, [2]uint8{1, 1}
	}},
	{"a chain of two, breaks of C and D, a crash", 3, true, true, func(s *starState) {
		s.budget.grants, s.budget.handoffs, s.budget.breaks, s.budget.crashes = [3]uint8{1}, [2]uint8{1, 1}, [3]uint8{0, 1, 1}, 1
	}},
}

// longest takes seven minutes: see -explore.all.
var longest = starConfig{"a chain of two, breaks of all five links, a crash", 3, true, true, func(s *starState) {
	s.budget.grants, s.budget.handoffs, s.budget.crashes = [3]uint8{1}, [2]uint8{1, 1}, 1
	s.budget.breaks, s.budget.vineBreaks = [3]uint8{1, 1, 1}, [2]uint8{1, 1}
}}

// starMutants are the rules that a star needs, with the number of a configuration
// in which it shows.
var starMutants = []struct {
	without rule
	config  int
}{
	{ruleGeneration, 0}, {ruleBatchWithSnapshot, 0}, {ruleFenceGrants, 0}, {ruleUse, 0}, {ruleClaimFirst, 2}, {ruleReconcile, 0},
	{ruleCounts, 0}, {ruleVinePins, 2}, {ruleGrantsWait, 0}, {ruleCountOnSend, 0}, {ruleClaimPins, 2},
	{ruleFenceReleases, 0}, {ruleFenceAcks, 0}, {ruleClaimsEnd, 3}, {ruleClaimAgain, 3}, {ruleClaimLists, 2},
}

// Without a rule some invariant must break; the oracle does not help to find it.
func TestStarsNeedEveryRule(t *testing.T) {
	skipRaces(t)
	for _, m := range starMutants {
		t.Run(string(m.without), func(t *testing.T) {
			mustBreak(t, exploreStar(starConfigs[m.config], m.without, 1_000_000))
		})
	}
}
