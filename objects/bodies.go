package objects

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/buffers"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// bodies matches payloads that come on bulk streams with the messages of the
// lane that announce them. Either may come first. Every promise belongs to a call
// that is not finished until its body has come, so that their number is bounded by
// the number of calls.
type bodies struct {
	node *Node
	turn chan struct{} // held by the one body that waits for its budget; capacity 1

	mu    sync.Mutex // guards what follows
	known map[uint64]*body
	due   int           // bodies that were announced and have not begun
	begun int           // bodies on their way
	owed  time.Duration // how long some have been due with none on its way
	err   *Error        // why the connection ended
}

// body is one payload on its way.
type body struct {
	announced chan struct{} // closed when the lane's message has come
	begun     bool          // its stream has come
	promise
	held int64  // of the promise's budget
	over *Error // why the body is skipped: the budget is used up
}

// promise is what a message of the lane says of the body that belongs to it.
type promise struct {
	size    uint64
	budget  *marshal.Budget // pays for the body and for the values in it
	patient bool            // the body waits for its budget; else it is lost if the budget is used up
	broken  Code            // of the fault if the body is lost
	deliver func(received)  // called once
}

// received is what became of a promise.
type received struct {
	data []byte
	held int64  // of the promise's budget, now the receiver's to release
	lost *Error // set instead of the others
}

func (b *bodies) init(c *connection) {
	b.node = c.s.node
	b.turn = make(chan struct{}, 1)
	b.known = map[uint64]*body{}
}

// need is what a payload of size bytes takes of budget: its buffer, and as many bytes
// as it has for the values decoded from it. A single one always fits.
func need(size uint64, budget *marshal.Budget) int64 {
	return min(int64(buffers.Cap(int(size)))+int64(size), budget.Limit())
}

// announce tells that the lane promised a body. One that does not get its budget
// is skipped when it comes. The error is a violation.
func (b *bodies) announce(m *wire.Body, p promise) error {
	p.size = m.Size
	if limit := uint64(b.node.cfg.Limits.MessageSize); p.size > limit {
		return fmt.Errorf("announced body of %d bytes, the limit is %d", p.size, limit)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.entry(m.BulkID)
	if w.deliver != nil {
		return fmt.Errorf("body %d is announced twice", m.BulkID)
	}
	w.promise = p
	if !w.begun {
		b.due++
	}
	if !p.patient {
		w.reserve()
	}
	close(w.announced)
	return nil
}

// reserve takes the body's budget, if it is there.
func (w *body) reserve() {
	n := need(w.size, w.budget)
	if err := w.budget.Reserve(n); err != nil {
		w.over = fault(CodeLimit, err, "send less at once")
		return
	}
	w.held = n
}

// entry returns the body numbered id; b.mu is held.
func (b *bodies) entry(id uint64) *body {
	w := b.known[id]
	if w == nil {
		w = &body{announced: make(chan struct{})}
		b.known[id] = w
	}
	return w
}

// bodyPatience is how long the peer may owe bodies while none is on its way: as
// long as transport lets one stall in the middle. A sender announces a body when it
// is ready to send it, and begins unless others of its bodies are in the way.
const bodyPatience = 30 * time.Second

// overdue tells that time has passed, and reports whether the peer owes bodies for
// too long: their calls would never end.
func (b *bodies) overdue(passed time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.due == 0 || b.begun > 0 {
		b.owed = 0
		return false
	}
	b.owed += passed
	return b.owed > bodyPatience
}

// Body implements transport.Handler: it waits until the lane has announced the
// body and returns room for it, or nil to have it skipped.
func (c *connection) Body(ctx context.Context, id uint64, size int64) ([]byte, error) {
	b := &c.bodies
	w, err := b.begin(id)
	if err != nil {
		return nil, err
	}
	if err := b.awaitPromise(ctx, id, w); err != nil {
		return nil, err
	}
	if w.size != uint64(size) {
		return nil, violation("body %d has %d bytes, its message said %d", id, size, w.size)
	}
	if w.patient {
		if err := b.awaitBudget(ctx, w); err != nil {
			return nil, err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return nil, b.err
	case w.over != nil:
		return nil, nil
	}
	return buffers.Get(int(size)), nil // it comes back with keep, if nobody has got it
}

func violation(format string, args ...any) error {
	return &transport.ProtocolError{Violation: fmt.Sprintf(format, args...)}
}

// begin notes that the stream of body id has come.
func (b *bodies) begin(id uint64) (*body, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.entry(id)
	if w.begun {
		return nil, violation("body %d comes twice", id)
	}
	w.begun = true
	b.begun++
	b.owed = 0
	if w.deliver != nil {
		b.due--
	}
	return w, nil
}

// awaitPromise waits for the lane's message about the body.
func (b *bodies) awaitPromise(ctx context.Context, id uint64, w *body) error {
	patience, cancel := context.WithTimeout(ctx, b.node.cfg.HandshakeTimeout)
	defer cancel()
	select {
	case <-w.announced:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-patience.Done():
		return violation("body %d came without its message", id)
	}
}

// awaitBudget waits until there is memory for the body, in the order in which
// bodies come; its sender is held up by the stream's window.
func (b *bodies) awaitBudget(ctx context.Context, w *body) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	n := need(w.size, w.budget)
	if err := w.budget.Wait(ctx, n); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil { // fail has forgotten the body
		w.budget.Release(n)
		return b.err
	}
	w.held = n
	return nil
}

// BodyDone implements transport.Handler: the body has come, or never will. When
// the connection has ended, [bodies.fail] knows why.
func (c *connection) BodyDone(id uint64, data []byte, err error) {
	b := &c.bodies
	if err != nil && !errors.Is(err, transport.ErrBodyLost) {
		return
	}
	b.mu.Lock()
	w := b.known[id]
	delete(b.known, id)
	if w != nil {
		b.begun--
	}
	b.mu.Unlock()
	switch {
	case w == nil || w.deliver == nil:
	case w.over != nil:
		w.deliver(received{lost: w.over})
	case err != nil:
		w.budget.Release(w.held)
		w.deliver(received{lost: fault(w.broken, err, "")})
	default:
		w.deliver(received{data: data, held: w.held})
	}
}

// fail ends every body on its way: the connection is lost.
func (b *bodies) fail() {
	b.mu.Lock()
	b.err = linkLost
	known := b.known
	b.known = map[uint64]*body{}
	b.mu.Unlock()
	for _, w := range known {
		if w.deliver != nil {
			w.budget.Release(w.held)
			w.deliver(received{lost: linkLost})
		}
	}
}
