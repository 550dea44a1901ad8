package marshal

import (
	"context"
	"sync"
	"sync/atomic"
)

// Budget bounds the memory that decoded values take, of one session or of a
// whole node. It is safe for concurrent use; a nil Budget has no bound.
type Budget struct {
	name   string
	limit  int64
	parent *Budget
	used   atomic.Int64

	waiters atomic.Int64 // calls of Wait in progress; of the outermost budget only
	mu      sync.Mutex
	freed   chan struct{} // closed at the next Release; nil if nobody waits for it
}

// NewBudget returns a budget of limit bytes, which are also taken from parent,
// unless that is nil. Errors call it by its name.
func NewBudget(name string, limit int64, parent *Budget) *Budget {
	return &Budget{name: name, limit: limit, parent: parent}
}

// Reserve takes n bytes. It fails with an [Error] that names the limit, and
// takes nothing, if they are not there.
func (b *Budget) Reserve(n int64) error {
	if b == nil || n == 0 {
		return nil
	}
	for {
		used := b.used.Load()
		if n < 0 || n > b.limit-used {
			return overLimit("values take too much memory", b.name, b.limit, used+n)
		}
		if b.used.CompareAndSwap(used, used+n) {
			break
		}
	}
	if err := b.parent.Reserve(n); err != nil {
		b.used.Add(-n)
		return err
	}
	return nil
}

// Wait is [Budget.Reserve] that waits until the bytes are there, no longer than
// ctx. It fails at once if they never can be.
func (b *Budget) Wait(ctx context.Context, n int64) error {
	if n > b.Limit() {
		return b.Reserve(n)
	}
	outermost := b.outermost()
	outermost.waiters.Add(1)
	defer outermost.waiters.Add(-1)
	for {
		freed := outermost.next()
		err := b.Reserve(n)
		if err == nil {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return err
		}
	}
}

// Release gives n bytes back.
func (b *Budget) Release(n int64) {
	if b == nil || n == 0 {
		return
	}
	b.used.Add(-n)
	b.parent.Release(n)
	if b.parent == nil && b.waiters.Load() > 0 {
		b.wake()
	}
}

// Limit returns the most that can be taken: the least limit of the budget and of
// those that it is a part of.
func (b *Budget) Limit() int64 {
	if b.parent == nil {
		return b.limit
	}
	return min(b.limit, b.parent.Limit())
}

// Used returns the bytes taken.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}

// outermost returns the budget that every Release comes to in the end.
func (b *Budget) outermost() *Budget {
	for b.parent != nil {
		b = b.parent
	}
	return b
}

// next returns a channel that is closed at the next Release.
func (b *Budget) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return b.freed
}

func (b *Budget) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
