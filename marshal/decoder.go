package marshal

import (
	"errors"
	"fmt"
	"math"
)

// Decoder reads values from one message. Null reads as the zero value of
// anything. After an error, and past the end of a tuple, every read gives a zero
// value; the first error sticks. A Decoder is not for concurrent use, and the
// values it returns do not refer to the message's bytes, but for View and RawItem,
// and what was given away (see Give).
//
// Whoever did not make the message himself runs [Check] on it first: the
// decoder relies on it for depth, duplicate keys and what it skips.
type Decoder struct {
	data   []byte
	off    int
	left   int  // elements of the tuple still to come
	absent bool // the element asked for is not there: reads give null
	giving bool // Bytes may return part of the message
	given  bool // it has
	slots  []Slot
	lim    *Limits
	budget *Budget
	credit int64 // taken from the budget and not used yet
	taken  int64 // taken from the budget in all
	err    *Error
	room   *errorRoom // of the error tree being read; nil outside
}

// Reset points the decoder at data and its reference table. Limits may be nil,
// and budget too, which means no bound.
func (d *Decoder) Reset(data []byte, slots []Slot, lim *Limits, budget *Budget) {
	*d = Decoder{data: data, slots: slots, lim: lim, budget: budget, credit: freeCredit}
}

// Err returns the first error.
func (d *Decoder) Err() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// Fail makes err the decoder's error, unless it has one.
func (d *Decoder) Fail(err error) { d.failAt(d.off, err) }

func (d *Decoder) failAt(off int, err error) {
	if d.err != nil {
		return
	}
	bad, ok := err.(*Error)
	if !ok {
		bad = &Error{Err: err}
	}
	bad.Offset = off
	bad.Path = pathAt(d.data, off)
	d.err = bad
}

// freeCredit is what a message may take without asking the budget, so that
// small ones touch no shared counter.
const freeCredit = 512

// quantum is the least that is taken from the budget at once.
const quantum = 4096

// charge takes n bytes from the budget before they are allocated.
func (d *Decoder) charge(n int64) bool {
	if d.credit >= n {
		d.credit -= n
		return true
	}
	want := max(n-d.credit, quantum)
	if err := d.budget.Reserve(want); err != nil {
		d.Fail(err)
		return false
	}
	d.taken += want
	d.credit += want - n
	return true
}

// Prepay lets the message take n bytes that the caller holds of the budget.
func (d *Decoder) Prepay(n int64) { d.credit += n }

// part returns a decoder of data, which is part of the message and has no
// references. What it takes from the budget is the message's, and given back with
// it; endPart says when it has done.
func (d *Decoder) part(data []byte) Decoder {
	p := Decoder{data: data, lim: d.lim, budget: d.budget, credit: d.credit, room: d.room}
	d.credit = 0
	return p
}

func (d *Decoder) endPart(p *Decoder) {
	d.credit += p.credit
	d.taken += p.taken
}

// Release gives back what the decoder took from its budget, once the values are
// no longer the message's.
func (d *Decoder) Release() {
	d.budget.Release(d.taken)
	d.taken, d.credit = 0, 0
}

// Tuple reads the head of the message's array; Next then walks it.
func (d *Decoder) Tuple() { d.BeginTuple() }

// Mark remembers the tuple that an inner one stands in.
type Mark struct {
	left   int
	absent bool
}

// BeginTuple reads the head of an inner tuple, which EndTuple must end.
func (d *Decoder) BeginTuple() Mark {
	m := Mark{d.left, d.absent}
	d.left = max(d.Array(), 0)
	return m
}

// EndTuple skips what a newer sender added and goes back to the outer tuple.
func (d *Decoder) EndTuple(m Mark) {
	d.skipRest()
	d.left, d.absent = m.left, m.absent
}

// Next goes to the next element of the tuple and returns d. Where the sender
// gave fewer elements, the next reads as null.
func (d *Decoder) Next() *Decoder {
	d.absent = d.left == 0
	if !d.absent {
		d.left--
	}
	return d
}

// End ends the message: it skips elements that a newer sender added, and returns
// the first error. Bytes after the tuple are one.
func (d *Decoder) End() error {
	d.skipRest()
	if d.err == nil && d.off != len(d.data) {
		d.Fail(errors.New("bytes follow the message"))
	}
	return d.Err()
}

func (d *Decoder) skipRest() {
	d.absent = false
	for ; d.left > 0; d.left-- {
		d.Skip()
	}
}

// Skip passes over one item.
func (d *Decoder) Skip() {
	if !d.absent && d.err == nil {
		d.off = skip(d.data, d.off)
	}
}

// Null reports whether null is next, and consumes it.
func (d *Decoder) Null() bool {
	if d.absent || d.err != nil {
		return true
	}
	if d.off < len(d.data) && (d.data[d.off] == itemNull || d.data[d.off] == itemUndefined) {
		d.off++
		return true
	}
	return false
}

// head reads the next head; ok is false for null and after errors.
func (d *Decoder) head() (h head, ok bool) {
	if d.Null() {
		return h, false
	}
	h, reason := readHead(d.data, d.off)
	if reason != "" {
		d.Fail(errors.New(reason))
		return h, false
	}
	d.off += h.size
	return h, true
}

// mismatch fails at the head just read.
func (d *Decoder) mismatch(h *head, want string) {
	d.failAt(d.off-h.size, fmt.Errorf("found %s, expected %s", h.name(), want))
}

// Bool reads a bool.
func (d *Decoder) Bool() bool {
	h, ok := d.head()
	if ok && (h.major != majorSimple || h.short != 20 && h.short != 21) {
		d.mismatch(&h, "a bool")
		return false
	}
	return ok && h.short == 21
}

