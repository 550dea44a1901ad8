//go:build unix

package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// socketPair returns two ends of a TCP connection on this machine.
func socketPair(t *testing.T) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}

// TestATriedWriteIsFinished has a network take a part of a frame: nothing else may
// be written before the rest, and nobody waits until the rest is due.
func TestATriedWriteIsFinished(t *testing.T) {
	conn, peer := socketPair(t)
	u := &under{Conn: conn, writeTimeout: time.Minute, try: newTryWriter(conn)}
	conn.SetWriteDeadline(time.Unix(1, 0)) // of a write long ago
	payload := make([]byte, 50_000)
	frames := 0
	for more := false; !more; frames++ {
		binary.BigEndian.PutUint32(payload, uint32(frames))
		var taken bool
		if taken, more = u.tryLane(0, payload, nil); !taken {
			t.Fatal("not taken")
		}
	}
	if taken, _ := u.tryLane(0, payload, nil); taken {
		t.Error("a frame was taken in the middle of another")
	}
	go func() {
		if err := u.writeLane(0, nil); err != nil { // the rest
			t.Errorf("the rest: %v", err)
		}
		conn.Close()
	}()
	frame := make([]byte, headerSize+len(payload))
	for i := range frames {
		if _, err := io.ReadFull(peer, frame); err != nil {
			t.Fatalf("frame %d of %d: %v", i, frames, err)
		}
		h := parseHeader(frame)
		if n := binary.BigEndian.Uint32(frame[headerSize:]); h.id != laneID || int(h.length) != len(payload) || n != uint32(i) {
			t.Fatalf("frame %d: %+v, number %d", i, h, n)
		}
	}
	if n, err := peer.Read(frame); err != io.EOF {
		t.Errorf("%d more bytes, %v", n, err)
	}
}

// TestATriedWriteIsFinishedBeforeTheEnd: a frame of which the network took a part
// leaves whole, although the connection is closing.
func TestATriedWriteIsFinishedBeforeTheEnd(t *testing.T) {
	conn, peer := socketPair(t)
	u := &under{Conn: conn, writeTimeout: time.Minute, try: newTryWriter(conn)}
	payload := make([]byte, 50_000)
	frames := 0
	for more := false; !more; frames++ {
		_, more = u.tryLane(0, payload, nil)
	}
	go u.closeWrite()
	n, err := io.Copy(io.Discard, peer)
	if want := int64(frames * (headerSize + len(payload))); n != want || err != nil {
		t.Errorf("%d bytes of %d came, %v", n, want, err)
	}
}

// TestABodyLeavesWithItsMessage, in one write.
func TestABodyLeavesWithItsMessage(t *testing.T) {
	conn, peer := socketPair(t)
	u := &under{Conn: conn, writeTimeout: time.Minute, try: newTryWriter(conn)}
	if taken, more := u.tryLane(7, []byte("message"), &frame{3, []byte("head"), []byte("body")}); !taken || more {
		t.Fatalf("taken %v, more %v", taken, more)
	}
	conn.Close()
	got, err := io.ReadAll(peer)
	want := append(appendHeader(appendHeader(nil, frameWindow, laneID, 7), frameData, laneID, 7), "message"...)
	want = append(appendHeader(want, frameData, 3, 8), "headbody"...)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, %q, want %q", err, got, want)
	}
}

// TestATriedWriteFails on a connection that has ended: the goroutine that writes is
// to learn of it, not the sender.
func TestATriedWriteFails(t *testing.T) {
	conn, _ := socketPair(t)
	u := &under{Conn: conn, writeTimeout: time.Minute, try: newTryWriter(conn)}
	conn.Close()
	taken, more := u.tryLane(0, []byte("x"), nil)
	if err := u.writeLane(0, nil); !taken || !more || err == nil {
		t.Errorf("taken %v, more %v, then %v", taken, more, err)
	}
}
