package process

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// CPUs returns the numbers of the CPUs that this process may use; none where
// processes cannot be bound to a CPU.
func CPUs() []int {
	var mine unix.CPUSet
	if unix.SchedGetaffinity(0, &mine) != nil {
		return nil
	}
	var all []int
	for cpu := 0; len(all) < mine.Count(); cpu++ {
		if mine.IsSet(cpu) {
			all = append(all, cpu)
		}
	}
	return all
}

// startOn starts a process that runs on one CPU, or on all that this one may use
// if cpu is AnyCPU. The child inherits the affinity of the thread that starts it,
// so that its Go runtime sees one CPU from the first moment on.
func startOn(cmd *exec.Cmd, cpu int) error {
	if cpu == AnyCPU {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var mine, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &mine); err != nil {
		return err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &mine)
	return cmd.Start()
}
