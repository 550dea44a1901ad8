package report

import (
	"fmt"
	"math"

	"github.com/netobj/netobj/bench/stats"
)

// goal is a figure that this runtime is to reach.
type goal struct {
	row   string
	what  string
	least bool // bound is the least, not the most
	bound float64
	of    func(r *Report) stats.Rounds
}

// ratioGoal compares a figure of this runtime with a peer's.
func ratioGoal(row, key, what, peer string, least bool, bound float64) goal {
	return goal{row, what + " / " + peer, least, bound, func(r *Report) stats.Rounds {
		return r.Values(row, "netobj", key).Over(r.Values(row, peer, key))
	}}
}

// figureGoal is for a figure by itself.
func figureGoal(row, key, what string, least bool, bound float64) goal {
	return goal{row, what, least, bound, func(r *Report) stats.Rounds { return r.Values(row, "netobj", key) }}
}

const (
	atMost  = false
	atLeast = true
)

// goals are ratios within one run, on two CPUs, medians of at least 5 rounds on a
// quiet machine.
var goals = []goal{
	ratioGoal("W1", "add.p50", "add p50", "tcp", atMost, 1.15),
	ratioGoal("W1", "echo.p50", "echo p50", "tcp", atMost, 1.15),
	ratioGoal("W1", "add.p50", "add p50", "net/rpc", atMost, 0.95),
	ratioGoal("W1", "echo.p50", "echo p50", "net/rpc", atMost, 0.95),
	ratioGoal("W1", "add.p50", "add p50", "grpc", atMost, 0.45),
	ratioGoal("W1", "echo.p50", "echo p50", "grpc", atMost, 0.45),
	ratioGoal("W2", "rate.64", "64 callers", "net/rpc", atLeast, 4.5),
	ratioGoal("W2", "rate.64", "64 callers", "grpc", atLeast, 7),
	ratioGoal("W2", "rate.512", "512 callers", "net/rpc", atLeast, 6),
	ratioGoal("W2", "rate.512", "512 callers", "grpc", atLeast, 12),
	ratioGoal("W2", "rate.8", "8 callers", "net/rpc", atLeast, 1.7),
	ratioGoal("W2", "cpu.64", "CPU per call at 64 callers", "net/rpc", atMost, 0.2),
	ratioGoal("W3", "1MiB", "1 MiB", "drpc", atLeast, 1.5),
	ratioGoal("W3", "16MiB", "16 MiB", "drpc", atLeast, 1.1),
	{"W3", "64 KiB / the best peer", atLeast, 1, func(r *Report) stats.Rounds {
		return r.Values("W3", "netobj", "64KiB").Over(r.best("W3", "64KiB"))
	}},
	figureGoal("W5", "echo.client.allocs", "allocations per echo, client", atMost, 4),
	figureGoal("W6", "made", "references made per second", atLeast, 200_000),
	{"W6", "bytes per reference, both sides", atMost, 400, func(r *Report) stats.Rounds {
		return r.Values("W6", "netobj", "client").Plus(r.Values("W6", "netobj", "server"))
	}},
	ratioGoal("W7", "tw50", "tw50", "grpc", atMost, 0.1),
	ratioGoal("W7", "tw99", "tw99", "grpc", atMost, 0.05),
	ratioGoal("W7", "bulk", "bulk rate meanwhile", "grpc", atLeast, 1.2),
	figureGoal("W10-idle", "server.KiB", "KiB per idle session, server", atMost, 40),
	figureGoal("W10-idle", "client.KiB", "KiB per idle session, client", atMost, 40),
	figureGoal("W10-idle", "server.goroutines", "goroutines per idle session, server", atMost, 4),
	figureGoal("W10-idle", "client.goroutines", "goroutines per idle session, client", atMost, 4),
	figureGoal("W10-growth", "growth", "call at 10^6 references, 1,000 sessions / at 10^2, 1", atMost, 1.1),
}

// slack forgives what rounding and the count itself add to a whole number.
const slack = 0.01

// met reports whether a figure reaches the goal.
func (g *goal) met(v float64) bool {
	if g.least {
		return v >= g.bound
	}
	return v <= g.bound+slack*math.Min(g.bound, 1)
}

func (g *goal) wanted() string {
	if g.least {
		return ">= " + goalNumber(g.bound)
	}
	return "<= " + goalNumber(g.bound)
}

// verdict says whether the goal is met, and whether that holds in every round.
func (g *goal) verdict(s stats.Spread) string {
	switch m := g.met(s.Median); {
	case math.IsNaN(s.Median):
		return "not measured"
	case m && g.met(s.Min) && g.met(s.Max):
		return "met"
	case m:
		return "met, not in every round"
	case g.met(s.Min) || g.met(s.Max):
		return "not met, except in some rounds"
	}
	return "not met"
}

// goals returns the table of goals; those of rows that were not run are left out.
func (r *Report) goals() section {
	s := section{title: "Goals", head: []string{"\nrow: netobj's figure", "\ngoal", "\nmeasured", ""}}
	left := 0
	for _, g := range goals {
		spread := g.of(r).Spread()
		if math.IsNaN(spread.Median) {
			left++
			continue
		}
		measured := goalNumber(spread.Median)
		if spread.Min != spread.Max {
			measured += fmt.Sprintf(" (%s-%s)", goalNumber(spread.Min), goalNumber(spread.Max))
		}
		s.lines = append(s.lines, []string{g.row + ": " + g.what, g.wanted(), measured, g.verdict(spread)})
	}
	if left > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d goals were not measured in this run", left))
	}
	if r.Rounds < goalRounds {
		s.notes = append(s.notes, fmt.Sprintf("goals ask for %d rounds on a quiet machine, this run has %d", goalRounds, r.Rounds))
	}
	return s
}

// goalRounds is how many rounds a verdict wants.
const goalRounds = 5

func goalNumber(v float64) string {
	if math.Abs(v) >= 1000 {
		return number(v, 0)
	}
	return short(v)
}
