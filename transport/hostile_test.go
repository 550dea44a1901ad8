package transport_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

// data is one yamux data frame.
func data(id uint32, flags byte, body []byte) []byte {
	return append(frame(0, flags, id, uint32(len(body))), body...)
}

// laneMessage is a message as it stands on the lane.
func laneMessage(text string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(text))), text...)
}

// TestHostileBytes sends what no peer sends; the connection ends, and nothing of
// it is left.
func TestHostileBytes(t *testing.T) {
	noise := make([]byte, 1<<16)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	for name, c := range map[string]struct {
		send []byte
		want string
	}{
		"noise":                {noise, ""},
		"large frame":          {frame(0, 0, 1, 1<<31), "frame of 2147483648 bytes"},
		"large message":        {data(1, 0, binary.AppendUvarint(nil, 1<<40)), "message of 1099511627776 bytes on the lane"},
		"endless length":       {data(1, 0, bytes.Repeat([]byte{0xff}, 20)), "number of more than 64 bits"},
		"unknown type":         {frame(7, 0, 1, 0), "frame of unknown type 7"},
		"unknown flags":        {frame(1, 0x80, 1, 0), "unknown flags"},
		"stream zero":          {frame(0, 0, 0, 0), "stream 0"},
		"large body":           {append(open(3), data(3, 0, binary.AppendUvarint([]byte{1}, 1<<40))...), "body of 1099511627776 bytes"},
		"closed lane":          {frame(0, 4, 1, 0), ""},
		"goodbye":              {frame(3, 0, 0, 0), ""},
		"reset of the lane":    {frame(1, 8, 1, 0), ""},
		"lane opened twice":    {openLane, "stream 1 opened after stream 1"},
		"end within a message": {data(1, 4, []byte{100, 'x'}), ""},
		"two ends of the lane": {append(frame(0, 4, 1, 0), frame(0, 4, 1, 0)...), ""},
		"data the wrong way":   {data(2, 0, []byte("x")), "data on stream 2 by the side that did not open it"},
		"long body heading":    {append(open(3), data(3, 0, bytes.Repeat([]byte{0xff}, 20))...), "number of more than 64 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, r := raw(t, nil)
			conn.Write(c.send)
			if c.want != "" {
				wantViolation(t, r, c.want)
				return
			}
			conn.(*net.TCPConn).CloseWrite()
			if err := <-r.served; err == nil {
				t.Error("Serve returned nil")
			}
		})
	}
}

// TestHalfCloseAnywhere ends a valid dialogue after each of its bytes.
func TestHalfCloseAnywhere(t *testing.T) {
	dialogue := append(open(3), data(3, 0, append([]byte{9, 5}, "hello"...))...)
	dialogue = append(dialogue, data(1, 0, laneMessage("hi"))...)
	for n := range dialogue {
		conn, r := raw(t, nil)
		conn.Write(dialogue[:n])
		conn.(*net.TCPConn).CloseWrite()
		if err := <-r.served; err == nil {
			t.Errorf("after %d bytes: Serve returned nil", n)
		}
	}
}

// TestBeyondTheWindow sends more than the lane's window to a Conn that does not
// read yet, and whose yamux must keep it.
func TestBeyondTheWindow(t *testing.T) {
	conn, c := rawOpen(t, &transport.Config{ThroughYamux: true})
	messages := bytes.Repeat(laneMessage(strings.Repeat("x", 100<<10)), 4)
	conn.Write(append(data(1, 0, messages), data(1, 0, messages)...))
	for buf, err := make([]byte, 512), error(nil); err == nil; {
		_, err = conn.Read(buf) // until yamux has given up
	}
	r := newRecorder()
	go r.serve(c)
	wantViolation(t, r, "recv window exceeded")
}

// TestOneByteAtATime dribbles a body, with a message of the lane after each of
// its bytes: none of them waits for the body.
func TestOneByteAtATime(t *testing.T) {
	conn, r := raw(t, nil)
	conn.Write(append(open(3), data(3, 0, []byte{9, 100})...))
	for n := range byte(100) {
		for _, b := range append(data(3, 0, []byte{n}), data(1, 0, laneMessage("next"))...) {
			conn.Write([]byte{b})
		}
		if got := <-r.lane; string(got) != "next" {
			t.Fatalf("lane brought %q", got)
		}
	}
	if b := <-r.done; b.err != nil || len(b.data) != 100 || b.data[99] != 99 {
		t.Errorf("body %v, %v", b.data, b.err)
	}
}

