// Package transporttest is the conformance suite for connections: what package
// objects relies on, and every scheme must keep.
package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

// Network says how to listen and dial in a test.
type Network struct {
	URL    string            // to listen at; port 0 for a free one
	Config *transport.Config // for both ends; nil means the defaults
}

// Run runs the suite. network is called for each of its tests.
func Run(t *testing.T, network func(t *testing.T) Network) {
	for name, test := range map[string]func(*testing.T, *ends){
		"Info":                 testInfo,
		"OrderAndCopies":       testOrderAndCopies,
		"ManySenders":          testManySenders,
		"Bodies":               testBodies,
		"BodyDoesNotDelayLane": testBodyDoesNotDelayLane,
		"SkippedBody":          testSkippedBody,
		"RefusedBody":          testRefusedBody,
		"TooLarge":             testTooLarge,
		"ContextOfSend":        testContextOfSend,
		"CloseDrains":          testCloseDrains,
		"Abort":                testAbort,
		"PeerVanishes":         testPeerVanishes,
		"AfterTheEnd":          testAfterTheEnd,
	} {
		t.Run(name, func(t *testing.T) { test(t, connect(t, network(t))) })
	}
	t.Run("Listener", func(t *testing.T) { testListener(t, network(t)) })
}

// ends are the two ends of one connection.
type ends struct {
	dialer, acceptor *end
}

// end is one end, with a Handler that records what arrives.
type end struct {
	conn   transport.Conn
	lane   chan []byte
	done   chan body  // bodies that came or failed
	served chan error // what Serve returned
	room   func(int64) ([]byte, error)
	hold   chan struct{} // Body waits until this is closed
}

type body struct {
	id   uint64
	data []byte
	err  error
}

func newEnd(conn transport.Conn) *end {
	e := &end{conn: conn, lane: make(chan []byte, 100_000), done: make(chan body, 1000), served: make(chan error, 1), hold: make(chan struct{})}
	close(e.hold)
	e.room = func(size int64) ([]byte, error) { return make([]byte, size), nil }
	return e
}

// Message implements transport.Handler. It spoils msg afterwards, as a reader
// that reuses its buffer does.
func (e *end) Message(msg []byte) {
	e.lane <- slices.Clone(msg)
	clear(msg)
}

