package marshal

import (
	"errors"

	"github.com/netobj/netobj/internal/buffers"
)

// Slot is one entry of a message's reference table: an object, and the name of
// the interface that it is passed as. The payload refers to it by index.
type Slot struct {
	Object any
	Iface  string
}

// Encoder appends values to one buffer. Its zero value is ready to use. The
// first error sticks; what is written afterwards does not matter. An Encoder is
// not for concurrent use.
type Encoder struct {
	buf   []byte
	slots []Slot
	lim   *Limits
	err   *Error
	loose bool       // holds items whose limits were not checked as they were written
	room  *errorRoom // of the error tree being written; nil outside
	boxes int        // arrays and maps written: nothing lies deeper than in all of them
}

// keepBytes is the largest buffer that Reset keeps.
const keepBytes = 64 << 10

// headMax is the size of the longest head of an item, in bytes.
const headMax = 9

// Reset empties the encoder and sets the limits that its peer has told; nil
// means [DefaultLimits]. The buffer is kept, unless it is large: then it goes to
// whoever needs such a one next.
func (e *Encoder) Reset(lim *Limits) {
	if cap(e.buf) > keepBytes {
		buffers.Put(e.buf)
		e.buf = nil
	}
	clear(e.slots)
	*e = Encoder{buf: e.buf[:0], slots: e.slots[:0], lim: lim}
}

// Abandon leaves the buffer to whoever still reads it; the encoder gets another.
func (e *Encoder) Abandon() { e.buf = nil }

// Take returns what was written, whose memory is now the caller's. Buf takes its place:
// nothing counts as written, and Reset comes next.
func (e *Encoder) Take(buf []byte) []byte {
	data := e.buf
	e.buf = buf[:0]
	return data
}

// Data returns what was written, valid until the next Reset.
func (e *Encoder) Data() []byte { return e.buf }

// Slots returns the reference table, valid until the next Reset.
func (e *Encoder) Slots() []Slot { return e.slots }

// Err returns the first error, an [*Error] with its place. What could break a
// limit that is not checked as values are written is looked at here.
func (e *Encoder) Err() error {
	if e.err == nil && (e.loose || e.boxes >= e.lim.orDefault().MaxDepth) {
		e.loose, e.boxes = false, 0
		if err := Check(e.buf, e.lim); err != nil {
			e.err = err.(*Error)
		}
	}
	if e.err == nil {
		return nil
	}
	return e.err
}

// Fail makes err the encoder's error, unless it has one.
func (e *Encoder) Fail(err error) {
	if e.err != nil || err == nil {
		return
	}
	bad, ok := errors.AsType[*Error](err)
	if !ok || bad.Path != "" {
		bad = &Error{Err: err}
	}
	bad.Offset = len(e.buf)
	bad.Path = pathAt(append(e.buf, itemNull), len(e.buf))
	e.err = bad
}

// Nil writes null.
func (e *Encoder) Nil() { e.buf = append(e.buf, itemNull) }

// Bool writes v.
func (e *Encoder) Bool(v bool) { e.buf = AppendBool(e.buf, v) }

// Int writes v.
func (e *Encoder) Int(v int64) { e.buf = AppendInt(e.buf, v) }

// Uint writes v.
func (e *Encoder) Uint(v uint64) { e.buf = appendHead(e.buf, majorUint, v) }

// Float32 writes v.
func (e *Encoder) Float32(v float32) { e.buf = AppendFloat32(e.buf, v) }

// Float64 writes v.
func (e *Encoder) Float64(v float64) { e.buf = AppendFloat64(e.buf, v) }

// String writes v as text.
func (e *Encoder) String(v string) { e.buf = AppendString(e.buf, v) }

// Bytes writes v as a byte string, a nil slice as null.
func (e *Encoder) Bytes(v []byte) {
	if v == nil {
		e.Nil()
		return
	}
	e.buf = AppendBytes(buffers.Grow(e.buf, headMax+len(v)), v)
}

// Array writes the head of an array, or of a tuple, of n elements.
func (e *Encoder) Array(n int) {
	if max := e.lim.orDefault().MaxElements; n > max {
		e.Fail(overLimit("array is too long", "MaxElements", int64(max), int64(n)))
	}
	e.boxes++
	e.buf = AppendArray(e.buf, n)
}

// Map writes the head of a map of n pairs.
func (e *Encoder) Map(n int) {
	if max := e.lim.orDefault().MaxPairs; n > max {
		e.Fail(overLimit("map is too large", "MaxPairs", int64(max), int64(n)))
	}
	e.boxes++
	e.buf = AppendMap(e.buf, n)
}

// Key writes the key of a struct field.
func (e *Encoder) Key(name string) { e.buf = AppendString(e.buf, name) }

// IntKey writes the key of a keyasint field.
func (e *Encoder) IntKey(k int64) { e.buf = AppendInt(e.buf, k) }

// Raw writes one data item that the caller has already encoded.
func (e *Encoder) Raw(item []byte) {
	e.loose = true
	e.buf = append(e.buf, item...)
}

// Ref enters object into the reference table and writes its index; a nil object
// is null.
func (e *Encoder) Ref(object any, iface string) {
	if object == nil {
		e.Nil()
		return
	}
	if max := e.lim.orDefault().MaxRefs; len(e.slots) >= max {
		e.Fail(overLimit("too many references", "MaxRefs", int64(max), int64(len(e.slots)+1)))
		return
	}
	e.Uint(uint64(len(e.slots)))
	e.slots = append(e.slots, Slot{object, iface})
}

// Copy writes what another encoder holds, if it is one item, under the limits of this
// one, with its references. This one must be empty.
func (e *Encoder) Copy(from *Encoder) {
	if from.Err() != nil {
		e.err = from.err
		return
	}
	if max := e.lim.orDefault().MaxRefs; len(from.slots) > max {
		e.Fail(overLimit("too many references", "MaxRefs", int64(max), int64(len(from.slots))))
	}
	e.slots = append(e.slots, from.slots...)
	e.Raw(from.buf)
}
