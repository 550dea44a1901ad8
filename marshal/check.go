package marshal

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// maxFrames is the deepest nesting that Check follows, whatever the limits: it goes
// on its own stack.
const maxFrames = 128

// Check makes one pass over the heads of data, which must be one data item, and
// allocates nothing on a canonical one. It verifies that the item is well
// formed, of definite length, within the limits of depth, elements and pairs,
// that no map has a key twice, that text is UTF-8, and that all tags are known.
// Nothing is decoded before it passed.
func Check(data []byte, lim *Limits) error {
	lim = lim.orDefault()
	c := checker{data: data, lim: lim, left: min(lim.MaxDepth, maxFrames)}
	end := c.item(0)
	if c.bad == nil && end != len(data) {
		c.fail(end, &Error{Reason: "bytes follow the message"})
	}
	if c.bad != nil {
		c.bad.Path = pathAt(data, c.bad.Offset)
		return c.bad
	}
	return nil
}

// checker is one pass of Check. Its methods take where something begins and return
// where it ends, anything after a failure.
type checker struct {
	data []byte
	lim  *Limits
	left int    // how much deeper items may nest
	bad  *Error // the first failure
}

// fail notes the first failure, at off, and returns where everything ends then.
func (c *checker) fail(off int, bad *Error) int {
	if c.bad == nil {
		bad.Offset = off
		c.bad = bad
	}
	return len(c.data)
}

// item checks the item at off.
func (c *checker) item(off int) (end int) {
	if off < len(c.data) && c.data[off] < majorBytes && c.data[off]&0x1f < 24 {
		return off + 1 // a small integer
	}
	h, reason := readHead(c.data, off)
	if reason != "" {
		return c.fail(off, &Error{Reason: reason})
	}
	end = off + h.size
	switch h.major {
	case majorBytes, majorText:
		if h.arg > uint64(len(c.data)-end) {
			return c.fail(off, &Error{Reason: "message ends too early"})
		}
		text := c.data[end : end+int(h.arg)]
		if h.major == majorText && !utf8.Valid(text) {
			return c.fail(off, &Error{Reason: "text is not UTF-8"})
		}
		return end + len(text)
	case majorArray, majorMap, majorTag:
		return c.container(off, end, &h)
	case majorSimple:
		if h.short < 20 || h.short == 24 {
			return c.fail(off, &Error{Reason: "unknown simple value"})
		}
	}
	return end
}

// container checks an item that has others in it, and a head of h.
func (c *checker) container(start, off int, h *head) (end int) {
	if bad := c.admits(off, h); bad != nil {
		return c.fail(start, bad)
	}
	if h.arg == 0 && h.major != majorTag {
		return off
	}
	if c.left == 0 {
		most := int64(min(c.lim.MaxDepth, maxFrames))
		return c.fail(start, overLimit("nested too deep", "MaxDepth", most, most+1))
	}
	c.left--
	switch h.major {
	case majorTag:
		off = c.item(off)
	case majorMap:
		off = c.pairs(off, h.arg)
	default:
		for i := uint64(0); i < h.arg && c.bad == nil; i++ {
			off = c.item(off)
		}
	}
	c.left++
	return off
}

// admits checks the head of a container by itself; its contents begin at off.
func (c *checker) admits(off int, h *head) *Error {
	switch {
	case h.major == majorArray && h.arg > uint64(c.lim.MaxElements):
		return overLimit("array is too long", "MaxElements", int64(c.lim.MaxElements), int64(min(h.arg, 1<<62)))
	case h.major == majorMap && h.arg > uint64(c.lim.MaxPairs):
		return overLimit("map is too large", "MaxPairs", int64(c.lim.MaxPairs), int64(min(h.arg, 1<<62)))
	case h.major == majorTag:
		return checkTag(c.data, off, h.arg)
	}
	return nil
}

// pairs checks the n pairs of a map. Canonical maps have their keys sorted, so that a
// look at the previous one is enough; others are looked through when they end.
func (c *checker) pairs(start int, n uint64) (end int) {
	var prev []byte
	sorted := true
	end = start
	for i := uint64(0); i < n && c.bad == nil; i++ {
		begin := end
		end = c.item(begin)
		key := c.data[min(begin, end):end]
		if i > 0 {
			switch order := bytes.Compare(prev, key); {
			case order == 0:
				return c.fail(begin, &Error{Reason: keyTwice})
			case order > 0:
				sorted = false
			}
		}
		prev = key
		end = c.item(end)
	}
	if !sorted && c.bad == nil {
		if at := repeatedKey(c.data[:end], start); at >= 0 {
			return c.fail(at, &Error{Reason: keyTwice})
		}
	}
	return end
}

const keyTwice = "map has a key twice"

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
