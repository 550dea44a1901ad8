package stats

import (
	"math"
	"testing"
	"time"
)

// calls returns one call for each time, back to back.
func calls(times ...time.Duration) (all []Call) {
	for _, t := range times {
		all = append(all, Call{Took: t})
	}
	return all
}

func TestPercentileIsNearestRank(t *testing.T) {
	hundred := make([]Call, 100)
	for i := range hundred {
		hundred[i].Took = time.Duration(100 - i) // 1..100, backwards
	}
	for _, c := range []struct {
		p    float64
		want time.Duration
	}{{1, 1}, {50, 50}, {99, 99}, {100, 100}} {
		if got := Percentile(hundred, c.p); got != c.want {
			t.Errorf("p%v of 1..100 is %d, want %d", c.p, got, c.want)
		}
	}
	if got := Percentile(calls(7), 99); got != 7 {
		t.Errorf("p99 of one call is %d, want 7", got)
	}
	if got := Percentile(nil, 50); got != 0 {
		t.Errorf("p50 of nothing is %d, want 0", got)
	}
}

func TestPercentileLeavesItsArgument(t *testing.T) {
	given := calls(3, 1, 2)
	Percentile(given, 50)
	if given[0].Took != 3 || given[1].Took != 1 || given[2].Took != 2 {
		t.Errorf("the calls were sorted in place: %v", given)
	}
}

// TestTimeWeightedFindsTheStall: 900 quick calls fill 900 units, one slow call
// fills 9,000. Nine of ten instants lie in the slow one, which percentiles by
// count do not see.
func TestTimeWeightedFindsTheStall(t *testing.T) {
	var all []Call
	for range 900 {
		all = append(all, Call{Took: 1})
	}
	all = append(all, Call{Took: 9000})
	if got := Percentile(all, 99); got != 1 {
		t.Errorf("p99 by count is %d, want 1", got)
	}
	if got := TimeWeighted(all, 50); got != 9000 {
		t.Errorf("tw50 is %d, want 9000", got)
	}
	if got := TimeWeighted(all, 9); got != 1 {
		t.Errorf("tw9 is %d, want 1: 900 of 9,900 units are quick", got)
	}
}

// TestTimeWeightedCountsGaps: the time before a call belongs to it, as a call
// begun then would have met what it met.
func TestTimeWeightedCountsGaps(t *testing.T) {
	all := []Call{{Took: 10}, {Took: 20, Gap: 100}}
	if got := TimeWeighted(all, 50); got != 20 {
		t.Errorf("tw50 is %d, want 20: the second call has 120 of 130", got)
	}
	all[1].Gap = 0
	all[0].Gap = 100
	if got := TimeWeighted(all, 50); got != 10 {
		t.Errorf("tw50 is %d, want 10: the first call has 110 of 130", got)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Spread
	}{
		{[]float64{5}, Spread{5, 5, 5}},
		{[]float64{3, 1, 2}, Spread{2, 1, 3}},
		{[]float64{4, 1, 3, 2}, Spread{2.5, 1, 4}},
	} {
		if got := SpreadOf(c.values); got != c.want {
			t.Errorf("spread of %v is %v, want %v", c.values, got, c.want)
		}
	}
	if got := SpreadOf(nil); !math.IsNaN(got.Median) {
		t.Errorf("spread of nothing is %v, want NaN", got)
	}
}

// TestMedianOfRatios: the machine slows down tenfold in the second round, for
// both; the ratio does not move, as that of the medians would with other rounds
// missing.
func TestMedianOfRatios(t *testing.T) {
	ours := Rounds{0: 10, 1: 100, 2: 11}
	theirs := Rounds{0: 20, 1: 200, 2: 22, 3: 1}
	got := ours.Over(theirs)
	if len(got) != 3 {
		t.Errorf("ratios of rounds %v, want those that both have", got)
	}
	if s := got.Spread(); s != (Spread{0.5, 0.5, 0.5}) {
		t.Errorf("ratios spread %v, want 0.5 throughout", s)
	}
	if got := ours.Over(Rounds{0: 0}); len(got) != 0 {
		t.Errorf("division by zero gave %v", got)
	}
}

func TestMostAndPlus(t *testing.T) {
	a, b := Rounds{0: 1, 1: 5}, Rounds{0: 2, 2: 7}
	if got := Most(a, b); len(got) != 3 || got[0] != 2 || got[1] != 5 || got[2] != 7 {
		t.Errorf("most is %v", got)
	}
	if got := a.Plus(b); len(got) != 1 || got[0] != 3 {
		t.Errorf("sum is %v", got)
	}
}
