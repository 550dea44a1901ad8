package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// FuzzPastYamux brings an acceptor arbitrary frames behind the lane's opening.
// What it delivers must be what genuine yamux finds on stream 1.
func FuzzPastYamux(f *testing.F) {
	message := []byte("\x05hello")
	f.Add(laneFrame(frameData, 0, uint32(len(message)), message), uint8(3))
	f.Add(append(laneFrame(frameData, 0, 3, message[:3]), laneFrame(frameData, 0, 3, message[3:])...), uint8(1))
	f.Add(append(laneFrame(frameWindow, 0, 1000, nil), laneFrame(frameData, flagFIN, 6, message)...), uint8(200))
	f.Add(append(laneFrame(frameData, 0, 6, message), laneFrame(frameWindow, flagRST, 0, nil)...), uint8(12))
	f.Add(laneFrame(frameData, flagSYN, 6, message), uint8(12))
	f.Fuzz(func(t *testing.T, input []byte, piece uint8) {
		frames := append(laneFrame(frameWindow, flagSYN, 0, nil), complete(input)...)
		genuine, objected, reset := yamuxLaneBytes(t, frames)
		var want collector
		in := laneReader{max: fuzzConfig().MaxLaneMessage}
		bad := in.feed(genuine, &want)
		got, err := deliveredPastYamux(frames, int(piece))
		switch {
		case bad != nil && (err == nil || err.Error() != bad.Error()):
			t.Errorf("ended with %v, want %v", err, bad)
		case bad == nil && !objected && isViolation(err):
			t.Errorf("ended with %v, to which yamux does not object", err)
		case !bytes.HasPrefix(got, want.seen) || !objected && !reset && len(got) != len(want.seen):
			t.Errorf("delivered %x, %v; yamux has %x", got, err, want.seen)
		}
	})
}

// complete returns the whole frames that b begins with, up to the lane's end: yamux
// cannot be asked for what it has while it waits for the rest of a body, and takes
// data from a peer that said it would send none.
func complete(b []byte) []byte {
	for n := 0; ; {
		if len(b)-n < headerSize {
			return b[:n]
		}
		size, h := headerSize, parseHeader(b[n:])
		if h.kind == frameData {
			size += int(h.length)
		}
		if len(b)-n < size {
			return b[:n]
		}
		n += size
		if h.id == laneID && h.kind <= frameWindow && h.flags&(flagFIN|flagRST) != 0 {
			return b[:n]
		}
	}
}

// yamuxLaneBytes returns what a genuine yamux server has of stream 1 after frames;
// whether it, or the guard before it, has objected; and whether the stream was
// reset, of which yamux then gives nothing.
func yamuxLaneBytes(t *testing.T, frames []byte) (lane []byte, objected, reset bool) {
	conn := &script{left: frames, drained: make(chan struct{}), closed: make(chan struct{})}
	server, err := yamux.Server(&under{Conn: conn, guard: newGuard(Acceptor, fuzzConfig(), stopped, func(error) {})}, fuzzYamux())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	stream, err := server.AcceptStream()
	if err != nil {
		return nil, true, false
	}
	select {
	case <-conn.drained:
		objected = server.IsClosed()
	case <-server.CloseChan():
		objected = true
	}
	stream.SetReadDeadline(time.Unix(1, 0)) // long past: what there is comes nevertheless
	lane, err = io.ReadAll(stream)
	return lane, objected, errors.Is(err, yamux.ErrConnectionReset)
}

func isViolation(err error) bool {
	_, ok := errors.AsType[*ProtocolError](err)
	return ok
}

// laneFrame is a frame of the lane.
func laneFrame(kind byte, flags uint16, length uint32, body []byte) []byte {
	b := appendHeader(nil, kind, laneID, length)
	binary.BigEndian.PutUint16(b[2:], flags)
	return append(b, body...)
}

// deliveredPastYamux returns the messages that frames bring an acceptor, which come
// in pieces, and how it ended.
func deliveredPastYamux(frames []byte, piece int) (seen []byte, err error) {
	c, err := openMux(&ending{pieces{left: frames, size: max(piece, 1)}}, Acceptor, Info{}, fuzzConfig())
	if err != nil {
		return nil, err
	}
	var got collector
	err = c.Serve(&got)
	return got.seen, err
}

