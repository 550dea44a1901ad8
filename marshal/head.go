package marshal

import (
	"encoding/binary"
	"math"
)

// head is the head of one data item.
type head struct {
	major byte   // one of the major constants
	short byte   // the low five bits: how the argument was written
	arg   uint64 // the argument: a value, length, count or tag number
	size  int    // bytes of the head
}

// readHead reads the head at data[off]. The reason is empty if it is well
// formed.
func readHead(data []byte, off int) (h head, reason string) {
	if off >= len(data) {
		return h, "message ends too early"
	}
	first := data[off]
	h.major, h.short, h.size = first&0xe0, first&0x1f, 1
	if h.short < 24 {
		h.arg = uint64(h.short)
		return h, ""
	}
	rest := data[off+1:]
	switch h.short {
	case 24:
		if len(rest) < 1 {
			return h, "message ends too early"
		}
		h.arg, h.size = uint64(rest[0]), 2
	case 25:
		if len(rest) < 2 {
			return h, "message ends too early"
		}
		h.arg, h.size = uint64(binary.BigEndian.Uint16(rest)), 3
	case 26:
		if len(rest) < 4 {
			return h, "message ends too early"
		}
		h.arg, h.size = uint64(binary.BigEndian.Uint32(rest)), 5
	case 27:
		if len(rest) < 8 {
			return h, "message ends too early"
		}
		h.arg, h.size = binary.BigEndian.Uint64(rest), 9
	case 31:
		return h, "indefinite lengths are not allowed"
	default:
		return h, "reserved head"
	}
	return h, ""
}

// body returns the bytes that follow the head and belong to the item itself:
// those of a string; contained items are not counted.
func (h *head) body() uint64 {
	if h.major == majorBytes || h.major == majorText {
		return h.arg
	}
	return 0
}

// float returns the value of a floating-point item.
func (h *head) float() (float64, bool) {
	if h.major != majorSimple {
		return 0, false
	}
	switch h.short {
	case 25:
		return float16(uint16(h.arg)), true
	case 26:
		return float64(math.Float32frombits(uint32(h.arg))), true
	case 27:
		return math.Float64frombits(h.arg), true
	}
	return 0, false
}

// float16 widens an IEEE 754 half (RFC 8949, appendix D).
func float16(half uint16) float64 {
	exp, mant := int(half>>10)&0x1f, float64(half&0x3ff)
	var v float64
	switch exp {
	case 0:
		v = math.Ldexp(mant, -24)
	case 31:
		v = math.Inf(1)
		if mant != 0 {
			return math.NaN()
		}
	default:
		v = math.Ldexp(mant+1024, exp-25)
	}
	if half&0x8000 != 0 {
		return -v
	}
	return v
}

// name says what an item is, for errors.
func (h *head) name() string {
	switch h.major {
	case majorUint, majorNegInt:
		return "an integer"
	case majorBytes:
		return "a byte string"
	case majorText:
		return "a text string"
	case majorArray:
		return "an array"
	case majorMap:
		return "a map"
	case majorTag:
		return "a tag"
	}
	switch h.short {
	case 20, 21:
		return "a bool"
	case 22, 23:
		return "null"
	case 25, 26, 27:
		return "a float"
	}
	return "a simple value"
}
