//go:build !linux

package transport

import "syscall"

// private does nothing here: the mode of a socket's file is set right after it
// was made. Where that moment matters, use a folder that others cannot enter.
func private(_, _ string, _ syscall.RawConn) error { return nil }
