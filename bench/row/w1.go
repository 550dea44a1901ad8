package row

import "github.com/netobj/netobj/bench/stats"

// w1 is the time of one small call, with nobody else about.
var w1 = &Row{
	Name:    "W1",
	Title:   "one caller, one small call at a time",
	Metrics: oneCaller,
	Base:    "netobj",
	Pinned:  true,
	run:     runOneCaller,
}

var oneCaller = []Metric{
	{Key: "add.p50", Title: "add p50", Unit: "us", Places: 1},
	{Key: "add.p99", Title: "add p99", Unit: "us", Places: 1},
	{Key: "echo.p50", Title: "echo p50", Unit: "us", Places: 1},
	{Key: "echo.p99", Title: "echo p99", Unit: "us", Places: 1},
}

func runOneCaller(e *env) error {
	for name, call := range map[string]func(int) error{
		"add":  func(n int) error { return add(e.ctx, e.client, n) },
		"echo": func(n int) error { return echo(e.ctx, e.client, n) },
	} {
		calls, err := e.timed(e.Time, call)
		if err != nil {
			return err
		}
		e.values[name+".p50"] = micros(stats.Percentile(calls, 50))
		e.values[name+".p99"] = micros(stats.Percentile(calls, 99))
	}
	return nil
}
