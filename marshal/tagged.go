package marshal

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// This file has the values that travel under a tag: times and large integers.

// Time writes v as RFC 3339 text with nanoseconds and zone offset under tag 0,
// the zero time as null. RFC 3339 has offsets of whole minutes; a time in a zone
// with seconds is written in UTC.
func (e *Encoder) Time(v time.Time) {
	if v.IsZero() {
		e.Nil()
		return
	}
	if _, offset := v.Zone(); offset%60 != 0 {
		v = v.UTC()
	}
	if y := v.Year(); y < 0 || y > 9999 {
		e.Fail(fmt.Errorf("time in the year %d cannot be written in RFC 3339", y))
		return
	}
	var text [len("2006-01-02T15:04:05.999999999-07:00")]byte
	e.buf = append(e.buf, majorTag|tagTime)
	formatted := v.AppendFormat(text[:0], time.RFC3339Nano)
	e.buf = append(appendHead(e.buf, majorText, uint64(len(formatted))), formatted...)
}

// BigInt writes v in its shortest form, nil as null.
func (e *Encoder) BigInt(v *big.Int) {
	switch {
	case v == nil:
		e.Nil()
	case v.IsUint64():
		e.Uint(v.Uint64())
	case v.Sign() < 0 && v.BitLen() <= 64:
		n := new(big.Int).Not(v) // -1-v
		if n.IsUint64() {
			e.buf = appendHead(e.buf, majorNegInt, n.Uint64())
			return
		}
		e.bignum(v)
	default:
		e.bignum(v)
	}
}

func (e *Encoder) bignum(v *big.Int) {
	tag, magnitude := byte(tagPosBignum), v
	if v.Sign() < 0 {
		tag, magnitude = tagNegBignum, new(big.Int).Not(v)
	}
	e.buf = append(e.buf, majorTag|tag)
	e.Bytes(magnitude.Bytes())
}

// Time reads a time, with its nanoseconds and zone offset.
func (d *Decoder) Time() time.Time {
	start := d.off
	h, ok := d.head()
	if ok && h.major == majorTag && h.arg == tagTime {
		h, ok = d.head()
	}
	if !ok {
		return time.Time{}
	}
	if h.major != majorText {
		d.mismatch(&h, "a time")
		return time.Time{}
	}
	if h.arg > maxTimeText {
		d.failAt(start, errors.New("text is too long for a time"))
		return time.Time{}
	}
	text := d.chunk(&h)
	if !bytes.HasSuffix(text, []byte("Z")) && !d.charge(zoneBytes) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		d.failAt(start, err)
	}
	return t
}

// BigInt reads an integer of any size; null is nil.
func (d *Decoder) BigInt() *big.Int {
	h, ok := d.head()
	if !ok {
		return nil
	}
	if !d.charge(bigIntBytes) {
		return nil
	}
	switch {
	case h.major == majorUint:
		return new(big.Int).SetUint64(h.arg)
	case h.major == majorNegInt:
		n := new(big.Int).SetUint64(h.arg)
		return n.Not(n)
	case h.major == majorTag && (h.arg == tagPosBignum || h.arg == tagNegBignum):
		n := new(big.Int).SetBytes(d.Bytes())
		if h.arg == tagNegBignum {
			n.Not(n)
		}
		return n
	}
	d.mismatch(&h, "an integer")
	return nil
}
