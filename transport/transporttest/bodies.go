package transporttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// testBodies sends bodies of many sizes at once, both ways.
func testBodies(t *testing.T, c *ends) {
	c.serve()
	var sending sync.WaitGroup
	defer sending.Wait()
	sizes := []int{0, 1, 63, 64, 1000, 128 << 10, 128<<10 + 1, 1<<20 - 1, 4 << 20}
	for _, e := range []*end{c.dialer, c.acceptor} {
		for i, size := range sizes {
			sending.Go(func() {
				data := pattern(uint64(i), size)
				if err := e.conn.SendBody(t.Context(), uint64(i), data); err != nil {
					t.Errorf("SendBody: %v", err)
				}
				clear(data) // it may be used again
			})
		}
	}
	for _, e := range []*end{c.dialer, c.acceptor} {
		for range sizes {
			b := e.nextBody(t)
			if want := pattern(b.id, sizes[b.id]); b.err != nil || !bytes.Equal(b.data, want) {
				t.Errorf("body %d of %d bytes: %d came, %v", b.id, len(want), len(b.data), b.err)
			}
		}
	}
}

// pattern returns bytes in which no two places look alike.
func pattern(id uint64, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i ^ i>>8*31 ^ i>>16*7 ^ int(id))
	}
	return data
}

// testBodyDoesNotDelayLane has a receiver that takes no body.
func testBodyDoesNotDelayLane(t *testing.T, c *ends) {
	c.acceptor.hold = make(chan struct{})
	c.serve()
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	for i := range uint64(8) {
		sending.Go(func() { c.dialer.conn.SendBody(ctx, i, make([]byte, 4<<20)) })
		await(t, c.acceptor, c.acceptor.begun)
	}
	for i := range 200 {
		c.dialer.send(t, fmt.Sprint("ping ", i))
		c.acceptor.expect(t, fmt.Sprint("ping ", i))
		c.acceptor.send(t, "pong")
		c.dialer.expect(t, "pong")
	}
}

func testSkippedBody(t *testing.T, c *ends) {
	c.acceptor.room = func(int64) ([]byte, error) { return nil, nil }
	c.serve()
	for id, size := range []int{1 << 20, 0, 100} {
		if err := c.dialer.conn.SendBody(t.Context(), uint64(id), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if b := c.acceptor.nextBody(t); b.id != uint64(id) || b.err != nil || b.data != nil {
			t.Errorf("skipped body: %d, %d bytes, %v", b.id, len(b.data), b.err)
		}
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

func testRefusedBody(t *testing.T, c *ends) {
	refused := errors.New("refused")
	c.acceptor.room = func(int64) ([]byte, error) { return nil, refused }
	c.serve()
	c.dialer.conn.SendBody(t.Context(), 1, make([]byte, 1000))
	if err := <-c.acceptor.served; !errors.Is(err, refused) {
		t.Errorf("Serve = %v", err)
	}
	if b := c.acceptor.nextBody(t); b.id != 1 || b.err == nil {
		t.Errorf("BodyDone told of %+v", b)
	}
	if err := <-c.dialer.served; err == nil {
		t.Error("the sender's Serve returned nil")
	}
}

// testCancelledBody gives up a body in its middle: it is larger than any window,
// and the receiver has not taken a byte. Whether the room is a buffer or the
// body is skipped, the receiver must learn that it is not complete.
func testCancelledBody(t *testing.T, c *ends) {
	for id, skip := range []bool{false, true} {
		hold := make(chan struct{})
		c.acceptor.hold = hold
		c.acceptor.room = func(size int64) ([]byte, error) {
			if skip {
				return nil, nil
			}
			return make([]byte, size), nil
		}
		if id == 0 {
			c.serve()
		}
		why := errors.New("not needed any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		sent := make(chan error, 1)
		go func() { sent <- c.dialer.conn.SendBody(ctx, uint64(id), make([]byte, 4<<20)) }()
		await(t, c.acceptor, c.acceptor.begun)
		cancel(why)
		err := <-sent
		if err == nil && !c.dialer.conn.Info().InMemory || err != nil && !errors.Is(err, why) {
			t.Errorf("SendBody = %v", err)
		}
		close(hold)
		if b := c.acceptor.nextBody(t); b.id != uint64(id) || (b.err == nil) != (err == nil) {
			t.Errorf("SendBody = %v, but BodyDone told of body %d, %v", err, b.id, b.err)
		}
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

// testCancelledWaitingBody gives up so many bodies that most were not begun,
// while the receiver is busy: it must hear of every one, once, and must not see
// a peer that opens too many streams.
func testCancelledWaitingBody(t *testing.T, c *ends) {
	hold := make(chan struct{})
	c.acceptor.hold = hold
	c.serve()
	size := 2 << 20 // more than any window
	if c.dialer.conn.Info().InMemory {
		size = 1000 // there is none
	}
	data := make([]byte, size)
	ctx, cancel := context.WithCancel(t.Context())
	const bodies = 300
	complete := make([]bool, bodies)
	var sending sync.WaitGroup
	for id := range uint64(bodies) {
		sending.Go(func() { complete[id] = c.dialer.conn.SendBody(ctx, id, data) == nil })
	}
	await(t, c.acceptor, c.acceptor.begun)
	cancel()
	sending.Wait()
	for i := range 500 { // time enough to open streams
		c.dialer.send(t, fmt.Sprint("ping ", i))
		c.acceptor.expect(t, fmt.Sprint("ping ", i))
	}
	close(hold)
	var told [bodies]int
	for range bodies {
		b := c.acceptor.nextBody(t)
		told[b.id]++
		if complete[b.id] && b.err != nil {
			t.Errorf("body %d was sent, but did not come: %v", b.id, b.err)
		}
		if told[b.id] > 1 {
			t.Errorf("the receiver heard %d times of body %d", told[b.id], b.id)
		}
	}
	c.dialer.send(t, "after")
	c.acceptor.expect(t, "after")
}

// testBodiesToASlowReceiver sends many bodies to a receiver that takes them late.
// The window of one stream has room for all of them: none may wait or get lost.
func testBodiesToASlowReceiver(t *testing.T, c *ends) {
	const rounds, each, size = 8, 32, 500
	hold := make(chan struct{})
	c.acceptor.hold = hold
	c.serve()
	for round := range rounds {
		var sending sync.WaitGroup
		for i := range each {
			id := uint64(round*each + i)
			sending.Go(func() {
				if err := c.dialer.conn.SendBody(t.Context(), id, pattern(id, size)); err != nil {
					t.Errorf("SendBody: %v", err)
				}
			})
		}
		sending.Wait()
	}
	close(hold)
	for range rounds * each {
		if b := c.acceptor.nextBody(t); b.err != nil || !bytes.Equal(b.data, pattern(b.id, size)) {
			t.Errorf("body %d: %v", b.id, b.err)
		}
	}
}
