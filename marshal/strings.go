package marshal

import (
	"errors"
	"unicode/utf8"
)

// How the decoder reads text and bytes: into memory of their own, or as part of the
// message.

// Give lets values keep the message's memory: a byte string that is at least half
// of it is not copied. Given tells whether one was; the memory is then its owner's.
func (d *Decoder) Give() { d.giving = true }

// Given reports whether a value has the message's memory.
func (d *Decoder) Given() bool { return d.given }

// chunk returns the bytes of the string whose head was just read.
func (d *Decoder) chunk(h *head) []byte {
	if h.arg > uint64(len(d.data)-d.off) {
		d.Fail(errors.New("message ends too early"))
		return nil
	}
	end := d.off + int(h.arg)
	p := d.data[d.off:end:end]
	d.off = end
	return p
}

// stringOf returns the bytes of the next item, a string of the kind given, where they
// lie in the message; nil for null and after errors.
func (d *Decoder) stringOf(major byte, want string) []byte {
	h, ok := d.head()
	if !ok {
		return nil
	}
	if h.major != major {
		d.mismatch(&h, want)
		return nil
	}
	return d.chunk(&h)
}

// Text reads text without copying it: the slice is part of the message.
func (d *Decoder) Text() []byte {
	p := d.stringOf(majorText, "a text string")
	if !utf8.Valid(p) {
		d.Fail(errors.New("text is not UTF-8"))
		return nil
	}
	return p
}

// String reads text.
func (d *Decoder) String() string {
	p := d.Text()
	if !d.charge(int64(len(p))) {
		return ""
	}
	return string(p)
}

// Bytes reads a byte string into a slice of its own, or one that was given to it;
// null is nil.
func (d *Decoder) Bytes() []byte {
	p := d.stringOf(majorBytes, "a byte string")
	switch {
	case p == nil:
		return nil
	case d.giving && len(p) >= len(d.data)/2:
		d.given = true
		return p
	case !d.charge(int64(len(p))):
		return nil
	}
	return append(make([]byte, 0, len(p)), p...)
}

// View reads a byte string without copying it: the slice is part of the message,
// and has no room to grow into the rest of it. Null is nil.
func (d *Decoder) View() []byte {
	return d.stringOf(majorBytes, "a byte string")
}

// RawItem returns the bytes of the next item, part of the message; null is nil.
func (d *Decoder) RawItem() []byte {
	if d.Null() {
		return nil
	}
	start := d.off
	d.Skip()
	return d.data[start:d.off]
}

// BytesInto reads a byte string into p, an array in Go: what it has too much is
// dropped, what it lacks becomes zero.
func (d *Decoder) BytesInto(p []byte) {
	clear(p)
	copy(p, d.stringOf(majorBytes, "a byte string"))
}
