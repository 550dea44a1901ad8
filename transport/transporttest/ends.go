package transporttest

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

// ends are the two ends of one connection.
type ends struct {
	dialer, acceptor *end
}

// end is one end, with a Handler that records what arrives. The functions and
// hold are set before serve.
type end struct {
	conn    transport.Conn
	lane    chan []byte
	done    chan body  // bodies that came or failed
	served  chan error // what Serve returned
	serving bool
	onMsg   func([]byte)
	room    func(int64) ([]byte, error)
	hold    chan struct{} // Body waits until this is closed
	begun   chan uint64   // bodies that Body was told of
}

type body struct {
	id   uint64
	data []byte
	err  error
}

func newEnd(conn transport.Conn) *end {
	e := &end{
		conn:   conn,
		lane:   make(chan []byte, 20_000),
		done:   make(chan body, 1000),
		served: make(chan error, 1),
		room:   func(size int64) ([]byte, error) { return make([]byte, size), nil },
		hold:   make(chan struct{}),
		begun:  make(chan uint64, 1000),
	}
	close(e.hold)
	e.onMsg = func(msg []byte) { e.lane <- msg }
	return e
}

// Message implements transport.Handler. It spoils msg afterwards, as a reader
// that reuses its buffer does.
func (e *end) Message(msg []byte) {
	e.onMsg(slices.Clone(msg))
	clear(msg)
}

// Body implements transport.Handler.
func (e *end) Body(ctx context.Context, id uint64, size int64) ([]byte, error) {
	e.begun <- id
	select {
	case <-e.hold:
		return e.room(size)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// BodyDone implements transport.Handler.
func (e *end) BodyDone(id uint64, data []byte, err error) { e.done <- body{id, data, err} }

func (e *end) serve() {
	e.serving = true
	go func() { e.served <- e.conn.Serve(e) }()
}

// finish ends the connection, for a test that is over.
func (e *end) finish() {
	if !e.serving {
		e.serve() // which is what waits for the goroutines
	}
	e.conn.Abort(nil)
}

func (c *ends) serve() {
	c.dialer.serve()
	c.acceptor.serve()
}

// connect makes a connection through a listener.
func connect(t *testing.T, n Network) *ends {
	t.Helper()
	l, err := transport.Listen(t.Context(), n.URL, n.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return connectTo(t, l, n)
}

// connectTo makes one more connection. It ends with the test.
func connectTo(t *testing.T, l transport.Listener, n Network) *ends {
	t.Helper()
	accepted := make(chan transport.Conn, 1)
	go func() {
		defer close(accepted)
		link, err := l.Accept()
		if err != nil {
			t.Errorf("Accept: %v", err)
			return
		}
		conn, err := link.Open(transport.Acceptor, n.Config)
		if err != nil {
			t.Errorf("Open by the acceptor: %v", err)
			return
		}
		accepted <- conn
	}()
	link, err := transport.Dial(t.Context(), l.URL(), n.Config)
	if err != nil {
		l.Close()
		<-accepted
		t.Fatalf("Dial: %v", err)
	}
	near, err := link.Open(transport.Dialer, n.Config)
	if err != nil {
		t.Fatalf("Open by the dialler: %v", err)
	}
	far := <-accepted
	if far == nil {
		near.Abort(nil)
		t.FailNow()
	}
	c := &ends{newEnd(near), newEnd(far)}
	t.Cleanup(func() {
		c.dialer.finish()
		c.acceptor.finish()
	})
	return c
}

// send sends text on the lane.
func (e *end) send(t *testing.T, text string) {
	t.Helper()
	if err := e.conn.Send(t.Context(), []byte(text), nil); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

// expect waits for the lane to bring text.
func (e *end) expect(t *testing.T, text string) {
	t.Helper()
	if got := await(t, e, e.lane); string(got) != text {
		t.Fatalf("lane brought %.40q, want %.40q", got, text)
	}
}

// nextBody waits for a body that came or failed.
func (e *end) nextBody(t *testing.T) body {
	t.Helper()
	return await(t, e, e.done)
}

// await takes one thing from a channel of e. When the connection ends before
// there is one, the test is over: it would wait for ever.
func await[T any](t *testing.T, e *end, from <-chan T) T {
	t.Helper()
	select {
	case thing := <-from:
		return thing
	case err := <-e.served:
		e.served <- err
		select {
		case thing := <-from:
			return thing
		default:
			t.Fatalf("no more %T: Serve = %v", *new(T), err)
			panic("unreachable")
		}
	}
}

// auditGoroutines looks, when the test has ended its connections, for goroutines
// of theirs. It is called before they are made.
func auditGoroutines(t *testing.T) {
	t.Cleanup(func() {
		buf := make([]byte, 1<<20)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for range 5000 {
			left := slices.DeleteFunc(strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n"), isForeign)
			if len(left) == 0 {
				return
			}
			<-tick.C // "or are about to", says Serve
		}
		t.Errorf("goroutines outlived their connections:\n%s", buf[:runtime.Stack(buf, true)])
	})
}

// isForeign reports whether a goroutine belongs to no connection.
func isForeign(stack string) bool {
	return !strings.Contains(stack, "netobj/transport.(") && !strings.Contains(stack, "hashicorp/yamux")
}
