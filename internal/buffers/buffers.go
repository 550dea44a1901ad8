// Package buffers keeps large buffers for those who need one next. A fresh one of
// 1 MiB costs more than to copy 1 MiB: it is cleared, and later collected.
//
// What nobody has asked for during two collections is let go, so that buffers take
// memory only where large messages come and go.
package buffers

import (
	"math/bits"
	"sync"
)

// Min is the smallest capacity that is worth keeping, in bytes.
const Min = 64 << 10

const (
	steps   = 4  // sizes for each power of two: at most a quarter of a buffer is unused
	minLog  = 16 // log2 of Min
	maxLog  = 26 // 64 MiB; larger ones are not kept
	classes = (maxLog-minLog)*steps + 1
)

var pools [classes]sync.Pool // of *[]byte

// size is the capacity of a class.
func size(class int) int {
	return (steps + class%steps) << (minLog - 2 + class/steps)
}

// classOf returns the class of the largest buffers that have at most n bytes; n is
// at least Min.
func classOf(n int) int {
	log := bits.Len(uint(n)) - 1
	return (log-minLog)*steps + n>>(log-2) - steps
}

// Cap is the capacity of the buffer that Get returns.
func Cap(n int) int {
	if n < Min || n > size(classes-1) {
		return n
	}
	class := classOf(n)
	if size(class) < n {
		class++
	}
	return size(class)
}

// Get returns a buffer of n bytes, with any contents.
func Get(n int) []byte {
	c := Cap(n)
	if c < Min || c > size(classes-1) {
		return make([]byte, n)
	}
	class := classOf(c)
	if b, ok := pools[class].Get().(*[]byte); ok {
		return (*b)[:n]
	}
	return make([]byte, n, c)
}

// Put takes a buffer that nobody uses any more, whoever made it.
func Put(b []byte) {
	if cap(b) < Min || cap(b) > 2*size(classes-1) {
		return
	}
	pools[min(classOf(cap(b)), classes-1)].Put(&b)
}

// Grow returns b with room for n more bytes behind its contents. If it has to be
// moved, the old buffer is put back.
func Grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n || len(b)+n < Min {
		return b
	}
	larger := Get(max(len(b)+n, cap(b)+cap(b)/4))[:len(b)]
	copy(larger, b)
	Put(b)
	return larger
}
