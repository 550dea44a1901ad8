package transport_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

// recorder is a Handler that keeps what arrives.
type recorder struct {
	lane    chan []byte
	served  chan error
	serving chan transport.Conn
	begun   chan uint64                   // bodies that Body was told of
	done    chan body                     // bodies that came or failed
	held    atomic.Pointer[chan struct{}] // Body waits until this is closed; may be nil
}

type body struct {
	id   uint64
	data []byte
	err  error
}

func newRecorder() *recorder {
	return &recorder{
		lane:    make(chan []byte, 10_000),
		begun:   make(chan uint64, 100_000),
		done:    make(chan body, 10_000),
		served:  make(chan error, 1),
		serving: make(chan transport.Conn, 1),
	}
}

// conn returns the Conn that is served.
func (r *recorder) conn() transport.Conn { return <-r.serving }

func (r *recorder) hold(until chan struct{}) { r.held.Store(&until) }

func (r *recorder) Message(msg []byte) { r.lane <- slices.Clone(msg) }
func (r *recorder) Body(ctx context.Context, id uint64, size int64) ([]byte, error) {
	r.begun <- id
	if until := r.held.Load(); until != nil {
		select {
		case <-*until:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return make([]byte, size), nil
}
func (r *recorder) BodyDone(id uint64, data []byte, err error) { r.done <- body{id, data, err} }

func (r *recorder) serve(c transport.Conn) {
	r.serving <- c
	r.served <- c.Serve(r)
}

// served serves c until the test is over. Nothing of it is left then, which the
// next test may measure.
func served(t *testing.T, c transport.Conn) *recorder {
	r := newRecorder()
	var serving sync.WaitGroup
	serving.Go(func() { r.serve(c) })
	t.Cleanup(func() {
		c.Abort(nil)
		serving.Wait()
	})
	return r
}

// logBuffer collects log lines from several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func newLog() (*logBuffer, *slog.Logger) {
	b := &logBuffer{}
	return b, slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// pair is a connection with both ends served.
type pair struct {
	dialer, acceptor     transport.Conn
	atDialer, atAcceptor *recorder
}

func pairOf(t testing.TB, url string, config *transport.Config) *pair {
	t.Helper()
	return pairWith(t, url, config, newRecorder(), newRecorder())
}

func pairWith(t testing.TB, url string, config *transport.Config, atDialer, atAcceptor *recorder) *pair {
	t.Helper()
	p := &pair{atDialer: atDialer, atAcceptor: atAcceptor}
	accepted := acceptOne(t, url, config)
	link, err := transport.Dial(t.Context(), accepted.url, config)
	if err != nil {
		t.Fatal(err)
	}
	if p.dialer, err = link.Open(transport.Dialer, config); err != nil {
		t.Fatal(err)
	}
	if p.acceptor = <-accepted.conn; p.acceptor == nil {
		t.Fatal("nothing was accepted")
	}
	go p.atDialer.serve(p.dialer)
	go p.atAcceptor.serve(p.acceptor)
	t.Cleanup(func() {
		p.dialer.Abort(nil)
		p.acceptor.Abort(nil)
	})
	return p
}

// accepting is a listener that opens the first connection it gets.
type accepting struct {
	url  string
	conn chan transport.Conn // nil: it failed
	err  error
}

func acceptOne(t testing.TB, url string, config *transport.Config) *accepting {
	t.Helper()
	transporttest.Watch(t)
	l, err := transport.Listen(t.Context(), url, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	a := &accepting{url: l.URL(), conn: make(chan transport.Conn, 1)}
	go func() {
		link, err := l.Accept()
		if err == nil {
			var conn transport.Conn
			if conn, err = link.Open(transport.Acceptor, config); err == nil {
				a.conn <- conn
				return
			}
		}
		a.err = err
		a.conn <- nil
	}()
	return a
}
