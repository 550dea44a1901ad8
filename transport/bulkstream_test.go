package transport_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

// TestGrantsOfABulkStream has a raw peer send most of a window, of a body that is
// being received: it gets half of the window again.
func TestGrantsOfABulkStream(t *testing.T) {
	const window = 256 << 10
	conn, _ := raw(t, &transport.Config{Window: window})
	conn.Write(append(open(3), data(3, 0, binary.AppendUvarint([]byte{9}, 1<<20))...))
	for range window / 2 / (16 << 10) {
		conn.Write(data(3, 0, make([]byte, 16<<10)))
	}
	if n := grantOf(t, conn, 3); n < window/2 || n > window/2+10 {
		t.Errorf("%d bytes were granted", n)
	}
}

// grantOf reads frames until one grants something on stream id without an
// acknowledgement.
func grantOf(t *testing.T, conn net.Conn, id uint32) uint32 {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	for header := make([]byte, 12); ; {
		if _, err := io.ReadFull(conn, header); err != nil {
			t.Fatal(err)
		}
		if header[1] == 1 && header[3] == 0 && binary.BigEndian.Uint32(header[4:]) == id {
			return binary.BigEndian.Uint32(header[8:])
		}
	}
}

// TestBulkBeyondTheWindow has a peer that sends more than it was granted.
func TestBulkBeyondTheWindow(t *testing.T) {
	for way, config := range ways {
		t.Run(way, func(t *testing.T) {
			conn, r := raw(t, config)
			hold := make(chan struct{})
			defer close(hold)
			r.hold(hold)
			conn.Write(append(open(3), data(3, 0, binary.AppendUvarint([]byte{9}, 4<<20))...))
			<-r.begun
			for range 512/64 + 1 {
				conn.Write(data(3, 0, make([]byte, 64<<10)))
			}
			wantViolation(t, r, "more than the window of 524288 bytes on stream 3")
		})
	}
}

// TestStallWithinAFrame has a peer that sends a part of a frame and stops: the body is
// given up, and nobody gets its memory although the reader may still write there.
// When the rest comes the connection goes on.
func TestStallWithinAFrame(t *testing.T) {
	conn, r := raw(t, &transport.Config{StallTimeout: 100 * time.Millisecond})
	frame := data(3, 0, make([]byte, 200<<10))
	conn.Write(append(open(3), data(3, 0, binary.AppendUvarint([]byte{9}, 1<<20))...))
	conn.Write(frame[:100<<10])
	if b := <-r.done; !errors.Is(b.err, transport.ErrTimeout) || !errors.Is(b.err, transport.ErrBodyLost) {
		t.Errorf("body %d: %v", b.id, b.err)
	}
	conn.Write(append(frame[100<<10:], data(1, 0, laneMessage("alive"))...))
	if got := <-r.lane; string(got) != "alive" {
		t.Errorf("lane brought %q", got)
	}
}

// TestManyBodiesWithPlainYamux sends much more than a window both ways at once, with
// plain yamux at the other end.
func TestManyBodiesWithPlainYamux(t *testing.T) {
	for way, config := range ways {
		t.Run(way, func(t *testing.T) {
			session, _, r := plainServer(t, config)
			c := r.conn()
			const bodies = 20
			large := bytes.Repeat([]byte("0123456789"), 50_000)
			go func() {
				out, err := session.OpenStream()
				for id := byte(0); id < bodies && err == nil; id++ {
					_, err = out.Write(append(binary.AppendUvarint([]byte{id}, uint64(len(large))), large...))
				}
			}()
			var sending sync.WaitGroup
			defer sending.Wait()
			sending.Go(func() {
				for id := range uint64(bodies) {
					if err := c.SendBody(context.Background(), id, large); err != nil {
						t.Errorf("SendBody: %v", err)
					}
				}
			})
			in, err := session.AcceptStream()
			if err != nil {
				t.Fatal(err)
			}
			for id := range byte(bodies) {
				expectBytes(t, in, append(binary.AppendUvarint([]byte{id}, uint64(len(large))), large...))
			}
			for id := range uint64(bodies) {
				if b := <-r.done; b.id != id || b.err != nil || !bytes.Equal(b.data, large) {
					t.Errorf("body %d of %d bytes, %v", b.id, len(b.data), b.err)
				}
			}
		})
	}
}

// reusing is a recorder that has one buffer for all bodies.
type reusing struct {
	*recorder
	buf []byte
}

func (r *reusing) Body(context.Context, uint64, int64) ([]byte, error) { return r.buf, nil }
func (r *reusing) BodyDone(id uint64, _ []byte, err error)             { r.done <- body{id: id, err: err} }

// TestBodiesTakeNoMemory: the memory of a body is the handler's; on its way it needs
// next to none.
func TestBodiesTakeNoMemory(t *testing.T) {
	a := acceptOne(t, "tcp://127.0.0.1:0", nil)
	link, err := transport.Dial(t.Context(), a.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	near, err := link.Open(transport.Dialer, nil)
	if err != nil {
		t.Fatal(err)
	}
	served(t, near)
	far := <-a.conn
	if far == nil {
		t.Fatal(a.err)
	}
	large := make([]byte, 1<<20)
	r := &reusing{newRecorder(), make([]byte, len(large))}
	go far.Serve(r)
	defer far.Abort(nil)
	send := func() {
		if err := near.SendBody(t.Context(), 1, large); err != nil {
			t.Fatal(err)
		}
		if b := <-r.done; b.err != nil {
			t.Fatal(b.err)
		}
	}
	send()
	const bodies = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range bodies {
		send()
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / bodies; each > 256<<10 {
		t.Errorf("a body of 1 MiB allocates %d KiB", each>>10)
	}
}
