package transporttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/netobj/netobj/transport"
)

func testCloseDrains(t *testing.T, c *ends) {
	c.serve()
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
	if err := <-c.acceptor.served; err == nil || errors.Is(err, transport.ErrClosed) {
		t.Errorf("the other's Serve = %v", err)
	}
	if err := c.dialer.conn.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

// testCloseWhilePeerSends closes in the middle of traffic from the other side. A
// socket that is closed while something comes in takes back what is on its way
// out, unless care is taken.
func testCloseWhilePeerSends(t *testing.T, c *ends) {
	c.dialer.onMsg = func([]byte) {}
	c.serve()
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	sending.Go(func() {
		for c.acceptor.conn.Send(ctx, make([]byte, 50_000), nil) == nil {
		}
	})
	const n = 100
	filler := make([]byte, 50_000)
	for i := range n {
		if err := c.dialer.conn.Send(t.Context(), fmt.Appendf(nil, "%07d", i), filler); err != nil {
			t.Fatal(err)
		}
	}
	c.dialer.conn.Close()
	for i := range n {
		c.acceptor.expect(t, fmt.Sprintf("%07d", i)+string(filler))
	}
	cancel()
	sending.Wait()
}

// testCloseTakesNoMore has senders that do not stop. Close must not wait for
// them, and must deliver what it took from them.
func testCloseTakesNoMore(t *testing.T, c *ends) {
	c.serve()
	var sending sync.WaitGroup
	var accepted [4]int
	for s := range accepted {
		sending.Go(func() {
			for i := 0; ; i++ {
				err := c.dialer.conn.Send(t.Context(), fmt.Appendf(nil, "%d %d", s, i), nil)
				if err != nil {
					if !errors.Is(err, transport.ErrClosed) {
						t.Errorf("Send = %v", err)
					}
					return
				}
				accepted[s]++
			}
		})
	}
	var came [4]int
	var closing sync.WaitGroup
	for open := true; open; {
		select {
		case msg := <-c.acceptor.lane:
			var s, i int
			if fmt.Sscan(string(msg), &s, &i); i != came[s] {
				t.Fatalf("message %d of sender %d, want %d", i, s, came[s])
			}
			if came[s]++; came[0] == 100 && s == 0 {
				closing.Go(func() { c.dialer.conn.Close() })
			}
		case <-c.acceptor.served:
			open = false
		}
	}
	closing.Wait()
	sending.Wait()
	for len(c.acceptor.lane) > 0 {
		var s, i int
		fmt.Sscan(string(<-c.acceptor.lane), &s, &i)
		came[s]++
	}
	if came != accepted {
		t.Errorf("accepted %v, came %v", accepted, came)
	}
}

// testAbort has a cause that looks like one of the network's.
func testAbort(t *testing.T, c *ends) {
	c.serve()
	why := fmt.Errorf("bad message: %w", io.EOF)
	c.dialer.conn.Abort(why)
	if err := <-c.dialer.served; !errors.Is(err, why) {
		t.Errorf("Serve = %v", err)
	}
	if err := c.dialer.conn.Send(t.Context(), nil, nil); !errors.Is(err, why) {
		t.Errorf("Send = %v", err)
	}
	if err := <-c.acceptor.served; err == nil {
		t.Error("the other's Serve returned nil")
	}
	c.dialer.conn.Abort(errors.New("again"))
}

// testAbortFreesSenders has one that waits for room, without a deadline.
func testAbortFreesSenders(t *testing.T, c *ends) {
	c.dialer.serve() // the acceptor does not read
	why := errors.New("because")
	freed := make(chan error, 1)
	queued := make(chan struct{}, 10_000)
	go func() {
		for {
			if err := c.dialer.conn.Send(t.Context(), make([]byte, 50_000), nil); err != nil {
				freed <- err
				return
			}
			queued <- struct{}{}
		}
	}()
	for range 20 { // the queue holds 1 MiB
		<-queued
	}
	c.dialer.conn.Abort(why)
	if err := <-freed; !errors.Is(err, why) {
		t.Errorf("Send = %v", err)
	}
}

// testAbortFromTheReader is what a node does with a message that it cannot read.
func testAbortFromTheReader(t *testing.T, c *ends) {
	why := errors.New("unreadable")
	c.acceptor.onMsg = func([]byte) { c.acceptor.conn.Abort(why) }
	c.serve()
	c.dialer.send(t, "x")
	if err := <-c.acceptor.served; !errors.Is(err, why) {
		t.Errorf("Serve = %v", err)
	}
	if err := <-c.dialer.served; err == nil {
		t.Error("the other's Serve returned nil")
	}
}

// testPeerVanishes ends the connection in the middle of a body.
func testPeerVanishes(t *testing.T, c *ends) {
	c.acceptor.hold = make(chan struct{})
	c.serve()
	sent := make(chan error, 1)
	go func() { sent <- c.dialer.conn.SendBody(t.Context(), 7, make([]byte, 4<<20)) }()
	await(t, c.acceptor, c.acceptor.begun)
	c.acceptor.conn.Abort(nil)
	<-c.acceptor.served
	<-c.dialer.served
	if b := c.acceptor.nextBody(t); b.id != 7 || b.err == nil {
		t.Errorf("BodyDone told of %+v", b)
	}
	if err := <-sent; err == nil && !c.dialer.conn.Info().InMemory {
		t.Error("SendBody of a body that did not come returned nil")
	}
}

// testAbortInTraffic ends a connection, from several goroutines, in the middle of
// everything: every call must return, and say why.
func testAbortInTraffic(t *testing.T, c *ends) {
	c.dialer.onMsg = func([]byte) {}
	arrived := make(chan struct{}, 1)
	c.acceptor.onMsg = func([]byte) {
		select {
		case arrived <- struct{}{}:
		default:
		}
	}
	c.serve()
	why := errors.New("because")
	var busy sync.WaitGroup
	for _, e := range []*end{c.dialer, c.acceptor} {
		untilItEnds := func(call func() error) {
			busy.Go(func() {
				for {
					if err := call(); err != nil {
						if e == c.dialer && !errors.Is(err, why) {
							t.Errorf("after the end: %v", err)
						}
						return
					}
				}
			})
		}
		for range 10 {
			untilItEnds(func() error { return e.conn.Send(t.Context(), []byte("message"), nil) })
		}
		for range 4 {
			untilItEnds(func() error { return e.conn.SendBody(t.Context(), 1, make([]byte, 100_000)) })
		}
		busy.Go(func() {
			for range e.done { // closed below
			}
		})
		busy.Go(func() {
			for range e.begun {
			}
		})
	}
	<-arrived
	for range 3 {
		busy.Go(func() { c.dialer.conn.Abort(why) })
	}
	if err := <-c.dialer.served; !errors.Is(err, why) {
		t.Errorf("Serve = %v", err)
	}
	<-c.acceptor.served
	for _, e := range []*end{c.dialer, c.acceptor} {
		close(e.done)
		close(e.begun)
	}
	busy.Wait()
}

// testNeverServed closes connections that nobody reads, one of them twice at once.
// The test ends, as every one, with a look for goroutines that are left.
func testNeverServed(t *testing.T, c *ends) {
	c.dialer.serving, c.acceptor.serving = true, true // so that nobody does it for us
	c.dialer.send(t, "to nobody")
	sent := make(chan error, 1)
	go func() { sent <- c.acceptor.conn.SendBody(t.Context(), 1, make([]byte, 4<<20)) }()
	c.acceptor.conn.Abort(nil)
	if err := <-sent; err == nil && !c.dialer.conn.Info().InMemory {
		t.Error("SendBody of what nobody took returned nil")
	}
	var closing sync.WaitGroup
	for range 2 {
		closing.Go(func() {
			if err := c.dialer.conn.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	closing.Wait()
	if err := c.dialer.conn.Send(t.Context(), []byte("x"), nil); err == nil {
		t.Error("Send after Close returned nil")
	}
}

func testAfterTheEnd(t *testing.T, c *ends) {
	c.serve()
	c.dialer.conn.Close()
	<-c.dialer.served
	<-c.acceptor.served
	for _, e := range []*end{c.dialer, c.acceptor} {
		err := e.conn.Send(t.Context(), []byte("x"), nil)
		if err == nil || errors.Is(err, transport.ErrClosed) != (e == c.dialer) {
			t.Errorf("Send after the end = %v", err)
		}
		if again := e.conn.TrySend([]byte("x"), nil, true); !errors.Is(again, err) {
			t.Errorf("TrySend after the end = %v, Send said %v", again, err)
		}
		var sending sync.WaitGroup
		for range 50 {
			sending.Go(func() {
				if err := e.conn.SendBody(t.Context(), 1, make([]byte, 1000)); err == nil {
					t.Error("SendBody after the end returned nil")
				}
			})
		}
		sending.Wait()
	}
}
