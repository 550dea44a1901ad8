package objects_test

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestChunkAndWindow sends large arguments and results between nodes whose settings
// differ, one of them with less than the least.
func TestChunkAndWindow(t *testing.T) {
	for _, config := range []objects.Config{
		{Chunk: 1000, Window: 1},
		{Chunk: 8 << 20, Window: 8 << 20},
		{Chunk: 64 << 10, Window: 300_000, ThroughYamux: true},
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

// TestLargeArgumentsTakeNoNewMemory: the memory of a lent argument, and of what is
// sent, is that of the call before. Between two it may be collected, so that only the
// average says something; new memory for each would be more than two bodies.
func TestLargeArgumentsTakeNoNewMemory(t *testing.T) {
	remote := newPairAt(t, objects.Config{}, "tcp://127.0.0.1:0").published(t, silentBox{})
	body := make([]byte, 1<<20)
	call := func() {
		if _, err := remote.Lent(t.Context(), body, 0); err != nil {
			t.Fatal(err)
		}
	}
	call()
	const calls = 30
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / calls; each > 1<<20 {
		t.Errorf("a call with 1 MiB allocates %d KiB", each>>10)
	}
}
