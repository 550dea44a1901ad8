package objects_test

import (
	"bytes"
	"context"
	"math"
	"sync"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestChunkAndWindow sends large arguments and results between nodes whose settings
// differ, some of them with less than the least or more than the most.
func TestChunkAndWindow(t *testing.T) {
	for _, config := range []objects.Config{
		{Chunk: 1000, Window: 1},
		{Chunk: 8 << 20, Window: 8 << 20},
		{Chunk: 64 << 10, Window: 300_000, ThroughYamux: true},
		{Chunk: -1, Window: -1},
		{Chunk: math.MaxInt, Window: math.MaxInt},
		{Chunk: -1, ThroughYamux: true},
	} {
		remote := newPairAt(t, config, "tcp://127.0.0.1:0").published(t, silentBox{})
		var calls sync.WaitGroup
		for i := range 4 {
			calls.Go(func() {
				body := bytes.Repeat([]byte{byte(i), 7}, 1<<20)
				if rest, err := remote.Kept(t.Context(), body, 1); err != nil || !bytes.Equal(rest, body[1:]) {
					t.Errorf("chunk %d, window %d: %d bytes, %v", config.Chunk, config.Window, len(rest), err)
				}
			})
		}
		calls.Wait()
	}
}

// silentBox is a box that keeps nothing.
type silentBox struct{ sample.Box }

func (silentBox) Lent(context.Context, []byte, int) ([]byte, error) { return nil, nil }
func (silentBox) Kept(_ context.Context, body []byte, from int) ([]byte, error) {
	return body[from:], nil
}
