package transport_test

import (
	"context"
	"slices"
	"testing"

	"github.com/netobj/netobj/transport"
)

// recorder is a Handler that keeps what arrives.
type recorder struct {
	lane   chan []byte
	served chan error
}

func newRecorder() *recorder {
	return &recorder{lane: make(chan []byte, 10_000), served: make(chan error, 1)}
}

func (r *recorder) Message(msg []byte) { r.lane <- slices.Clone(msg) }
func (r *recorder) Body(_ context.Context, _ uint64, size int64) ([]byte, error) {
	return make([]byte, size), nil
}
func (r *recorder) BodyDone(uint64, []byte, error) {}

func (r *recorder) serve(c transport.Conn) { r.served <- c.Serve(r) }

// pair is a connection with both ends served.
type pair struct {
	dialer, acceptor     transport.Conn
	atDialer, atAcceptor *recorder
}

func pairOf(t testing.TB, url string, config *transport.Config) *pair {
	t.Helper()
	p := &pair{atDialer: newRecorder(), atAcceptor: newRecorder()}
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
