package marshal

import "sync/atomic"

// Budget bounds the memory that decoded values take, of one session or of a
// whole node. It is safe for concurrent use; a nil Budget has no bound.
type Budget struct {
	limit  int64
	parent *Budget
	used   atomic.Int64
}

// NewBudget returns a budget of limit bytes, which are also taken from parent,
// unless that is nil.
func NewBudget(limit int64, parent *Budget) *Budget { return &Budget{limit: limit, parent: parent} }

// Reserve takes n bytes. It fails with an [Error] that names the limit, and
// takes nothing, if they are not there.
func (b *Budget) Reserve(n int64) error {
	if b == nil || n == 0 {
		return nil
	}
	if used := b.used.Add(n); used > b.limit || n < 0 {
		b.used.Add(-n)
		return overLimit("values take too much memory", "DecodeBudget", b.limit, used)
	}
	if err := b.parent.Reserve(n); err != nil {
		b.used.Add(-n)
		return err
	}
	return nil
}

// Release gives n bytes back.
func (b *Budget) Release(n int64) {
	if b == nil || n == 0 {
		return
	}
	b.used.Add(-n)
	b.parent.Release(n)
}

// Used returns the bytes taken.
func (b *Budget) Used() int64 {
	if b == nil {
		return 0
	}
	return b.used.Load()
}
