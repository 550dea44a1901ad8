package transport

import (
	"math"
	"testing"
)

// TestChunkIsWithinBounds: a chunk that no frame can have, or none at all, would
// never send a body.
func TestChunkIsWithinBounds(t *testing.T) {
	for asked, want := range map[int]int{
		0:             256 << 10,
		-1:            1 << 10,
		math.MinInt:   1 << 10,
		1:             1 << 10,
		1 << 10:       1 << 10,
		5000:          5000,
		math.MaxInt32: math.MaxInt32,
		math.MaxInt:   math.MaxInt32,
	} {
		if got := (&Config{Chunk: asked}).defaults().Chunk; got != want {
			t.Errorf("Chunk %d is taken for %d, want %d", asked, got, want)
		}
	}
}
