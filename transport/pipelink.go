package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeLink is an end before multiplexing: a stream of bytes, of which each Write is a
// message.
type pipeLink struct {
	*pipeEnd
	info Info
	rest []byte // of the message that Read has begun

	mu       sync.Mutex // guards what follows
	deadline context.Context
	replace  context.CancelFunc // ends deadline when there is another one
}

func newPipeLink(p *pipePair, r Role, info Info) *pipeLink {
	l := &pipeLink{pipeEnd: p.end(r), info: info}
	l.SetDeadline(time.Time{})
	return l
}

func (l *pipeLink) Info() Info { return l.info }

func (l *pipeLink) Secret() []byte { return nil }

// Read implements net.Conn; one goroutine reads.
func (l *pipeLink) Read(b []byte) (n int, err error) {
	if len(l.rest) == 0 && len(b) > 0 {
		err = l.inTime(func(ctx context.Context) error {
			items, err := l.in.take(ctx, 1)
			if err == nil {
				l.rest = items[0].msg
			}
			return err
		})
	}
	n = copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, err
}

// Write implements net.Conn.
func (l *pipeLink) Write(b []byte) (n int, err error) {
	msg := append([]byte(nil), b...)
	if err := l.inTime(func(ctx context.Context) error { return l.put(ctx, pipeItem{msg: msg}) }); err != nil {
		return 0, err
	}
	return len(b), nil
}

// inTime has do done before the deadline, which may change meanwhile.
func (l *pipeLink) inTime(do func(context.Context) error) error {
	for {
		l.mu.Lock()
		ctx := l.deadline
		l.mu.Unlock()
		err := context.Cause(ctx)
		if err == nil {
			err = do(ctx)
		}
		if !errors.Is(err, errNewDeadline) {
			return err
		}
	}
}

// errNewDeadline ends a wait whose deadline was replaced.
var errNewDeadline = errors.New("another deadline was set")

// SetDeadline implements net.Conn.
func (l *pipeLink) SetDeadline(t time.Time) error {
	ctx, replace := context.WithCancelCause(context.Background())
	stop := func() {}
	if !t.IsZero() {
		ctx, stop = context.WithDeadlineCause(ctx, t, os.ErrDeadlineExceeded)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.replace != nil {
		l.replace()
	}
	l.deadline = ctx
	l.replace = func() { replace(errNewDeadline); stop() }
	return nil
}

// SetReadDeadline implements net.Conn; both directions have one deadline.
func (l *pipeLink) SetReadDeadline(t time.Time) error { return l.SetDeadline(t) }

// SetWriteDeadline implements net.Conn; both directions have one deadline.
func (l *pipeLink) SetWriteDeadline(t time.Time) error { return l.SetDeadline(t) }

// LocalAddr implements net.Conn.
func (l *pipeLink) LocalAddr() net.Addr { return pipeAddr(l.info.Local) }

// RemoteAddr implements net.Conn.
func (l *pipeLink) RemoteAddr() net.Addr { return pipeAddr(l.info.Remote) }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// Close implements net.Conn.
func (l *pipeLink) Close() error {
	l.SetDeadline(time.Time{}) // no timer is left
	l.finish(net.ErrClosed, io.EOF, true)
	return nil
}

// Open implements Link. The messages that were not read are those of the Conn.
func (l *pipeLink) Open(_ Role, cfg *Config) (Conn, error) {
	l.SetDeadline(time.Time{})
	c := &pipeConn{pipeEnd: l.pipeEnd, info: l.info, cfg: cfg.defaults()}
	l.out.expect(c.cfg.WriteTimeout, func() { c.Abort(ErrTimeout) })
	return c, nil
}
