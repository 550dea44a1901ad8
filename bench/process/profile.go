package process

import (
	"errors"
	"os"
	"runtime/pprof"
	"strings"
)

// Profile begins a CPU profile and returns what ends it and writes a heap profile
// beside it, X-heap.pprof for X.pprof, which has what was allocated since the process
// began and what lives at the end. Without a file name it does nothing.
func Profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	cpu, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	heap, err := os.Create(strings.TrimSuffix(file, ".pprof") + "-heap.pprof")
	if err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close(), heap.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		pprof.WriteHeapProfile(heap)
		cpu.Close()
		heap.Close()
	}, nil
}
