package row

import (
	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
)

// w10Idle is what a connection takes on which nothing happens. On the client's
// side each has what it would have alone in a process: with this runtime, a node.
var w10Idle = &Row{
	Name:  "W10-idle",
	Title: "1,000 connections, idle after one call",
	Metrics: []Metric{
		{Key: "server.KiB", Title: "server", Unit: "KiB each", Places: 1},
		{Key: "server.goroutines", Title: "", Unit: "goroutines", Places: 1, Alone: true},
		{Key: "client.KiB", Title: "client", Unit: "KiB each", Places: 1},
		{Key: "client.goroutines", Title: "", Unit: "goroutines", Places: 1, Alone: true},
	},
	Base: "netobj",
	Many: true,
	run:  runIdle,
}

const connections = 1000

func runIdle(e *env) error {
	n := e.count(connections)
	client, server, err := e.both(process.Live)
	if err != nil {
		return err
	}
	all, err := e.open(n)
	defer closeAll(all)
	if err != nil {
		return err
	}
	client2, server2, err := e.both(process.Live)
	e.held("client", client2.Since(client), n)
	e.held("server", server2.Since(server), n)
	return err
}

// open opens n more connections, and makes one call on each.
func (e *env) open(n int) ([]peer.Client, error) {
	all := make([]peer.Client, 0, n)
	for range n {
		c, err := e.dial()
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

func closeAll(all []peer.Client) {
	for _, c := range all {
		c.Close()
	}
}

func (e *env) held(name string, u process.Usage, n int) {
	e.values[name+".KiB"] = float64(u.Live) / float64(n) / 1024
	e.values[name+".goroutines"] = float64(u.Goroutines) / float64(n)
}
