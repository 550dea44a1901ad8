package lifetime

import "testing"

// endless searches depth first for a way back to a state that was left. Where there
// is none every run comes to an end, so that the states in which nothing can happen
// speak for all runs (L1, L2). It returns the number of states.
func endless[S comparable](m machine[S], labels []label, init S) (states int, cycle bool) {
	type frame struct {
		state S
		next  int // label
	}
	onPath := map[S]bool{init: true} // false: done with
	for path := []frame{{state: init}}; len(path) > 0; {
		f := &path[len(path)-1]
		if f.next == len(labels) {
			onPath[f.state] = false
			path = path[:len(path)-1]
			continue
		}
		m.load(&f.state)
		f.next++
		if !m.step(labels[f.next-1]) {
			continue
		}
		to, err := m.save()
		if err != nil {
			return len(onPath), true
		}
		again, met := onPath[*to]
		if again {
			return len(onPath), true
		}
		if !met {
			onPath[*to] = true
			path = append(path, frame{state: *to})
		}
	}
	return len(onPath), false
}

func TestNothingGoesOnForEver(t *testing.T) {
	skipRaces(t)
	for _, c := range append(starConfigs, beyondOracle...) {
		if c.long {
			continue
		}
		m := &starMachine{star: *newStar(c.holders, "", c.deferred)}
		if states, cycle := endless(m, labels(c.holders), newStarState(c)); cycle {
			t.Errorf("%s: after %d states there is a way back", c.name, states)
		}
	}
	for _, c := range pairConfigs {
		if c.long {
			continue
		}
		m := newPair("", ResultLimits{Kept: c.kept, Bytes: 9})
		if states, cycle := endless(m, pairLabels(), newPairState(c)); cycle {
			t.Errorf("%s: after %d states there is a way back", c.name, states)
		}
	}
}
