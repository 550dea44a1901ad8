package transport

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

func fuzzConfig() *Config { return (*Config)(nil).defaults() }

func fuzzYamux() *yamux.Config {
	config := yamux.DefaultConfig()
	config.LogOutput, config.EnableKeepAlive = io.Discard, false
	config.MaxStreamWindowSize, config.AcceptBacklog = fuzzConfig().Window, fuzzConfig().MaxStreams
	return config
}

// stopped is a clock that does not go on.
func stopped() time.Time { return time.Unix(0, 0) }

// FuzzGuard feeds the guard arbitrary bytes in pieces of arbitrary size: it must
// find the same whatever the pieces. Then a genuine yamux server behind the guard
// gets them: while neither objects, both must see the same streams.
func FuzzGuard(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, uint8(5))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 'a', 'b', 'c', 0, 2, 0, 1}, uint8(1))
	f.Add([]byte{0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, uint8(12))
	f.Fuzz(func(t *testing.T, input []byte, piece uint8) {
		for _, role := range []Role{Dialer, Acceptor} {
			whole, passed, wholeErr := shown(role, input, len(input))
			pieces, passedPieces, piecesErr := shown(role, input, int(piece))
			if fmt.Sprint(wholeErr) != fmt.Sprint(piecesErr) || !bytes.Equal(passed, passedPieces) || whole.lastID != pieces.lastID {
				t.Errorf("at once: %x, %v; in pieces of %d: %x, %v", passed, wholeErr, piece, passedPieces, piecesErr)
			}
			if wholeErr == io.EOF && !bytes.Equal(passed, input[:len(input)-cut(input)]) {
				t.Errorf("of %x yamux gets %x", input, passed)
			}
		}
		besideYamux(t, input)
	})
}

// shown reads input, which comes in pieces, from behind a guard for which no time
// passes.
func shown(role Role, input []byte, piece int) (g *guard, passed []byte, err error) {
	var told error
	g = newGuard(role, fuzzConfig(), stopped, func(err error) { told = err })
	u := &under{Conn: &pieces{left: input, size: max(piece, 1)}, guard: g}
	for buf := make([]byte, 100); err == nil; {
		var n int
		n, err = u.Read(buf)
		passed = append(passed, buf[:n]...)
	}
	if err != io.EOF && told != err {
		panic("the violation was not told")
	}
	return g, passed, err
}

// cut returns how many bytes of an incomplete header input ends with.
func cut(input []byte) int {
	for len(input) >= headerSize {
		h := parseHeader(input)
		input = input[headerSize:]
		if h.kind == frameData {
			input = input[min(int(h.length), len(input)):]
		}
	}
	return len(input)
}

// pieces is a conn that brings some bytes, so many at once.
type pieces struct {
	net.Conn
	left []byte
	size int
}

func (c *pieces) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.left[:min(c.size, len(c.left))])
	c.left = c.left[n:]
	return n, nil
}

// script is a conn that brings some bytes and then nothing; what is written to it
// is lost.
type script struct {
	net.Conn
	left    []byte
	drained chan struct{} // closed when all was read, and acted on
	closed  chan struct{}
	end     sync.Once
	closing sync.Once
}

func (c *script) Read(p []byte) (int, error) {
	if len(c.left) == 0 {
		c.end.Do(func() { close(c.drained) }) // yamux may read on after an error
		<-c.closed
		return 0, net.ErrClosed
	}
	n := copy(p, c.left)
	c.left = c.left[n:]
	return n, nil
}

func (c *script) Write(p []byte) (int, error)      { return len(p), nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }
func (c *script) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return nil
}

