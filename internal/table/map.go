package table

import "iter"

// Map is a Go map that gives memory back: when it has shrunk to a quarter of its
// greatest size it is copied into a new one. A copy of 250,000 entries takes about
// 15 ms; over the life of an entry that is less than putting it in. The zero Map is
// empty and ready.
type Map[K comparable, V any] struct {
	m    map[K]V
	peak int // entries since m was made, at most
}

// smallest is the number of entries for which copying is not worth while.
const smallest = 1024

// Get returns the value under k.
func (t *Map[K, V]) Get(k K) (V, bool) {
	v, ok := t.m[k]
	return v, ok
}

// Put sets the value under k.
func (t *Map[K, V]) Put(k K, v V) {
	if t.m == nil {
		t.m = map[K]V{}
	}
	t.m[k] = v
	t.peak = max(t.peak, len(t.m))
}

// Delete removes what is under k, if anything.
func (t *Map[K, V]) Delete(k K) {
	delete(t.m, k)
	if t.peak > smallest && len(t.m) <= t.peak/4 {
		t.shrink()
	}
}

func (t *Map[K, V]) shrink() {
	m := make(map[K]V, len(t.m))
	for k, v := range t.m {
		m[k] = v
	}
	t.m, t.peak = m, len(m)
}

// Len returns the number of entries.
func (t *Map[K, V]) Len() int { return len(t.m) }

// All yields every entry, in no order. Meanwhile the table must not change.
func (t *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for k, v := range t.m {
			if !yield(k, v) {
				return
			}
		}
	}
}
