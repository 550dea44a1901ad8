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
	peer, c, _ := stalled(t)
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

// stalled is a Conn that is served, whose peer opens no window.
func stalled(t *testing.T) (peer net.Conn, c transport.Conn, r *recorder) {
	t.Helper()
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
	peer, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	c, err = link.Open(transport.Dialer, &transport.Config{StallTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return peer, c, served(t, c)
}

// TestBodiesGivenUpAreBounded gives up more bodies than can wait to be told of.
func TestBodiesGivenUpAreBounded(t *testing.T) {
	_, c, r := stalled(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var err error
	for id := uint64(0); id < 1<<17 && (err == nil || errors.Is(err, context.Canceled)); id++ {
		err = c.SendBody(ctx, id, make([]byte, 1000))
	}
	if !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("SendBody = %v", err)
	}
	if err := <-r.served; !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("Serve = %v", err)
	}
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

// TestFewStreams has a receiver that lets fewer streams be open than a sender
// would use, and that is slow, so that streams are given up and opened anew.
func TestFewStreams(t *testing.T) {
	a := acceptOne(t, "tcp://127.0.0.1:0", &transport.Config{MaxStreams: 2})
	link, err := transport.Dial(t.Context(), a.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	near, err := link.Open(transport.Dialer, &transport.Config{PeerStreams: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer near.Abort(nil)
	go near.Serve(newRecorder())
	far := <-a.conn
	if far == nil {
		t.Fatal(a.err)
	}
	defer far.Abort(nil)
	r := newRecorder()
	hold := make(chan struct{})
	r.hold(hold)
	go r.serve(far)
	const bodies = 50
	ctx, cancel := context.WithCancel(t.Context())
	var sending sync.WaitGroup
	for id := range uint64(bodies) {
		sending.Go(func() { near.SendBody(ctx, id, make([]byte, 2<<20)) }) // more than a window
	}
	<-r.begun
	cancel()
	close(hold)
	sending.Wait()
	for range bodies {
		select {
		case <-r.done:
		case err := <-r.served:
			t.Fatalf("Serve = %v", err)
		}
	}
	if err := near.SendBody(t.Context(), bodies, []byte("after")); err != nil {
		t.Error(err)
	}
}
