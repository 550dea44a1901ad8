package proxy

import (
	"math/big"
	"slices"

	"github.com/netobj/netobj/marshal"
)

// Copier copies the values of a direct call in one direction, so that neither
// side sees what the other does to them afterwards: the Copy functions of this
// package make of each value what would arrive if it travelled. Scalars, text,
// times and errors need no copy.
//
// A copy that cannot be made ends the call: it panics with a [*CopyError], which
// [Direct.End] recovers.
type Copier struct {
	runner  DirectRunner
	limits  *marshal.Limits // of what has to be encoded
	results bool            // back to the caller
	index   int             // of the argument or result
}

// CopyError is why an argument or a result cannot be passed on.
type CopyError struct {
	Results bool // it is a result: the method has run
	Index   int  // of the argument or result, from 0
	Err     error
}

// Error returns the text of what went wrong.
func (e *CopyError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *CopyError) Unwrap() error { return e.Err }

func (c *Copier) check(err error) {
	if err != nil {
		panic(&CopyError{c.results, c.index, err})
	}
}

// carry takes references to the other side.
func (c *Copier) carry(slots []marshal.Slot) []marshal.Slot {
	if len(slots) == 0 {
		return nil
	}
	there, err := c.runner.Carry(slots, c.results)
	c.check(err)
	return there
}

func (c *Copier) carryOne(slot marshal.Slot) marshal.Slot { return c.carry([]marshal.Slot{slot})[0] }

// code copies a value by encoding and decoding it.
func (c *Copier) code(write func(*marshal.Encoder), read func(*marshal.Decoder)) {
	var e marshal.Encoder
	e.Reset(c.limits)
	write(&e)
	c.check(e.Err())
	var d marshal.Decoder
	d.Reset(e.Data(), c.carry(e.Slots()), c.limits, nil)
	read(&d)
	c.check(d.End())
}

// CopySlice copies s and, by elem, its elements; a nil elem leaves them as they
// are.
func CopySlice[S ~[]E, E any](c *Copier, s S, elem func(*Copier, E) E) S {
	s = slices.Clone(s)
	if elem != nil {
		for i, v := range s {
			s[i] = elem(c, v)
		}
	}
	return s
}

// CopyMap copies m with its keys and values; a nil function leaves these as they
// are.
func CopyMap[M ~map[K]V, K comparable, V any](c *Copier, m M, key func(*Copier, K) K, value func(*Copier, V) V) M {
	if m == nil {
		return nil
	}
	to := make(M, len(m))
	for k, v := range m {
		if key != nil {
			k = key(c, k)
		}
		if value != nil {
			v = value(c, v)
		}
		to[k] = v
	}
	return to
}

// CopyPointer copies what p points to, by elem if that is not nil.
func CopyPointer[T any](c *Copier, p *T, elem func(*Copier, T) T) *T {
	if p == nil {
		return nil
	}
	v := *p
	if elem != nil {
		v = elem(c, v)
	}
	return &v
}

// CopyBigInt copies v.
func CopyBigInt(_ *Copier, v big.Int) big.Int { return *new(big.Int).Set(&v) }

// CopyAny copies v, a value of any kind, into what it would be on arrival: an int
// becomes an int64, a []string an []any.
func CopyAny[T any](c *Copier, v T) (to T) {
	switch any(v).(type) {
	case nil, bool, int64, float64, string:
		return v
	}
	c.code(
		func(e *marshal.Encoder) { e.Any(v) },
		func(d *marshal.Decoder) { to, _ = d.Any().(T) })
	return to
}

// CopyValue copies v by its own marshalers.
func CopyValue[T any](c *Copier, v T) (to T) {
	c.code(
		func(e *marshal.Encoder) { e.Value(&v) },
		func(d *marshal.Decoder) { d.Value(&to) })
	return to
}

// CopyRef passes v, a value of exported interface T, by reference: what the other
// side gets is its proxy of the object, or the Go value if the object is its own.
func CopyRef[T any](c *Copier, v T) T {
	slot, err := slotOf(v)
	c.check(err)
	var there T
	if slot.Object != nil {
		there, err = valueOf[T](c.carryOne(slot))
		c.check(err)
	}
	return there
}

// CopyHandle passes the object of r by reference, whatever its interface.
func CopyHandle(c *Copier, r *Ref) *Ref {
	if r == nil {
		return nil
	}
	slot, err := r.slot()
	c.check(err)
	if slot.Object == nil {
		return nil
	}
	return handleOf(c.carryOne(slot))
}
