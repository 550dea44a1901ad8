//go:build !linux

package process

import "os/exec"

// CPUs returns the numbers of the CPUs that this process may use; none where
// processes cannot be bound to a CPU, as here.
func CPUs() []int { return nil }

// startOn starts a process; here it runs on any CPU.
func startOn(cmd *exec.Cmd, _ int) error { return cmd.Start() }
