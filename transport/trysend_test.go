//go:build unix

package transport_test

import (
	"bytes"
	"testing"

	"github.com/netobj/netobj/transport"
)

// TestSmallBodiesInARow: bodies that their senders write themselves, and others
// between them, arrive whole, also at a receiver that is slow.
func TestSmallBodiesInARow(t *testing.T) {
	p := pairOf(t, "tcp://127.0.0.1:0", &transport.Config{Window: 256 << 10})
	release := make(chan struct{})
	p.atAcceptor.hold(release)
	sizes := []int{40 << 10, 200 << 10, 64 << 10, 96 << 10, 50 << 10, 1, 96<<10 - 8, 300 << 10}
	const each = 4 // more than the window
	sent := make(chan error, each*len(sizes))
	for i := range each * len(sizes) {
		go func() {
			sent <- p.dialer.SendBody(t.Context(), uint64(i), bytes.Repeat([]byte{byte(i)}, sizes[i%len(sizes)]))
		}()
	}
	<-p.atAcceptor.begun
	close(release)
	for range cap(sent) {
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
	for range cap(sent) {
		b := <-p.atAcceptor.done
		if want := bytes.Repeat([]byte{byte(b.id)}, sizes[int(b.id)%len(sizes)]); b.err != nil || !bytes.Equal(b.data, want) {
			t.Errorf("body %d: %d bytes of %d, %v", b.id, len(b.data), len(want), b.err)
		}
	}
}
