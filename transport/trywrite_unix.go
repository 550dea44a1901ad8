//go:build unix

package transport

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// tryWriter writes what the network takes at once, and never waits for it. One
// goroutine at a time may use it.
type tryWriter struct {
	conn net.Conn
	raw  syscall.RawConn
	once func(fd uintptr) bool // made once: a closure for each write would be an allocation

	p   []byte
	n   int
	err error
}

// newTryWriter returns nil for a conn that is not a socket's alone, as one of TLS.
func newTryWriter(conn net.Conn) *tryWriter {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	t := &tryWriter{conn: conn, raw: raw}
	t.once = func(fd uintptr) bool {
		t.n, t.err = syscall.Write(int(fd), t.p)
		return true // do not wait
	}
	return t
}

// write returns how many bytes of p were written, which may be none.
func (t *tryWriter) write(p []byte) (int, error) {
	t.p = p
	err := t.raw.Write(t.once)
	if errors.Is(err, os.ErrDeadlineExceeded) { // of an earlier write that did wait
		t.conn.SetWriteDeadline(time.Time{})
		err = t.raw.Write(t.once)
	}
	t.p = nil
	switch {
	case err != nil:
		return 0, err
	case t.err == syscall.EAGAIN || t.err == syscall.EINTR:
		return 0, nil
	case t.err != nil:
		return 0, &net.OpError{Op: "write", Net: t.conn.LocalAddr().Network(), Source: t.conn.LocalAddr(),
			Addr: t.conn.RemoteAddr(), Err: os.NewSyscallError("write", t.err)}
	}
	return t.n, nil
}
