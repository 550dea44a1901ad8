package report

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Machine describes where a run took place.
type Machine struct {
	CPU        string
	Cores      int // that the program may use
	System     string
	Kernel     string
	Go         string
	LoadBefore string // averages over 1, 5 and 15 minutes
	LoadAfter  string
}

// ThisMachine describes the machine, with its load before the run.
func ThisMachine() Machine {
	return Machine{
		CPU:        cmp.Or(field("/proc/cpuinfo", "model name"), runtime.GOARCH),
		Cores:      runtime.NumCPU(),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Kernel:     cmp.Or(words("/proc/sys/kernel/osrelease", 1), "unknown"),
		Go:         runtime.Version(),
		LoadBefore: Load(),
	}
}

// Load returns the load averages, where the system tells them.
func Load() string { return cmp.Or(words("/proc/loadavg", 3), "unknown") }

// String describes the machine in a line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s, kernel %s, %s; load before %s, after %s",
		m.CPU, m.Cores, m.System, m.Kernel, m.Go, m.LoadBefore, m.LoadAfter)
}

// words returns the first words of a file; empty if there is none.
func words(file string, n int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	all := strings.Fields(string(text))
	return strings.Join(all[:min(n, len(all))], " ")
}

// field returns the first value of a file of lines "name : value".
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