// small reads a number below 24, which is one byte, if that is next: most numbers
// of a message's head are such.
func (d *Decoder) small() (v byte, ok bool) {
	if d.off >= len(d.data) || d.data[d.off] >= 24 || d.absent || d.err != nil {
		return 0, false
	}
	v = d.data[d.off]
	d.off++
	return v, true
}

// signed reads an integer that fits bits.
func (d *Decoder) signed(bits uint, want string) int64 {
	if v, ok := d.small(); ok {
		return int64(v)
	}
	h, ok := d.head()
	if !ok {
		return 0
	}
	if h.major > majorNegInt {
		d.mismatch(&h, want)
		return 0
	}
	if h.arg >= 1<<(bits-1) {
		d.failAt(d.off-h.size, fmt.Errorf("number does not fit %s", want))
		return 0
	}
	if h.major == majorNegInt {
		return ^int64(h.arg)
	}
	return int64(h.arg)
}

// unsigned reads a natural number up to max.
func (d *Decoder) unsigned(max uint64, want string) uint64 {
	if v, ok := d.small(); ok {
		return uint64(v)
	}
	h, ok := d.head()
	if !ok {
		return 0
	}
	if h.major > majorNegInt {
		d.mismatch(&h, want)
		return 0
	}
	if h.major == majorNegInt || h.arg > max {
		d.failAt(d.off-h.size, fmt.Errorf("number does not fit %s", want))
		return 0
	}
	return h.arg
}

// Int reads an int.
func (d *Decoder) Int() int { return int(d.signed(64, "int")) }

// Int8 reads an int8.
func (d *Decoder) Int8() int8 { return int8(d.signed(8, "int8")) }

// Int16 reads an int16.
func (d *Decoder) Int16() int16 { return int16(d.signed(16, "int16")) }

// Int32 reads an int32.
func (d *Decoder) Int32() int32 { return int32(d.signed(32, "int32")) }

// Int64 reads an int64.
func (d *Decoder) Int64() int64 { return d.signed(64, "int64") }

// Uint reads a uint.
func (d *Decoder) Uint() uint { return uint(d.unsigned(math.MaxUint, "uint")) }

// Uint8 reads a uint8.
func (d *Decoder) Uint8() uint8 { return uint8(d.unsigned(math.MaxUint8, "uint8")) }

// Uint16 reads a uint16.
func (d *Decoder) Uint16() uint16 { return uint16(d.unsigned(math.MaxUint16, "uint16")) }

// Uint32 reads a uint32.
func (d *Decoder) Uint32() uint32 { return uint32(d.unsigned(math.MaxUint32, "uint32")) }

// Uint64 reads a uint64.
func (d *Decoder) Uint64() uint64 { return d.unsigned(math.MaxUint64, "uint64") }

// Float64 reads a float64; integers are taken too.
func (d *Decoder) Float64() float64 {
	h, ok := d.head()
	if !ok {
		return 0
	}
	switch h.major {
	case majorUint:
		return float64(h.arg)
	case majorNegInt:
		return -1 - float64(h.arg)
	}
	v, ok := h.float()
	if !ok {
		d.mismatch(&h, "a float")
	}
	return v
}

// Float32 reads a float32; integers are taken too.
func (d *Decoder) Float32() float32 {
	start := d.off
	v := d.Float64()
	if math.Abs(v) > math.MaxFloat32 && !math.IsInf(v, 0) {
		d.failAt(start, errors.New("number does not fit float32"))
		return 0
	}
	return float32(v)
}

// IsArray reports whether an array is next.
func (d *Decoder) IsArray() bool {
	return !d.absent && d.err == nil && d.off < len(d.data) && d.data[d.off]&0xe0 == majorArray
}

// Map reads the head of a map and returns its number of pairs, -1 for null.
func (d *Decoder) Map() int { return d.container(majorMap, "a map") }

// Array reads the head of an array and returns its number of elements, -1 for
// null.
func (d *Decoder) Array() int { return d.container(majorArray, "an array") }

func (d *Decoder) container(major byte, want string) int {
	h, ok := d.head()
	if !ok {
		return -1
	}
	if h.major != major {
		d.mismatch(&h, want)
		return -1
	}
	if h.arg > uint64(len(d.data)-d.off) { // every element takes a byte at least
		d.Fail(errors.New("message ends too early"))
		return -1
	}
	return int(h.arg)
}

// Key reads the key of a struct's field: valid until the next read, nil if it is
// not text.
func (d *Decoder) Key() []byte {
	h, reason := readHead(d.data, d.off)
	if d.err != nil || reason != "" || h.major != majorText {
		d.Skip()
		return nil
	}
	d.off += h.size
	return d.chunk(&h)
}

// IntKey reads the key of a keyasint field; math.MinInt64 if it is not a number.
func (d *Decoder) IntKey() int64 {
	h, reason := readHead(d.data, d.off)
	if d.err != nil || reason != "" || h.major > majorNegInt || h.arg > math.MaxInt64 {
		d.Skip()
		return math.MinInt64
	}
	d.off += h.size
	if h.major == majorNegInt {
		return ^int64(h.arg)
	}
	return int64(h.arg)
}

// maxTimeText is longer than any time that somebody would write, in bytes.
const maxTimeText = 64

// Ref reads a reference: the entry of the message's table. ok is false for null
// and for an index that the table does not have, which is an error.
func (d *Decoder) Ref() (slot Slot, ok bool) {
	start := d.off
	h, ok := d.head()
	if !ok {
		return Slot{}, false
	}
	if h.major != majorUint || h.arg >= uint64(len(d.slots)) {
		d.failAt(start, fmt.Errorf("reference to an entry that the message's table of %d does not have", len(d.slots)))
		return Slot{}, false
	}
	return d.slots[h.arg], true
}
