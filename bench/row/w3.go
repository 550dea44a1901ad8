package row

import (
	"time"

	"github.com/netobj/netobj/bench/work"
)

// w3 is how fast large arguments go, one after the other.
var w3 = &Row{
	Name:  "W3",
	Title: "one []byte argument, one call at a time",
	Metrics: []Metric{
		{Key: "64KiB", Title: "64 KiB", Unit: "MB/s"},
		{Key: "1MiB", Title: "1 MiB", Unit: "MB/s"},
		{Key: "16MiB", Title: "16 MiB", Unit: "MB/s"},
	},
	Base: "netobj",
	run:  runBodies,
}

var bodySizes = []struct {
	key  string
	size int
}{{"64KiB", 64 << 10}, {"1MiB", 1 << 20}, {"16MiB", 16 << 20}}

func runBodies(e *env) error {
	limit := e.peer.Traits().MaxBody
	for _, b := range bodySizes {
		if limit > 0 && b.size > limit {
			continue
		}
		bodies := work.NewBodies(b.size)
		calls, err := e.timed(e.Time, func(n int) error { return send(e.ctx, e.client, bodies.Of(n)) })
		if err != nil {
			return err
		}
		var took time.Duration
		for _, c := range calls {
			took += c.Took + c.Gap
		}
		e.values[b.key] = rate(int64(b.size)*int64(len(calls)), took) / 1e6
	}
	return nil
}
