package transport_test

import (
	"runtime"
	"testing"

	"github.com/netobj/netobj/transport"
)

// small is a recorder that has no memory to speak of.
func small() *recorder {
	return &recorder{
		lane:    make(chan []byte, 1),
		served:  make(chan error, 1),
		serving: make(chan transport.Conn, 1),
	}
}

// TestIdleConnectionIsSmall measures what one end of a connection keeps after some
// messages and before the next: yamux's two goroutines and ours, and buffers that
// are not those of a busy connection.
func TestIdleConnectionIsSmall(t *testing.T) {
	const pairs = 50
	var goroutines int
	var held int64
	for i := range pairs + 1 {
		if i == 1 { // what is kept once for all is there
			goroutines, held = runtime.NumGoroutine(), heap()
		}
		p := pairWith(t, "tcp://127.0.0.1:0", nil, small(), small())
		for range 3 {
			p.dialer.Send(t.Context(), []byte("there"), nil)
			<-p.atAcceptor.lane
			p.acceptor.Send(t.Context(), []byte("back"), nil)
			<-p.atDialer.lane
		}
	}
	if n := (heap() - held) / (2 * pairs); n > 48<<10 {
		t.Errorf("one end holds %d KiB, want at most 48", n>>10)
	}
	if n := float64(runtime.NumGoroutine()-goroutines) / (2 * pairs); n > 4.5 { // a flush may be ending
		t.Errorf("one end has %v goroutines, want 4", n)
	}
}
