package transport_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

// TestStreamsOpenInOrder sends the first bodies of a connection all at once. The
// numbers of their streams must grow on the wire, or the peer's guard ends the
// connection; yamux alone does not see to it.
func TestStreamsOpenInOrder(t *testing.T) {
	for range 20 {
		p := pairOf(t, "tcp://127.0.0.1:0", nil)
		var sending sync.WaitGroup
		for id := range uint64(32) {
			sending.Go(func() {
				if err := p.dialer.SendBody(t.Context(), id, []byte("body")); err != nil {
					t.Errorf("SendBody: %v", err)
				}
			})
		}
		sending.Wait()
		if t.Failed() {
			t.Fatalf("the receiver's Serve = %v", <-p.atAcceptor.served)
		}
		for range 32 {
			<-p.atAcceptor.done
		}
		p.dialer.Abort(nil)
		<-p.atAcceptor.served
	}
}

// TestCancelInterruptsAStalledBody has a peer that opens no window. A cancelled
// body's stream must end at once, and not when StallTimeout is over.
func TestCancelInterruptsAStalledBody(t *testing.T) {
	transporttest.Watch(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link, err := transport.Dial(t.Context(), "tcp://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c, err := link.Open(transport.Dialer, &transport.Config{StallTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	go c.Serve(newRecorder())
	defer c.Abort(nil)
	why := errors.New("not needed any more")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	sent := make(chan error, 1)
	go func() { sent <- c.SendBody(ctx, 1, make([]byte, 1<<20)) }()
	awaitFrame(t, peer, func(flags uint16, total int) bool { return total == 256<<10 }) // the window is used up
	cancel(why)
	if err := <-sent; !errors.Is(err, why) {
		t.Errorf("SendBody = %v", err)
	}
	const fin = 4
	awaitFrame(t, peer, func(flags uint16, _ int) bool { return flags&fin != 0 })
}

// awaitFrame reads frames until one of stream 3 is as wanted; total is how many
// bytes of data came for it.
func awaitFrame(t *testing.T, peer net.Conn, wanted func(flags uint16, total int) bool) {
	t.Helper()
	peer.SetReadDeadline(time.Now().Add(10 * time.Second))
	total := 0
	for header := make([]byte, 12); ; {
		if _, err := io.ReadFull(peer, header); err != nil {
			t.Fatalf("after %d bytes of the body: %v", total, err)
		}
		id, length := binary.BigEndian.Uint32(header[4:]), binary.BigEndian.Uint32(header[8:])
		if header[1] == 0 {
			if _, err := io.CopyN(io.Discard, peer, int64(length)); err != nil {
				t.Fatal(err)
			}
			total += int(length)
		}
		if id == 3 && wanted(binary.BigEndian.Uint16(header[2:]), total) {
			return
		}
	}
}
