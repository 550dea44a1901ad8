package marshal

import (
	"encoding/binary"
	"math"
)

// The major types of CBOR (RFC 8949, section 3.1), shifted to where a head has
// them.
const (
	majorUint   = 0 << 5
	majorNegInt = 1 << 5
	majorBytes  = 2 << 5
	majorText   = 3 << 5
	majorArray  = 4 << 5
	majorMap    = 5 << 5
	majorTag    = 6 << 5
	majorSimple = 7 << 5

	itemFalse     = 0xf4
	itemTrue      = 0xf5
	itemNull      = 0xf6
	itemUndefined = 0xf7
	itemFloat16   = 0xf9
	itemFloat32   = 0xfa
	itemFloat64   = 0xfb
)

// appendHead appends the head of a data item in its shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

// AppendUint appends v.
func AppendUint(b []byte, v uint64) []byte { return appendHead(b, majorUint, v) }

// AppendInt appends v.
func AppendInt(b []byte, v int64) []byte {
	if v >= 0 {
		return appendHead(b, majorUint, uint64(v))
	}
	return appendHead(b, majorNegInt, uint64(^v))
}

// AppendBool appends v.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, itemTrue)
	}
	return append(b, itemFalse)
}

// AppendString appends s as a text string.
func AppendString(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

// AppendBytes appends p as a byte string.
func AppendBytes(b, p []byte) []byte { return append(AppendBytesHead(b, len(p)), p...) }

// AppendBytesHead appends the head of a byte string of n bytes, which the caller
// appends or sends next.
func AppendBytesHead(b []byte, n int) []byte { return appendHead(b, majorBytes, uint64(n)) }

// AppendArray appends the head of an array of n elements.
func AppendArray(b []byte, n int) []byte { return appendHead(b, majorArray, uint64(n)) }

// AppendMap appends the head of a map of n pairs.
func AppendMap(b []byte, n int) []byte { return appendHead(b, majorMap, uint64(n)) }

// AppendNil appends null.
func AppendNil(b []byte) []byte { return append(b, itemNull) }

// AppendFloat64 appends v as fxamacker/cbor does by default: eight bytes, but
// for NaN and the infinities, which have a short form.
func AppendFloat64(b []byte, v float64) []byte {
	if short, ok := appendSpecial(b, v); ok {
		return short
	}
	return binary.BigEndian.AppendUint64(append(b, itemFloat64), math.Float64bits(v))
}

// AppendFloat32 appends v in four bytes, NaN and the infinities in two.
func AppendFloat32(b []byte, v float32) []byte {
	if short, ok := appendSpecial(b, float64(v)); ok {
		return short
	}
	return binary.BigEndian.AppendUint32(append(b, itemFloat32), math.Float32bits(v))
}

func appendSpecial(b []byte, v float64) ([]byte, bool) {
	switch {
	case v != v:
		return append(b, itemFloat16, 0x7e, 0x00), true
	case math.IsInf(v, 1):
		return append(b, itemFloat16, 0x7c, 0x00), true
	case math.IsInf(v, -1):
		return append(b, itemFloat16, 0xfc, 0x00), true
	}
	return b, false
}
