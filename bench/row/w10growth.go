package row

import (
	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/stats"
)

// w10Growth is what a call costs on a node that holds much: on references picked
// all over those of its session, while others are idle.
var w10Growth = &Row{
	Name:  "W10-growth",
	Title: "add on one of many references, p50; and with many more sessions",
	Metrics: []Metric{
		{Key: "refs.2", Title: "10^2 refs", Unit: "us", Places: 1, Alone: true},
		{Key: "refs.4", Title: "10^4", Unit: "us", Places: 1, Alone: true},
		{Key: "refs.6", Title: "10^6", Unit: "us", Places: 1, Alone: true},
		{Key: "sessions", Title: "10^6, 1,000 sessions", Unit: "us", Places: 1, Alone: true},
		{Key: "growth", Title: "last / first", Unit: "", Places: 2, Alone: true},
	},
	Base:   "netobj",
	Pinned: true,
	Many:   true,
	lacks:  growing,
	run:    runGrowth,
}

func growing(t peer.Traits) string {
	if !t.Ours {
		return "its goal is the runtime's own"
	}
	return ""
}

func runGrowth(e *env) error {
	client := e.client.(peer.Lister)
	held := make([]peer.Reference, e.count(references))
	made := 0
	for _, step := range []struct {
		key string
		n   int
	}{{"refs.2", 100}, {"refs.4", 10_000}, {"refs.6", len(held)}} {
		n := min(step.n, len(held))
		if err := e.fill(client, held[made:n]); err != nil {
			return err
		}
		made = n
		if err := e.callAny(step.key, held[:n]); err != nil {
			return err
		}
	}
	all, err := e.open(e.count(connections) - 1)
	defer closeAll(all)
	if err != nil {
		return err
	}
	if err := e.callAny("sessions", held); err != nil {
		return err
	}
	e.values["growth"] = e.values["sessions"] / e.values["refs.2"]
	return nil
}

// callAny measures calls on the references; a step of a large prime jumps about
// in them.
func (e *env) callAny(key string, held []peer.Reference) error {
	const prime = 982_451_653
	if _, _, err := e.both(process.Live); err != nil { // what was made before is not collected meanwhile
		return err
	}
	calls, err := e.timed(e.Time, func(n int) error { return add(e.ctx, held[n*prime%len(held)], n) })
	e.values[key] = micros(stats.Percentile(calls, 50))
	return err
}