// ending is a conn that brings some bytes and ends; what is written to it is lost.
type ending struct{ pieces }

func (c *ending) Write(p []byte) (int, error)      { return len(p), nil }
func (c *ending) SetWriteDeadline(time.Time) error { return nil }
func (c *ending) Close() error                     { return nil }

// aborting is a Handler that aborts its connection at the first message.
type aborting struct {
	collector
	conn *muxConn
}

func (a *aborting) Message(msg []byte) {
	a.collector.Message(msg)
	a.conn.Abort(nil)
}

// TestAbortIsTheLast brings two frames at once; the handler wants no more after the
// first.
func TestAbortIsTheLast(t *testing.T) {
	message := laneFrame(frameData, 0, 6, []byte("\x05hello"))
	frames := slices.Concat(laneFrame(frameWindow, flagSYN, 0, nil), message, message)
	c, err := openMux(&ending{pieces{left: frames, size: len(frames)}}, Acceptor, Info{}, fuzzConfig())
	if err != nil {
		t.Fatal(err)
	}
	h := &aborting{conn: c}
	if err := c.Serve(h); !errors.Is(err, ErrClosed) || string(h.seen) != "\x05hello" {
		t.Errorf("delivered %q, %v", h.seen, err)
	}
	if c.under.lane.handler != nil {
		t.Error("the handler is kept after the end")
	}
}

// TestGrantsOfTheLane delivers half a window: the peer gets it again, in one
// frame, although nothing else is sent.
func TestGrantsOfTheLane(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	far.SetDeadline(time.Now().Add(time.Minute))
	opened := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, far, headerSize) // the lane's opening
		opened <- err
	}()
	config := fuzzConfig()
	c, err := openMux(near, Dialer, Info{}, config)
	if err = errors.Join(err, <-opened); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- c.Serve(&collector{}) }()
	const size = 16<<10 - 2 // with its length 16 KiB
	message := append(binary.AppendUvarint(nil, size), make([]byte, size)...)
	for range config.Window / 2 / (16 << 10) {
		far.Write(laneFrame(frameData, 0, uint32(len(message)), message))
	}
	grant := make([]byte, headerSize)
	if _, err := io.ReadFull(far, grant); err != nil || !bytes.Equal(grant, appendHeader(nil, frameWindow, laneID, config.Window/2)) {
		t.Errorf("the peer got % x, %v", grant, err)
	}
	c.Abort(nil)
	<-served
}

// sizes is a conn that notes the size of each write.
type sizes struct {
	net.Conn
	seen []int
}

func (c *sizes) SetWriteDeadline(time.Time) error { return nil }
func (c *sizes) Write(p []byte) (int, error) {
	c.seen = append(c.seen, len(p))
	return len(p), nil
}

// TestPiecesOfABatch writes a window at once. Each write has WriteTimeout, so that
// a peer on a slow network need not take more than writePiece within it.
func TestPiecesOfABatch(t *testing.T) {
	conn := &sizes{}
	d := newDirectLane(&muxConn{cfg: fuzzConfig(), under: &under{Conn: conn}})
	if err := d.write(make([]byte, initialWindow)); err != nil {
		t.Fatal(err)
	}
	want := slices.Repeat([]int{headerSize + writePiece}, initialWindow/writePiece)
	if !slices.Equal(conn.seen, want) {
		t.Errorf("writes of %d bytes, want %d", conn.seen, want)
	}
}

// TestLaneBeyondTheWindow has a lane whose peer was granted nothing again.
func TestLaneBeyondTheWindow(t *testing.T) {
	c := &muxConn{cfg: fuzzConfig()}
	c.lane = newLaneWriter(c.cfg, c)
	c.lane.flushing = true // and does not get on
	d := newDirectLane(c)
	if err := d.consume(int64(c.cfg.Window)); err != nil {
		t.Errorf("a whole window: %v", err)
	}
	if err := d.consume(1); !isViolation(err) {
		t.Errorf("one more: %v", err)
	}
}
