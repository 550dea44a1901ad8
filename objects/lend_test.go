package objects_test

import (
	"bytes"
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// box implements sample.Box.
type box struct {
	kept   [][]byte // what the methods were given, also what was only lent
	counts []int64  // what Count has noted, on one reader
	filled atomic.Int64
	hook   func(ctx context.Context, kind string) error
}

func (b *box) Count(_ context.Context, n int64) error {
	b.counts = append(b.counts, n)
	return nil
}

func (b *box) Hook(ctx context.Context, kind string) error { return b.hook(ctx, kind) }

func (b *box) Fill(_ context.Context, body []byte, n int) ([]byte, error) {
	b.filled.Add(1)
	return bytes.Repeat(body[:1], n), nil
}

func (b *box) Lent(_ context.Context, body []byte, from int) ([]byte, error) {
	b.kept = append(b.kept, body)
	return body[from:], nil
}

func (b *box) Kept(ctx context.Context, body []byte, from int) ([]byte, error) {
	return b.Lent(ctx, body, from)
}

// published returns the box as a peer of p's server sees it.
func (p *pair) published(t *testing.T, b sample.Box) sample.Box {
	t.Helper()
	if err := objects.Publish(p.server, "box", b); err != nil {
		t.Fatal(err)
	}
	remote, err := objects.Open[sample.Box](t.Context(), p.client, p.server.Addrs()[0], "box")
	if err != nil {
		t.Fatal(err)
	}
	return remote
}

// sizes are those of a body that travels on the lane, and of ones that travel by
// themselves, below and above what buffers are kept.
var sizes = []int{100, 40 << 10, 1 << 20}

// TestLentMemoryIsPoisoned: a method that keeps what it was lent finds it
// overwritten after the call; what it was given is its own. Its result, part of
// the same memory, is whole.
func TestLentMemoryIsPoisoned(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		b := &box{}
		remote := p.published(t, b)
		for i, size := range sizes {
			body := bytes.Repeat([]byte{byte(i + 1)}, size)
			for name, method := range map[string]func(context.Context, []byte, int) ([]byte, error){
				"lent": remote.Lent, "kept": remote.Kept,
			} {
				b.kept = nil
				rest, err := method(t.Context(), body, 10)
				if err != nil || !bytes.Equal(rest, body[10:]) {
					t.Fatalf("%s: %d bytes, %v", name, len(rest), err)
				}
				others(t, remote)
				p.idle()
				whole := bytes.Equal(b.kept[0], body)
				poisoned := bytes.Equal(b.kept[0], bytes.Repeat([]byte{0xff}, size))
				if name == "lent" && !poisoned || name == "kept" && !whole {
					t.Errorf("%s: of %d bytes the method has %.8x", name, size, b.kept[0])
				}
			}
		}
	})
}

// others makes calls that take over what buffers the ones before have left.
func others(t *testing.T, remote sample.Box) {
	t.Helper()
	for range 3 {
		if got, err := remote.Lent(t.Context(), make([]byte, 20_000), 0); err != nil || got[0] != 0 {
			t.Fatalf("%.8x, %v", got, err)
		}
	}
}

// idle returns when the server is done with all calls, those too that it has just
// answered.
func (p *pair) idle() {
	for p.server.Stats().Incoming > 0 {
		runtime.Gosched()
	}
}

// TestResultsBelongToTheCaller: what the caller writes into a result stays there,
// whatever calls follow; a large one is not copied.
func TestResultsBelongToTheCaller(t *testing.T) {
	onEveryTransport(t, func(t *testing.T, p *pair) {
		remote := p.published(t, &box{})
		for _, size := range sizes {
			first, err := remote.Lent(t.Context(), make([]byte, size), 0)
			if err != nil {
				t.Fatal(err)
			}
			for i := range first {
				first[i] = 7
			}
			others(t, remote)
			if !bytes.Equal(first, bytes.Repeat([]byte{7}, size)) {
				t.Errorf("a result of %d bytes became %.8x", size, first)
			}
		}
	})
}
