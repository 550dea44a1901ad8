package objects

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/netobj/netobj/internal/wire"
)

// bodies matches payloads that come on bulk streams with the messages of the
// lane that announce them. Either may come first.
type bodies struct {
	s *session

	mu    sync.Mutex // guards what follows
	known map[uint64]*body
	err   *Error // why the session ended
}

// body is one payload on its way.
type body struct {
	announced chan struct{} // closed when the lane's message has come
	size      uint64
	reserved  int64 // of the session's budget
	deliver   func([]byte, *Error)
}

func (b *bodies) init(s *session) {
	b.s = s
	b.known = map[uint64]*body{}
}

// announce tells that the lane promised a body; deliver is called once, with
// the body or with what became of it. The error is a violation.
func (b *bodies) announce(promise *wire.Body, deliver func([]byte, *Error)) error {
	b.mu.Lock()
	over, err := b.expect(promise, deliver)
	b.mu.Unlock()
	if over != nil {
		deliver(nil, over)
	}
	return err
}

// expect enters the promise; b.mu is held. A body that is too large for the
// session's budget is over at once: its bytes are skipped when they come.
func (b *bodies) expect(promise *wire.Body, deliver func([]byte, *Error)) (over *Error, violation error) {
	if b.err != nil {
		return b.err, nil
	}
	if promise.Size > uint64(b.s.node.cfg.Limits.MessageSize) {
		return nil, fmt.Errorf("announced body of %d bytes, the limit is %d", promise.Size, b.s.node.cfg.Limits.MessageSize)
	}
	w := b.entry(promise.BulkID)
	if w.deliver != nil {
		return nil, fmt.Errorf("body %d is announced twice", promise.BulkID)
	}
	w.size, w.deliver = promise.Size, deliver
	close(w.announced)
	if err := b.s.budget.Reserve(int64(promise.Size)); err != nil {
		w.deliver = ignore
		return fault(CodeLimit, err, "send less at once"), nil
	}
	w.reserved = int64(promise.Size)
	return nil, nil
}

func ignore([]byte, *Error) {}

// entry returns the body numbered id; b.mu is held.
func (b *bodies) entry(id uint64) *body {
	w := b.known[id]
	if w == nil {
		w = &body{announced: make(chan struct{})}
		b.known[id] = w
	}
	return w
}

// Body implements transport.Handler: it waits until the lane has announced the
// body and returns room for it, or nil to have it skipped.
func (s *session) Body(ctx context.Context, id uint64, size int64) ([]byte, error) {
	b := &s.bodies
	b.mu.Lock()
	w := b.entry(id)
	b.mu.Unlock()
	patience, cancel := context.WithTimeout(ctx, s.node.cfg.HandshakeTimeout)
	defer cancel()
	select {
	case <-w.announced:
	case <-patience.Done():
		return nil, fmt.Errorf("body %d came without its message", id)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.err != nil:
		return nil, b.err
	case w.size != uint64(size):
		return nil, fmt.Errorf("body %d has %d bytes, its message said %d", id, size, w.size)
	case w.reserved == 0:
		return nil, nil
	}
	return make([]byte, size), nil
}

// BodyDone implements transport.Handler: the body has come, or never will.
func (s *session) BodyDone(id uint64, buf []byte, err error) {
	b := &s.bodies
	b.mu.Lock()
	w := b.known[id]
	delete(b.known, id)
	b.mu.Unlock()
	if w == nil || w.deliver == nil {
		return
	}
	s.budget.Release(w.reserved)
	var lost *Error
	if err != nil {
		lost = fault(CodeBadArguments, errors.Join(errBodyLost, err), "")
	}
	w.deliver(buf, lost)
}

var errBodyLost = errors.New("the sender stopped before the end")

// fail ends every body on its way: the session is over.
func (b *bodies) fail(why *Error) {
	b.mu.Lock()
	b.err = why
	known := b.known
	b.known = map[uint64]*body{}
	b.mu.Unlock()
	for _, w := range known {
		if w.deliver != nil {
			b.s.budget.Release(w.reserved)
			w.deliver(nil, why)
		}
	}
}