// besideYamux compares the guard's table with the streams of a server that
// accepts none of them. The lane is open, and not in the table.
func besideYamux(t *testing.T, input []byte) {
	lane := []byte{0, frameWindow, 0, flagSYN, 0, 0, 0, laneID, 0, 0, 0, 0}
	conn := &script{left: append(lane, input...), drained: make(chan struct{}), closed: make(chan struct{})}
	g := newGuard(Acceptor, fuzzConfig(), stopped, func(error) {})
	server, err := yamux.Server(&under{Conn: conn, guard: g}, fuzzYamux())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	select {
	case <-conn.drained:
	case <-server.CloseChan():
		return // one of them objected
	}
	for id := range g.streams.open { // yamux forgets at once what was reset
		g.streams.done(id)
	}
	ours, genuine := len(g.streams.open)+1, server.NumStreams()
	laneMayBeReset := bytes.Contains(input, []byte{0, 0, 0, laneID})
	if ours != genuine && !(laneMayBeReset && ours == genuine+1) {
		t.Errorf("the guard sees %d streams, yamux %d", ours, genuine)
	}
}

// FuzzGenuine lets two yamux sessions, each behind a guard, do what the script
// says: what genuine yamux sends must pass, and both tables must be empty in the
// end.
func FuzzGenuine(f *testing.F) {
	f.Add([]byte{0x0e, 0x0f, 0xf2, 0x00, 0xff})
	f.Fuzz(func(t *testing.T, script []byte) {
		near, far := net.Pipe()
		client, server := newGuarded(t, near, Dialer), newGuarded(t, far, Acceptor)
		lane, err := client.session.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.session.AcceptStream(); err != nil {
			t.Fatal(err)
		}
		client.run()
		server.run()
		for _, step := range script[:min(len(script), pingBurst)] {
			from, to := client, server
			if step&1 != 0 {
				from, to = server, client
			}
			perform(t, from, to, step>>1)
		}
		lane.Close()
		for _, e := range []*guarded{client, server} {
			e.session.Close()
			e.tasks.Wait()
			if e.violation != nil {
				t.Errorf("a genuine peer was refused: %v", e.violation)
			}
			if n := len(e.guard.streams.open); n != 0 || e.guard.streams.unread != 0 {
				t.Errorf("%d streams and %d bytes are left in the table", n, e.guard.streams.unread)
			}
		}
	})
}

// guarded is a yamux session behind a guard, which receives as a muxConn does.
type guarded struct {
	session   *yamux.Session
	guard     *guard
	violation error // looked at when the session has ended
	tasks     sync.WaitGroup
	ended     chan struct{} // one for each inbound stream that ended
}

func newGuarded(t *testing.T, conn net.Conn, role Role) *guarded {
	e := &guarded{ended: make(chan struct{}, 1)}
	e.guard = newGuard(role, fuzzConfig(), stopped, func(err error) { e.violation = err })
	start := yamux.Server
	if role == Dialer {
		start = yamux.Client
	}
	session, err := start(&under{Conn: conn, writeTimeout: time.Minute, guard: e.guard}, fuzzYamux())
	if err != nil {
		t.Fatal(err)
	}
	e.session = session
	return e
}

// run receives until the session ends.
func (e *guarded) run() {
	e.tasks.Go(func() {
		for {
			stream, err := e.session.AcceptStream()
			if err != nil {
				return
			}
			io.Copy(io.Discard, stream)
			e.guard.streams.done(stream.StreamID())
			stream.Close()
			e.ended <- struct{}{}
		}
	})
}

// perform is one step: a ping, or a stream with some data in one write or many.
func perform(t *testing.T, from, to *guarded, step byte) {
	if step&3 == 0 {
		from.session.Ping()
		return
	}
	stream, err := from.session.OpenStream()
	if err != nil {
		t.Errorf("OpenStream: %v", err)
		return
	}
	data := make([]byte, int(step>>3)*997*int(step&3))
	for piece := range slices.Chunk(data, 1+len(data)/int(step&3)) {
		if _, err := stream.Write(piece); err != nil {
			t.Errorf("Write: %v", err)
		}
	}
	stream.Close()
	io.Copy(io.Discard, stream) // until the receiver has let go
	select {
	case <-to.ended:
	case <-to.session.CloseChan():
	}
}
