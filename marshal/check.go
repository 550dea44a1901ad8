package marshal

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// frame is one open array, map or tag during Check.
type frame struct {
	left     uint64 // items still to come; a map's keys and values both count
	isMap    bool
	unsorted bool // the keys of a map are not in canonical order
	start    int  // of a map's first key
	prev     int  // start of a map's previous key, -1 before the second
	prevN    int  // its length
}

// maxFrames is the deepest nesting that Check can follow, whatever the limits.
const maxFrames = 128

// Check makes one pass over the heads of data, which must be one data item, and
// allocates nothing on a canonical one. It verifies that the item is well
// formed, of definite length, within the limits of depth, elements and pairs,
// that no map has a key twice, that text is UTF-8, and that all tags are known.
// Nothing is decoded before it passed.
func Check(data []byte, lim *Limits) error {
	lim = lim.orDefault()
	end, bad := checkItem(data, 0, lim, min(lim.MaxDepth, maxFrames))
	if bad == nil && end != len(data) {
		bad = &Error{Reason: "bytes follow the message", Offset: end}
	}
	if bad != nil {
		bad.Path = pathAt(data, bad.Offset)
		return bad
	}
	return nil
}

// checkItem checks the item at data[off] and returns where it ends.
func checkItem(data []byte, off int, lim *Limits, maxDepth int) (end int, bad *Error) {
	var small [8]frame // what most messages need, so that they allocate nothing
	stack := small[:0]
	for {
		start := off
		h, reason := readHead(data, off)
		if reason != "" {
			return off, &Error{Reason: reason, Offset: off}
		}
		off += h.size
		n := h.body()
		if n > uint64(len(data)-off) {
			return off, &Error{Reason: "message ends too early", Offset: start}
		}
		off += int(n)
		children, bad := checkHead(data, start, off, &h, lim)
		if bad == nil && children > 0 && len(stack) == maxDepth {
			bad = overLimit("nested too deep", "MaxDepth", int64(maxDepth), int64(maxDepth+1))
		}
		if bad != nil {
			bad.Offset = start
			return off, bad
		}
		if children > 0 {
			stack = append(stack, frame{left: children, isMap: h.major == majorMap, start: off, prev: -1})
			continue
		}
		if stack, bad = completed(data, off, stack); bad != nil || len(stack) == 0 {
			return off, bad
		}
	}
}

// completed takes note that an item ends at off, and with it perhaps some of
// those that enclose it. It returns what is still open.
func completed(data []byte, off int, open []frame) ([]frame, *Error) {
	for len(open) > 0 {
		f := &open[len(open)-1]
		if f.isMap && f.left%2 == 0 {
			if bad := f.key(data, off); bad != nil {
				return open, bad
			}
		}
		f.left--
		if f.left > 0 {
			break
		}
		if f.unsorted {
			if at := repeatedKey(data[:off], f.start); at >= 0 {
				return open, keyTwice(at)
			}
		}
		open = open[:len(open)-1]
	}
	return open, nil
}

func keyTwice(offset int) *Error { return &Error{Reason: "map has a key twice", Offset: offset} }

// checkHead checks one head by itself and returns how many items it contains.
func checkHead(data []byte, start, end int, h *head, lim *Limits) (children uint64, bad *Error) {
	switch h.major {
	case majorText:
		if !utf8.Valid(data[start+h.size : end]) {
			return 0, &Error{Reason: "text is not UTF-8"}
		}
	case majorArray:
		if h.arg > uint64(lim.MaxElements) {
			return 0, overLimit("array is too long", "MaxElements", int64(lim.MaxElements), int64(min(h.arg, 1<<62)))
		}
		return h.arg, nil
	case majorMap:
		if h.arg > uint64(lim.MaxPairs) {
			return 0, overLimit("map is too large", "MaxPairs", int64(lim.MaxPairs), int64(min(h.arg, 1<<62)))
		}
		return 2 * h.arg, nil
	case majorTag:
		return 1, checkTag(data, end, h.arg)
	case majorSimple:
		if h.short < 20 || h.short == 24 {
			return 0, &Error{Reason: "unknown simple value"}
		}
	}
	return 0, nil
}

// The tags that have a meaning here (RFC 8949, section 3.4).
const (
	tagTime      = 0
	tagPosBignum = 2
	tagNegBignum = 3
)

func checkTag(data []byte, off int, tag uint64) *Error {
	want := byte(majorBytes)
	switch tag {
	case tagTime:
		want = majorText
	case tagPosBignum, tagNegBignum:
	default:
		return &Error{Reason: "unknown tag"}
	}
	if h, reason := readHead(data, off); reason != "" || h.major != want {
		return &Error{Reason: "tag on the wrong kind of item"}
	}
	return nil
}

// key is told that a key of the map ends at off. Canonical maps have their keys
// sorted, so that a look at the previous one is enough; others are looked through
// when they end.
func (f *frame) key(data []byte, off int) *Error {
	start := f.start
	if f.prev >= 0 {
		start = skip(data, f.prev+f.prevN) // behind the value
		switch c := bytes.Compare(data[f.prev:f.prev+f.prevN], data[start:off]); {
		case c == 0:
			return keyTwice(start)
		case c > 0:
			f.unsorted = true
		}
	}
	f.prev, f.prevN = start, off-start
	return nil
}

// repeatedKey returns where a key stands for the second time in the map whose
// pairs are data[start:], -1 if there is none. What it
// allocates, 16 bytes a pair, is garbage when it returns, however many maps enclose
// this one.
func repeatedKey(data []byte, start int) int {
	type span struct{ start, end int }
	var keys []span
	for off := start; off < len(data); {
		end := skip(data, off)
		keys = append(keys, span{off, end})
		off = skip(data, end)
	}
	text := func(k span) []byte { return data[k.start:k.end] }
	slices.SortStableFunc(keys, func(a, b span) int { return bytes.Compare(text(a), text(b)) })
	for i := 1; i < len(keys); i++ {
		if bytes.Equal(text(keys[i-1]), text(keys[i])) {
			return keys[i].start
		}
	}
	return -1
}

// skip returns the end of the item at data[off], which has been checked; on
// others it stops at the end of data.
func skip(data []byte, off int) int {
	for todo := uint64(1); todo > 0; todo-- {
		h, reason := readHead(data, off)
		if reason != "" || h.body() > uint64(len(data)-off-h.size) {
			return len(data)
		}
		off += h.size + int(h.body())
		switch h.major {
		case majorArray:
			todo += min(h.arg, uint64(len(data)))
		case majorMap:
			todo += 2 * min(h.arg, uint64(len(data)))
		case majorTag:
			todo++
		}
	}
	return off
}

// LargestElement returns the index and the size in bytes of the largest element
// of tuple, an encoded array; -1 if it has none.
func LargestElement(tuple []byte) (index, size int) {
	index = -1
	h, reason := readHead(tuple, 0)
	if reason != "" || h.major != majorArray {
		return index, 0
	}
	off := h.size
	for i := 0; uint64(i) < h.arg && off < len(tuple); i++ {
		end := skip(tuple, off)
		if end-off > size {
			index, size = i, end-off
		}
		off = end
	}
	return index, size
}
