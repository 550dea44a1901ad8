package transporttest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

func testInfo(t *testing.T, c *ends) {
	c.serve()
	d, a := c.dialer.conn.Info(), c.acceptor.conn.Info()
	if d.Scheme == "" || d.Scheme != a.Scheme || d.Remote == "" || a.Local != d.Remote || d.InMemory != a.InMemory {
		t.Errorf("dialler %+v, acceptor %+v", d, a)
	}
}

// testReceived sends a message and a body: both show in the number of bytes that
// came.
func testReceived(t *testing.T, c *ends) {
	c.serve()
	before := c.acceptor.conn.Received()
	c.dialer.send(t, "message")
	c.acceptor.expect(t, "message")
	between := c.acceptor.conn.Received()
	if between < before+uint64(len("message")) {
		t.Errorf("%d bytes received before a message, %d after", before, between)
	}
	if err := c.dialer.conn.SendBody(t.Context(), 1, make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	if b := <-c.acceptor.done; b.err != nil {
		t.Fatal(b.err)
	}
	if after := c.acceptor.conn.Received(); after < between+100_000 {
		t.Errorf("%d bytes received before a body of 100,000, %d after", between, after)
	}
}

// testOrderAndCopies sends from slices that change right after Send.
func testOrderAndCopies(t *testing.T, c *ends) {
	c.serve()
	const n = 5000
	go func() {
		head, tail := make([]byte, 7), make([]byte, 4)
		for i := range n {
			copy(head, fmt.Sprintf("%07d", i))
			copy(tail, "tail")
			if err := sendIn(c.dialer.conn, i)(t.Context(), head, tail); err != nil {
				t.Errorf("Send: %v", err)
				return
			}
			clear(head)
			clear(tail)
		}
	}()
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07dtail", i))
	}
	c.acceptor.send(t, "") // an empty message is one
	c.dialer.expect(t, "")
}

// sendIn returns Send for one of three numbers, for the next one Queue with Flush,
// and for the last Queue alone, which the others flush.
func sendIn(conn transport.Conn, n int) func(ctx context.Context, head, body []byte) error {
	switch n % 3 {
	case 0:
		return conn.Send
	case 1:
		return func(ctx context.Context, head, body []byte) error {
			defer conn.Flush()
			return conn.Queue(ctx, head, body)
		}
	}
	return conn.Queue
}

// testManySenders sends in both directions at once.
func testManySenders(t *testing.T, c *ends) {
	c.serve()
	const senders, each = 50, 100
	for s := range senders {
		from := []*end{c.dialer, c.acceptor}[s%2]
		go func() {
			for i := range each {
				if err := sendIn(from.conn, s+i)(t.Context(), []byte{byte(s)}, []byte{byte(i)}); err != nil {
					t.Errorf("Send: %v", err)
				}
			}
		}()
	}
	for _, e := range []*end{c.dialer, c.acceptor} {
		var next [senders]byte
		for range senders / 2 * each {
			msg := await(t, e, e.lane)
			if len(msg) != 2 || msg[1] != next[msg[0]] {
				t.Fatalf("message %v, want number %d of this sender", msg, next[msg[0]])
			}
			next[msg[0]]++
		}
	}
}

// testTooLarge finds the limit from both sides.
func testTooLarge(t *testing.T, c *ends) {
	c.serve()
	const limit = 128 << 10
	largest := make([]byte, limit-10)
	if err := c.dialer.conn.Send(t.Context(), make([]byte, 10), largest); err != nil {
		t.Errorf("Send of 128 KiB: %v", err)
	}
	c.acceptor.expect(t, string(make([]byte, limit)))
	if err := c.dialer.conn.Send(t.Context(), make([]byte, 11), largest); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("Send of one byte more = %v", err)
	}
	if err := c.dialer.conn.SendBody(t.Context(), 1, make([]byte, 4<<20+1)); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("SendBody of more than 4 MiB = %v", err)
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
	if n := len(c.acceptor.begun); n != 0 {
		t.Errorf("%d bodies were announced", n)
	}
}

// testContextOfSend fills the queue to a peer that does not read. Send must then
// wait, no longer than its context, and not one byte may have been accepted.
func testContextOfSend(t *testing.T, c *ends) {
	c.dialer.serve() // the acceptor does not read yet
	why := errors.New("patience is over")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, why)
	defer cancel()
	filler := make([]byte, 50_000)
	n := 0
	for ; ; n++ {
		err := sendIn(c.dialer.conn, n)(ctx, fmt.Appendf(nil, "%07d", n), filler)
		if errors.Is(err, why) {
			break
		}
		if err != nil {
			t.Fatalf("Send = %v", err)
		}
		if n > 1000 {
			t.Fatal("50 MB are queued for a peer that does not read")
		}
	}
	c.acceptor.serve()
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07d", i)+string(filler))
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

// testTrySend fills the queue to a peer that does not read: TrySend must not wait,
// what it took must arrive, and it must take more when there is room again.
func testTrySend(t *testing.T, c *ends) {
	c.dialer.serve() // the acceptor does not read yet
	filler := make([]byte, 50_000)
	n := 0
	for ; ; n++ {
		err := c.dialer.conn.TrySend(fmt.Appendf(nil, "%07d", n), filler, n%2 > 0)
		if errors.Is(err, transport.ErrFull) {
			break
		}
		if err != nil || n > 1000 {
			t.Fatalf("TrySend of message %d = %v", n, err)
		}
	}
	c.acceptor.serve()
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07d", i)+string(filler))
	}
	if err := c.dialer.conn.TrySend([]byte("af"), []byte("ter"), true); err != nil {
		t.Errorf("TrySend when all has arrived = %v", err)
	}
	c.acceptor.expect(t, "after")
	if err := c.dialer.conn.TrySend(make([]byte, 11), make([]byte, 128<<10-10), true); !errors.Is(err, transport.ErrTooLarge) {
		t.Errorf("TrySend of one byte too many = %v", err)
	}
}
