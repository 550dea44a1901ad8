package transport

import "syscall"

// private makes a socket's file readable for its owner only, before it exists:
// on Linux the file takes over the mode of the socket.
func private(_, _ string, c syscall.RawConn) error {
	var err error
	if controlErr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), 0o600) }); controlErr != nil {
		return controlErr
	}
	return err
}
