package row

import (
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/stats"
	"github.com/netobj/netobj/bench/work"
)

// w7 is what becomes of small calls while large bodies move on the same
// connection, and the reverse.
var w7 = &Row{
	Name:  "W7",
	Title: "small calls while bodies of 16 MiB move back to back",
	Metrics: []Metric{
		{Key: "p50", Title: "p50", Unit: "us"},
		{Key: "p99", Title: "p99", Unit: "us"},
		{Key: "tw50", Title: "tw50", Unit: "us"},
		{Key: "tw99", Title: "tw99", Unit: "us"},
		{Key: "bulk", Title: "bulk", Unit: "MB/s"},
	},
	Base:  "netobj",
	lacks: largeBodies,
	run:   runMixed,
}

const mixedBody = 16 << 20

func largeBodies(t peer.Traits) string {
	if t.MaxBody > 0 && t.MaxBody < mixedBody {
		return "its messages are smaller than 16 MiB"
	}
	return concurrent(t)
}

// mixedTime is how many times as long as others this measurement takes: there are
// few bodies in a second.
const mixedTime = 2

func runMixed(e *env) error {
	bodies := work.NewBodies(mixedBody)
	begun := time.Now()
	bulk := gather(1, func(n int) error { return send(e.ctx, e.client, bodies.Of(n)) })
	calls, err := e.timed(mixedTime*e.Time, func(n int) error { return add(e.ctx, e.client, n) })
	if bulkErr := bulk.end(); err == nil {
		err = bulkErr
	}
	if err != nil {
		return err
	}
	e.values["p50"] = micros(stats.Percentile(calls, 50))
	e.values["p99"] = micros(stats.Percentile(calls, 99))
	e.values["tw50"] = micros(stats.TimeWeighted(calls, 50))
	e.values["tw99"] = micros(stats.TimeWeighted(calls, 99))
	e.values["bulk"] = rate(bulk.calls()*mixedBody, time.Since(begun)) / 1e6
	return nil
}
