package marshal

import "math/bits"

// What values take on the heap, in bytes, beyond what is written of them. These
// are upper bounds for 64-bit systems, held against the heap by a test.
const (
	bigIntBytes  = 80  // a big.Int and its least array of words
	zoneBytes    = 192 // the time.Location of an offset
	errorBytes   = 96  // a RemoteError and its place in the one that wraps it
	anyPairBytes = 32  // a text and an interface
	anyItemBytes = 48  // an interface and what it points to
)

// mapBytes is what a map of n pairs takes, whose keys and values take pair bytes
// together: a head, and groups of eight slots, of which an eighth stays free in
// maps of more than one group.
func mapBytes(n int, pair int64) int64 {
	const head, table, group, perSlot = 64, 64, 8, 3
	switch {
	case n == 0:
		return head
	case n <= group:
		return head + group*(pair+perSlot)
	}
	slots := int64(1) << bits.Len64(uint64(n+n/7))
	return head + table + slots*(pair+perSlot)
}
