// Package stats has the statistics of the table: percentiles of one run, and
// medians of ratios over rounds.
package stats

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Call is one timed call of a loop that makes one after the other.
type Call struct {
	Took time.Duration
	Gap  time.Duration // between the end of the call before and the beginning of this one
}

// Percentile returns the p-th percentile (0 < p <= 100) of the calls' times, by
// nearest rank: what a call taken at random met. Zero without calls.
func Percentile(calls []Call, p float64) time.Duration {
	return weighted(calls, p, func(Call) float64 { return 1 })
}

// TimeWeighted returns the p-th percentile with each call weighted by the time
// from the end of the one before to its own end: what a call begun at a random
// instant meets. A loop makes thousands of quick calls in the time of one slow
// one, so that percentiles by count hide a connection that stands still half of
// the time; these do not.
func TimeWeighted(calls []Call, p float64) time.Duration {
	return weighted(calls, p, func(c Call) float64 { return float64(c.Took + c.Gap) })
}

// weighted returns the least time such that calls of at most that time have p
// percent of all weight.
func weighted(calls []Call, p float64, weight func(Call) float64) time.Duration {
	if len(calls) == 0 {
		return 0
	}
	sorted := slices.Clone(calls)
	slices.SortFunc(sorted, func(a, b Call) int { return cmp.Compare(a.Took, b.Took) })
	total := 0.0
	for _, c := range sorted {
		total += weight(c)
	}
	want, sum := total*p/100, 0.0
	for _, c := range sorted {
		if sum += weight(c); sum >= want {
			return c.Took
		}
	}
	return sorted[len(sorted)-1].Took
}

// Spread is the middle of some values and how far they reach.
type Spread struct {
	Median, Min, Max float64
}

// SpreadOf returns the spread of values; all NaN if there are none.
func SpreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{math.NaN(), math.NaN(), math.NaN()}
	}
	s := slices.Sorted(slices.Values(values))
	middle := len(s) / 2
	median := s[middle]
	if len(s)%2 == 0 {
		median = (s[middle-1] + s[middle]) / 2
	}
	return Spread{median, s[0], s[len(s)-1]}
}

// Rounds holds the values of one metric by round.
type Rounds map[int]float64

// Spread returns the spread of the values.
func (r Rounds) Spread() Spread {
	var values []float64
	for _, v := range r {
		values = append(values, v)
	}
	return SpreadOf(values)
}

// Over returns r divided by other, round by round: the machine is as busy for one
// as for the other. Rounds that one of them lacks are left out.
func (r Rounds) Over(other Rounds) Rounds {
	ratios := Rounds{}
	for round, v := range r {
		if o, ok := other[round]; ok && o != 0 {
			ratios[round] = v / o
		}
	}
	return ratios
}

// Plus returns the sums, round by round.
func (r Rounds) Plus(other Rounds) Rounds {
	sums := Rounds{}
	for round, v := range r {
		if o, ok := other[round]; ok {
			sums[round] = v + o
		}
	}
	return sums
}

// Most returns the greatest value of each round.
func Most(all ...Rounds) Rounds {
	most := Rounds{}
	for _, r := range all {
		for round, v := range r {
			if m, ok := most[round]; !ok || v > m {
				most[round] = v
			}
		}
	}
	return most
}
