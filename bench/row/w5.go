package row

import "github.com/netobj/netobj/bench/process"

// w5 is what a call allocates. Counts hardly vary, and are not compared as ratios.
var w5 = &Row{
	Name:  "W5",
	Title: "allocations of one call, one caller",
	Metrics: []Metric{
		{Key: "add.client.allocs", Title: "add client", Unit: "allocs", Places: 1, Alone: true},
		{Key: "add.client.bytes", Title: "", Unit: "bytes", Alone: true},
		{Key: "add.server.allocs", Title: "add server", Unit: "allocs", Places: 1, Alone: true},
		{Key: "add.server.bytes", Title: "", Unit: "bytes", Alone: true},
		{Key: "echo.client.allocs", Title: "echo client", Unit: "allocs", Places: 1, Alone: true},
		{Key: "echo.client.bytes", Title: "", Unit: "bytes", Alone: true},
		{Key: "echo.server.allocs", Title: "echo server", Unit: "allocs", Places: 1, Alone: true},
		{Key: "echo.server.bytes", Title: "", Unit: "bytes", Alone: true},
	},
	Base: "netobj",
	run:  runAllocations,
}

// allocationCalls is how many calls share what the count itself allocates.
const allocationCalls = 20_000

func runAllocations(e *env) error {
	if err := e.allocations("add", func(n int) error { return add(e.ctx, e.client, n) }); err != nil {
		return err
	}
	return e.allocations("echo", func(n int) error { return echo(e.ctx, e.client, n) })
}

func (e *env) allocations(name string, call func(n int) error) error {
	const warmUp = 500 // pools fill, caches grow
	for n := range warmUp {
		if err := call(n); err != nil {
			return err
		}
	}
	client, server, err := e.both(process.Memory)
	if err != nil {
		return err
	}
	calls := e.count(allocationCalls)
	for n := range calls {
		if err := call(n); err != nil {
			return err
		}
	}
	client2, server2, err := e.both(process.Memory)
	e.allocated(name+".client", client2.Since(client), calls)
	e.allocated(name+".server", server2.Since(server), calls)
	return err
}

func (e *env) allocated(name string, used process.Usage, calls int) {
	e.values[name+".allocs"] = float64(used.Allocs) / float64(calls)
	e.values[name+".bytes"] = float64(used.AllocBytes) / float64(calls)
}
