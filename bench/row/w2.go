package row

import "fmt"

// w2 is how many small calls go over one connection, and what they cost.
var w2 = &Row{
	Name:    "W2",
	Title:   "8, 64 and 512 callers on one connection, echo",
	Metrics: manyCallers(),
	Base:    "netobj",
	lacks:   concurrent,
	run:     runManyCallers,
}

var crowds = []int{8, 64, 512}

func manyCallers() (all []Metric) {
	for _, n := range crowds {
		all = append(all,
			Metric{Key: fmt.Sprintf("rate.%d", n), Title: fmt.Sprintf("%d callers", n), Unit: "calls/s"},
			Metric{Key: fmt.Sprintf("cpu.%d", n), Title: fmt.Sprintf("CPU at %d", n), Unit: "s/1M calls", Places: 1})
	}
	return all
}

func runManyCallers(e *env) error {
	for _, n := range crowds {
		t, err := e.crowded(n, func(call int) error { return echo(e.ctx, e.client, call) })
		if err != nil {
			return err
		}
		e.values[fmt.Sprintf("rate.%d", n)] = rate(t.calls, t.took)
		e.values[fmt.Sprintf("cpu.%d", n)] = t.cpu.Seconds() / float64(t.calls) * 1e6
	}
	return nil
}
