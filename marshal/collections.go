package marshal

import (
	"bytes"
	"slices"
	"unsafe"
)

// MakeSlice reads the head of an array and returns a slice for its elements,
// which the caller reads next. Memory is taken from the budget before it is
// allocated. Null gives nil.
func MakeSlice[T any](d *Decoder) []T {
	n := d.Array()
	if n < 0 {
		return nil
	}
	var elem T
	if !d.charge(int64(n) * int64(unsafe.Sizeof(elem))) {
		return nil
	}
	return make([]T, n)
}

// MakeMap reads the head of a map and returns a map for its pairs, and their
// number. Null gives nil.
func MakeMap[K comparable, V any](d *Decoder) (m map[K]V, n int) {
	n = d.Map()
	if n < 0 {
		return nil, 0
	}
	var pair struct {
		key   K
		value V
	}
	if !d.charge(mapBytes(n, int64(unsafe.Sizeof(pair)))) {
		return nil, 0
	}
	return make(map[K]V, n), n
}

// New returns a new T for the value that comes next, or nil for null.
func New[T any](d *Decoder) *T {
	if d.Null() {
		return nil
	}
	v := new(T)
	if !d.charge(int64(unsafe.Sizeof(*v))) {
		return nil
	}
	return v
}

// EncodeMap writes m with its keys in the bytewise order of their encoded form,
// as RFC 8949 section 4.2.1 has it; a nil map is null.
func EncodeMap[M ~map[K]V, K comparable, V any](e *Encoder, m M, key func(*Encoder, K), value func(*Encoder, V)) {
	if m == nil {
		e.Nil()
		return
	}
	e.Map(len(m))
	if len(m) < 2 {
		for k, v := range m {
			key(e, k)
			value(e, v)
		}
		return
	}
	start := len(e.buf)
	type pair struct{ start, keyEnd, end int }
	pairs := make([]pair, 0, len(m))
	for k, v := range m { // written in any order first, then put in order
		p := pair{start: len(e.buf)}
		key(e, k)
		p.keyEnd = len(e.buf)
		value(e, v)
		p.end = len(e.buf)
		pairs = append(pairs, p)
	}
	written := slices.Clone(e.buf[start:])
	at := func(from, to int) []byte { return written[from-start : to-start] }
	slices.SortFunc(pairs, func(a, b pair) int {
		return bytes.Compare(at(a.start, a.keyEnd), at(b.start, b.keyEnd))
	})
	e.buf = e.buf[:start]
	for _, p := range pairs {
		e.buf = append(e.buf, at(p.start, p.end)...)
	}
}

// EncodeSlice writes s element by element; a nil slice is null.
func EncodeSlice[S ~[]T, T any](e *Encoder, s S, elem func(*Encoder, T)) {
	if s == nil {
		e.Nil()
		return
	}
	e.Array(len(s))
	for _, v := range s {
		elem(e, v)
	}
}