// Body implements transport.Handler.
func (e *end) Body(ctx context.Context, _ uint64, size int64) ([]byte, error) {
	select {
	case <-e.hold:
		return e.room(size)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// BodyDone implements transport.Handler.
func (e *end) BodyDone(id uint64, data []byte, err error) { e.done <- body{id, data, err} }

func (e *end) serve(t *testing.T) {
	go func() { e.served <- e.conn.Serve(e) }()
	t.Cleanup(func() { e.conn.Abort(nil) })
}

// connect makes a connection through a listener.
func connect(t *testing.T, n Network) *ends {
	t.Helper()
	l, err := transport.Listen(t.Context(), n.URL, n.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	type result struct {
		conn transport.Conn
		err  error
	}
	accepted := make(chan result, 1)
	go func() {
		link, err := l.Accept()
		if err != nil {
			accepted <- result{nil, err}
			return
		}
		conn, err := link.Open(transport.Acceptor, n.Config)
		accepted <- result{conn, err}
	}()
	link, err := transport.Dial(t.Context(), l.URL(), n.Config)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := link.Open(transport.Dialer, n.Config)
	if err != nil {
		t.Fatal(err)
	}
	other := <-accepted
	if other.err != nil {
		t.Fatal(other.err)
	}
	c := &ends{newEnd(conn), newEnd(other.conn)}
	return c
}

func (c *ends) serve(t *testing.T) {
	c.dialer.serve(t)
	c.acceptor.serve(t)
}

// send sends text on the lane.
func (e *end) send(t *testing.T, text string) {
	t.Helper()
	if err := e.conn.Send(t.Context(), []byte(text), nil); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

func (e *end) expect(t *testing.T, text string) {
	t.Helper()
	if got := <-e.lane; string(got) != text {
		t.Fatalf("lane brought %.40q, want %.40q", got, text)
	}
}

func testInfo(t *testing.T, c *ends) {
	c.serve(t)
	d, a := c.dialer.conn.Info(), c.acceptor.conn.Info()
	if d.Scheme == "" || d.Scheme != a.Scheme || d.Remote == "" || a.Local == "" || d.InMemory != a.InMemory {
		t.Errorf("dialler %+v, acceptor %+v", d, a)
	}
}

func testOrderAndCopies(t *testing.T, c *ends) {
	c.serve(t)
	const n = 5000
	go func() {
		head, tail := []byte("0000000"), []byte("tail")
		for i := range n {
			copy(head, fmt.Sprintf("%07d", i))
			if err := c.dialer.conn.Send(t.Context(), head, tail); err != nil {
				t.Errorf("Send: %v", err)
				return
			}
			clear(head) // Send has copied it
		}
	}()
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07dtail", i))
	}
	c.acceptor.send(t, "") // an empty message is one
	c.dialer.expect(t, "")
}

func testManySenders(t *testing.T, c *ends) {
	c.serve(t)
	const senders, each = 50, 100
	for s := range senders {
		from := []*end{c.dialer, c.acceptor}[s%2]
		go func() {
			for i := range each {
				from.conn.Send(t.Context(), []byte{byte(s)}, []byte{byte(i)})
			}
		}()
	}
	for _, e := range []*end{c.dialer, c.acceptor} {
		var next [senders]byte
		for range senders / 2 * each {
			msg := <-e.lane
			if len(msg) != 2 || msg[1] != next[msg[0]] {
				t.Fatalf("message %v, want number %d of this sender", msg, next[msg[0]])
			}
			next[msg[0]]++
		}
	}
}

func testBodies(t *testing.T, c *ends) {
	c.serve(t)
	var sending sync.WaitGroup
	sizes := []int{0, 1, 1000, 128 << 10, 128<<10 + 1, 4 << 20}
	for i, size := range sizes {
		sending.Go(func() {
			data := bytes.Repeat([]byte{byte(i + 1)}, size)
			if err := c.dialer.conn.SendBody(t.Context(), uint64(i), data); err != nil {
				t.Errorf("SendBody: %v", err)
			}
			clear(data) // it may be used again
		})
	}
	for range sizes {
		b := <-c.acceptor.done
		want := bytes.Repeat([]byte{byte(b.id + 1)}, sizes[b.id])
		if b.err != nil || !bytes.Equal(b.data, want) {
			t.Errorf("body %d of %d bytes: %d came, %v", b.id, len(want), len(b.data), b.err)
		}
	}
	sending.Wait()
}

func testBodyDoesNotDelayLane(t *testing.T, c *ends) {
	c.acceptor.hold = make(chan struct{}) // nobody takes the bodies
	c.serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	for i := range 8 {
		sending.Go(func() { c.dialer.conn.SendBody(ctx, uint64(i), make([]byte, 4<<20)) })
	}
	for i := range 200 {
		c.dialer.send(t, fmt.Sprint("ping ", i))
		c.acceptor.expect(t, fmt.Sprint("ping ", i))
		c.acceptor.send(t, "pong")
		c.dialer.expect(t, "pong")
	}
	cancel()
	sending.Wait()
}

func testSkippedBody(t *testing.T, c *ends) {
	c.acceptor.room = func(int64) ([]byte, error) { return nil, nil }
	c.serve(t)
	for id := range uint64(3) {
		if err := c.dialer.conn.SendBody(t.Context(), id, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if b := <-c.acceptor.done; b.id != id || b.err != nil || b.data != nil {
			t.Errorf("skipped body: %d, %d bytes, %v", b.id, len(b.data), b.err)
		}
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

func testRefusedBody(t *testing.T, c *ends) {
	refused := errors.New("refused")
	c.acceptor.room = func(int64) ([]byte, error) { return nil, refused }
	c.serve(t)
	c.dialer.conn.SendBody(t.Context(), 1, make([]byte, 1000))
	if err := <-c.acceptor.served; !errors.Is(err, refused) {
		t.Errorf("Serve = %v", err)
	}
	if err := <-c.dialer.served; err == nil {
		t.Error("the sender's Serve returned nil")
	}
}

func testTooLarge(t *testing.T, c *ends) {
	c.serve(t)
	if err := c.dialer.conn.Send(t.Context(), make([]byte, 100<<10), make([]byte, 100<<10)); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("Send of 200 KiB = %v", err)
	}
	if err := c.dialer.conn.SendBody(t.Context(), 1, make([]byte, 4<<20+1)); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("SendBody of more than 4 MiB = %v", err)
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

// testContextOfSend fills the queue to a peer that does not read. Send must then
// wait, no longer than its context, and not one byte may have been accepted.
func testContextOfSend(t *testing.T, c *ends) {
	c.dialer.serve(t) // the acceptor does not read yet
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	filler := make([]byte, 50_000)
	n := 0
	for ; ; n++ {
		err := c.dialer.conn.Send(ctx, fmt.Appendf(nil, "%07d", n), filler)
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil {
			t.Fatalf("Send = %v", err)
		}
		if n > 1000 {
			t.Fatal("50 MB are queued for a peer that does not read")
		}
	}
	c.acceptor.serve(t)
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07d", i)+string(filler))
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

func testCloseDrains(t *testing.T, c *ends) {
	c.serve(t)
	for i := range 1000 {
		c.dialer.send(t, fmt.Sprint(i))
	}
	if err := c.dialer.conn.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	for i := range 1000 {
		c.acceptor.expect(t, fmt.Sprint(i))
	}
	if err := <-c.dialer.served; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("the closer's Serve = %v", err)
	}
	if err := <-c.acceptor.served; err == nil {
		t.Error("the other's Serve returned nil")
	}
	if err := c.dialer.conn.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func testAbort(t *testing.T, c *ends) {
	c.serve(t)
	why := errors.New("because")
	c.dialer.conn.Abort(why)
	if err := <-c.dialer.served; !errors.Is(err, why) {
		t.Errorf("Serve = %v", err)
	}
	if err := <-c.acceptor.served; err == nil {
		t.Error("the other's Serve returned nil")
	}
	c.dialer.conn.Abort(errors.New("again"))
}

// testPeerVanishes ends the connection in the middle of a body.
func testPeerVanishes(t *testing.T, c *ends) {
	begun := make(chan struct{})
	c.acceptor.room = func(size int64) ([]byte, error) {
		close(begun)
		return make([]byte, size), nil
	}
	c.serve(t)
	c.acceptor.hold = make(chan struct{})
	sent := make(chan error, 1)
	go func() { sent <- c.dialer.conn.SendBody(t.Context(), 7, make([]byte, 4<<20)) }()
	c.dialer.send(t, "sync")
	c.acceptor.expect(t, "sync")
	c.acceptor.conn.Abort(nil)
	<-c.acceptor.served
	<-c.dialer.served
	<-sent // with or without an error, depending on what the network took
}

func testAfterTheEnd(t *testing.T, c *ends) {
	c.serve(t)
	c.dialer.conn.Close()
	<-c.dialer.served
	<-c.acceptor.served
	for _, e := range []*end{c.dialer, c.acceptor} {
		if err := e.conn.Send(t.Context(), []byte("x"), nil); err == nil {
			t.Error("Send after the end returned nil")
		}
		if err := e.conn.SendBody(t.Context(), 1, make([]byte, 1000)); err == nil {
			t.Error("SendBody after the end returned nil")
		}
	}
}

func testListener(t *testing.T, n Network) {
	l, err := transport.Listen(t.Context(), n.URL, n.Config)
	if err != nil {
		t.Fatal(err)
	}
	url := l.URL()
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close = %v", err)
	}
	if _, err := transport.Dial(t.Context(), url, n.Config); err == nil {
		t.Errorf("%s: dialling a closed listener succeeded", url)
	}
	again, err := transport.Listen(t.Context(), url, n.Config)
	if err != nil {
		t.Fatalf("listening again at %s: %v", url, err)
	}
	if again.URL() != url {
		t.Errorf("URL %s, want %s", again.URL(), url)
	}
	again.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transport.Dial(cancelled, url, n.Config); err == nil {
		t.Error("dialling with a cancelled context succeeded")
	}
}
