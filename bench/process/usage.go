package process

import (
	"runtime"
	"time"
)

// Usage is what a process has used so far and holds now.
type Usage struct {
	CPU        time.Duration // user and system
	Allocs     uint64        // objects allocated
	AllocBytes uint64        // bytes allocated
	Live       int64         // bytes of heap and stacks in use; exact after a forced collection
	Goroutines int
	Conns      int // a server's accepted connections
	Things     int // a server's objects that somebody holds
}

// Depth says how closely Usage looks; each step costs more.
type Depth int

// The depths.
const (
	CPU    Depth = iota // what the system counts
	Memory              // also the Go runtime's counts; stops the program for a moment
	Live                // after a forced collection
)

// Use returns what this process uses.
func Use(depth Depth) Usage {
	u := Usage{CPU: cpuTime(), Goroutines: runtime.NumGoroutine()}
	if depth == CPU {
		return u
	}
	if depth == Live {
		runtime.GC() // finds what is garbage, and runs cleanups
		runtime.GC() // frees what these held
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.Allocs, u.AllocBytes = m.Mallocs, m.TotalAlloc
	u.Live = int64(m.HeapAlloc + m.StackInuse)
	return u
}

// Since returns the difference to an earlier usage; counts of what is held now
// are differences too.
func (u Usage) Since(before Usage) Usage {
	return Usage{
		CPU:        u.CPU - before.CPU,
		Allocs:     u.Allocs - before.Allocs,
		AllocBytes: u.AllocBytes - before.AllocBytes,
		Live:       u.Live - before.Live,
		Goroutines: u.Goroutines - before.Goroutines,
		Conns:      u.Conns - before.Conns,
		Things:     u.Things - before.Things,
	}
}