// TestTrickleDoesNotHoldTheDoorOpen has a peer that sends a byte whenever it can
// but never opens the lane: what counts is the time, not the bytes.
func TestTrickleDoesNotHoldTheDoorOpen(t *testing.T) {
	a := acceptOne(t, "tcp://127.0.0.1:0", &transport.Config{FirstByteTimeout: 100 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		goodbye := frame(3, 0, 0, 0) // allowed, and says nothing
		for i := 0; ; i++ {
			if _, err := conn.Write(goodbye[i%12 : i%12+1]); err != nil {
				return
			}
			<-tick.C
		}
	}()
	if c := <-a.conn; c != nil || !errors.Is(a.err, transport.ErrTimeout) {
		t.Errorf("Open = %v, %v", c, a.err)
	}
}

// TestStalledBodiesAreGivenUp announces bodies and sends none of their bytes; the
// receiver hears that they will not come, and the lane lives.
func TestStalledBodiesAreGivenUp(t *testing.T) {
	const bodies = 100
	conn, r := raw(t, &transport.Config{StallTimeout: 100 * time.Millisecond})
	for i := range uint32(bodies) {
		id := 3 + 2*i
		conn.Write(append(open(id), data(id, 0, binary.AppendUvarint([]byte{byte(i)}, 1<<16))...))
	}
	for range bodies {
		if b := <-r.done; !errors.Is(b.err, transport.ErrTimeout) {
			t.Errorf("body %d: %v", b.id, b.err)
		}
	}
	conn.Write(data(1, 0, laneMessage("alive")))
	if got := <-r.lane; string(got) != "alive" {
		t.Errorf("lane brought %q", got)
	}
}

// TestSilentStreamIsClosed opens a stream and sends nothing on it.
func TestSilentStreamIsClosed(t *testing.T) {
	conn, r := raw(t, &transport.Config{FirstByteTimeout: time.Second})
	conn.Write(open(3))
	const fin = 4
	awaitFrame(t, conn, func(flags uint16, _ int) bool { return flags&fin != 0 })
	conn.Write(data(1, 0, laneMessage("alive")))
	if got := <-r.lane; string(got) != "alive" {
		t.Errorf("lane brought %q", got)
	}
}

// TestResetsHideNoWork resets each stream when its body is being received: a
// receiver that is still busy counts.
func TestResetsHideNoWork(t *testing.T) {
	const streams = 16
	conn, r := raw(t, &transport.Config{MaxStreams: streams})
	hold := make(chan struct{})
	defer close(hold)
	r.hold(hold)
	for i := range uint32(streams) {
		id := 3 + 2*i
		conn.Write(append(open(id), data(id, 0, binary.AppendUvarint([]byte{byte(i)}, 1<<20))...))
		<-r.begun
		conn.Write(frame(1, 8, id, 0))
	}
	conn.Write(open(3 + 2*streams))
	wantViolation(t, r, "more than 16 bulk streams at once")
}

// TestMemoryStaysBounded fills the window of every stream while the handler takes
// nothing: what is held is the windows, twice at most while buffers grow, and
// not the bodies.
func TestMemoryStaysBounded(t *testing.T) {
	const streams, window = 16, 256 << 10
	conn, r := raw(t, &transport.Config{MaxStreams: streams, Window: window})
	hold := make(chan struct{})
	defer close(hold)
	r.hold(hold)
	before := heap()
	piece := make([]byte, 16<<10-8)
	for i := range uint32(streams) {
		id := 3 + 2*i
		conn.Write(append(open(id), data(id, 0, binary.AppendUvarint([]byte{byte(i)}, 4<<20))...))
		for range window / (16 << 10) {
			conn.Write(data(id, 0, piece))
		}
	}
	conn.Write(data(1, 0, laneMessage("all sent")))
	if got := <-r.lane; string(got) != "all sent" {
		t.Fatalf("lane brought %q", got)
	}
	for range streams { // every body waits, with what the window lets come
		<-r.begun
	}
	held := heap() - before // less, when streams of earlier tests end meanwhile
	if limit := int64(2*streams*window + 4<<20); held > limit {
		t.Errorf("%d KiB are held, the limit is %d", held>>10, limit>>10)
	}
	conn.Write(open(3 + 2*streams))
	wantViolation(t, r, "more than 16 bulk streams at once")
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what became free during the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
