package table

import "iter"

// Numbered is a table of things by their numbers, for numbers that count up. They
// stand side by side in pages, so that a thing takes 8 bytes and its share of a
// page's entry, where a Go map takes 19 to 38, and a page goes when its last thing
// does. Numbers far from each other take a page each: 256 bytes, which is what a
// peer that chooses them so can make of one. The zero Numbered is empty and ready.
type Numbered[K ~uint64, T any] struct {
	pages Map[K, *page[T]]
	n     int
}

// pageSize is a compromise: twice as many take 1 byte less a thing where all
// numbers are in use, and twice as much for one that outlived its neighbours.
const pageSize = 32

type page[T any] [pageSize]*T

// Get returns the thing numbered k, nil if there is none.
func (t *Numbered[K, T]) Get(k K) *T {
	p, ok := t.pages.Get(k / pageSize)
	if !ok {
		return nil
	}
	return p[k%pageSize]
}

// Put enters v, which is not nil, as number k.
func (t *Numbered[K, T]) Put(k K, v *T) {
	p, ok := t.pages.Get(k / pageSize)
	if !ok {
		p = new(page[T])
		t.pages.Put(k/pageSize, p)
	}
	if p[k%pageSize] == nil {
		t.n++
	}
	p[k%pageSize] = v
}

// Delete removes the thing numbered k, if there is one.
func (t *Numbered[K, T]) Delete(k K) {
	p, ok := t.pages.Get(k / pageSize)
	if !ok || p[k%pageSize] == nil {
		return
	}
	p[k%pageSize] = nil
	t.n--
	if *p == (page[T]{}) {
		t.pages.Delete(k / pageSize)
	}
}

// Len returns the number of things.
func (t *Numbered[K, T]) Len() int { return t.n }

// All yields every thing with its number, in no order. Meanwhile the table must
// not change.
func (t *Numbered[K, T]) All() iter.Seq2[K, *T] {
	return func(yield func(K, *T) bool) {
		for number, p := range t.pages.All() {
			for i, v := range p {
				if v != nil && !yield(number*pageSize+K(i), v) {
					return
				}
			}
		}
	}
}
