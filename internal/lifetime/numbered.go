package lifetime

import (
	"iter"
	"slices"
)

// numbered holds the calls of a session by their numbers, which count up from 1. Those
// that are known are mostly neighbours, so each has its place in a ring, where a Go map
// would hash. One whose place is taken stands beside it. The zero numbered is empty.
type numbered[V any] struct {
	ring   []place[V] // its length is a power of 2
	beside map[CallID]V
	n      int
}

// place is one of a ring; free if id is 0.
type place[V any] struct {
	id CallID
	v  V
}

// The lengths of rings: the least, that of one which is kept when it is empty, and the
// greatest.
const (
	leastRing    = 16
	keptRing     = 1 << 10
	greatestRing = 1 << 15
)

func (t *numbered[V]) place(id CallID) *place[V] { return &t.ring[id&CallID(len(t.ring)-1)] }

// Get returns what is numbered id.
func (t *numbered[V]) Get(id CallID) (v V, ok bool) {
	if t.n == 0 || id == 0 {
		return v, false
	}
	if p := t.place(id); p.id == id {
		return p.v, true
	}
	v, ok = t.beside[id]
	return v, ok
}

// Put enters v as number id, which is not 0.
func (t *numbered[V]) Put(id CallID, v V) {
	if _, known := t.beside[id]; known {
		t.beside[id] = v
		return
	}
	if len(t.ring) == 0 {
		t.ring = make([]place[V], leastRing)
	}
	p := t.place(id)
	for p.id != id && p.id != 0 && t.n >= len(t.ring)/4 && len(t.ring) < greatestRing {
		t.grow()
		p = t.place(id)
	}
	switch p.id {
	case id:
		p.v = v
		return
	case 0:
		*p = place[V]{id, v}
	default:
		if t.beside == nil {
			t.beside = map[CallID]V{}
		}
		t.beside[id] = v
	}
	t.n++
}

// grow doubles the ring: two that had places of their own still have.
func (t *numbered[V]) grow() {
	old := t.ring
	t.ring = make([]place[V], 2*len(old))
	for _, p := range old {
		if p.id != 0 {
			*t.place(p.id) = p
		}
	}
}

// Delete removes number id, if it is there.
func (t *numbered[V]) Delete(id CallID) {
	if t.n == 0 || id == 0 {
		return
	}
	if p := t.place(id); p.id == id {
		*p = place[V]{}
	} else if _, known := t.beside[id]; known {
		delete(t.beside, id)
	} else {
		return
	}
	if t.n--; t.n == 0 && len(t.ring) > keptRing {
		t.ring = nil
	}
}

// Len returns how many there are.
func (t *numbered[V]) Len() int { return t.n }

// All yields all of them, in no order. Meanwhile none may be added; what it yields may
// be replaced or removed.
func (t *numbered[V]) All() iter.Seq2[CallID, V] {
	return func(yield func(CallID, V) bool) {
		for _, p := range t.ring {
			if p.id != 0 && !yield(p.id, p.v) {
				return
			}
		}
		for id, v := range t.beside {
			if !yield(id, v) {
				return
			}
		}
	}
}

// IDs returns all numbers, in ascending order.
func (t *numbered[V]) IDs() []CallID {
	ids := make([]CallID, 0, t.n)
	for id := range t.All() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
