package transport_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

// This file holds what yamux does by default against what a Conn does: each test
// first shows the bare library failing, so that it tells when that changes.

// frame is one yamux frame without a body.
func frame(kind, flags byte, id, length uint32) []byte {
	b := []byte{0, kind, 0, flags}
	b = binary.BigEndian.AppendUint32(b, id)
	return binary.BigEndian.AppendUint32(b, length)
}

// The frames that tests send.
var (
	openLane = open(1)
	ping     = frame(2, 1, 0, 7)
)

func open(id uint32) []byte { return frame(1, 1, id, 0) }

// bare is a yamux server whose peer writes raw frames.
func bare(t *testing.T, change func(*yamux.Config)) (*yamux.Session, net.Conn) {
	t.Helper()
	transporttest.Watch(t)
	near, far := net.Pipe()
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	if change != nil {
		change(config)
	}
	s, err := yamux.Server(near, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		far.Close()
		s.Close()
	})
	return s, far
}

// rawOpen dials a Conn's listener and opens the lane by hand. Nobody serves the
// Conn.
func rawOpen(t *testing.T, config *transport.Config) (net.Conn, transport.Conn) {
	t.Helper()
	a := acceptOne(t, "tcp://127.0.0.1:0", config)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write(openLane); err != nil {
		t.Fatal(err)
	}
	c := <-a.conn
	if c == nil {
		t.Fatal(a.err)
	}
	t.Cleanup(func() { c.Abort(nil) })
	return conn, c
}

// raw is rawOpen, and serves the Conn.
func raw(t *testing.T, config *transport.Config) (net.Conn, *recorder) {
	t.Helper()
	conn, c := rawOpen(t, config)
	return conn, served(t, c)
}

// wantViolation waits for the end of a Conn and checks why it ended.
func wantViolation(t *testing.T, r *recorder, text string) {
	t.Helper()
	err := <-r.served
	violation, ok := errors.AsType[*transport.ProtocolError](err)
	if !ok || !strings.Contains(violation.Violation, text) {
		t.Errorf("Serve = %v, want a violation that says %q", err, text)
	}
}

func TestPingFlood(t *testing.T) {
	const pings = 2000
	before := runtime.NumGoroutine()
	_, peer := bare(t, nil)
	for range pings {
		peer.Write(ping) // and reads no answer
	}
	if more := runtime.NumGoroutine() - before; more < pings/2 {
		t.Errorf("bare yamux started %d goroutines for %d pings: does it bound them now?", more, pings)
	}

	conn, r := raw(t, nil)
	for range pings {
		conn.Write(ping)
	}
	wantViolation(t, r, "more than 10 pings a second")
}

func TestStreamFlood(t *testing.T) {
	const streams = 500
	s, peer := bare(t, nil)
	go io.Copy(io.Discard, peer)
	for id := uint32(1); id < 2*streams; id += 2 {
		peer.Write(open(id))
		if _, err := s.AcceptStream(); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.NumStreams(); n != streams {
		t.Errorf("bare yamux keeps %d streams of %d: does it have a limit now?", n, streams)
	}

	conn, r := raw(t, nil)
	for id := uint32(3); id < 2*streams; id += 2 {
		conn.Write(open(id))
	}
	wantViolation(t, r, "more than 128 bulk streams")
}

// TestUnreadBytes fills the windows of many streams that nobody reads.
func TestUnreadBytes(t *testing.T) {
	const streams, window, piece = 48, 256 << 10, 16 << 10
	fill := func(conn net.Conn, id uint32, first []byte) {
		conn.Write(append(open(id), data(id, 0, first)...))
		for left := window - len(first); left > 0; left -= piece {
			conn.Write(data(id, 0, make([]byte, min(piece, left))))
		}
	}
	s, peer := bare(t, nil)
	go io.Copy(io.Discard, peer)
	for i := range uint32(streams) {
		fill(peer, 1+2*i, []byte("x"))
	}
	if s.IsClosed() || s.NumStreams() != streams {
		t.Errorf("bare yamux did not take %d KiB for %d streams: does it bound them together now?", streams*window>>10, streams)
	}

	conn, r := raw(t, &transport.Config{Window: window})
	hold := make(chan struct{})
	defer close(hold)
	r.hold(hold)
	for i := range uint32(streams) {
		fill(conn, 3+2*i, binary.AppendUvarint([]byte{byte(i)}, 4<<20))
	}
	wantViolation(t, r, "more than 8388608 bytes on bulk streams that were not read yet")
}

func TestRefusedStreamsAreKept(t *testing.T) {
	const streams = 100
	s, peer := bare(t, nil)
	go io.Copy(io.Discard, peer)
	for id := uint32(1); id < 2*streams; id += 2 {
		peer.Write(open(id))
		stream, err := s.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		stream.Close()
	}
	if n := s.NumStreams(); n != streams {
		t.Errorf("bare yamux keeps %d of %d streams that were refused: does it free them now?", n, streams)
	}

	// A Conn refuses no stream. What no sender writes ends the connection, and
	// with it everything that it held.
	conn, r := raw(t, nil)
	for id := uint32(3); id < 2*streams; id += 2 {
		conn.Write(append(open(id), data(id, 0, bytes.Repeat([]byte{0xff}, 20))...))
	}
	wantViolation(t, r, "number of more than 64 bits")
}

func TestWrongParity(t *testing.T) {
	s, peer := bare(t, nil)
	go io.Copy(io.Discard, peer)
	peer.Write(open(2)) // the server's own number
	theirs, err := s.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := s.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	if theirs.StreamID() != ours.StreamID() {
		t.Errorf("bare yamux gave numbers %d and %d: does it check them now?", theirs.StreamID(), ours.StreamID())
	}

	conn, r := raw(t, nil)
	conn.Write(open(2))
	wantViolation(t, r, "stream 2 opened by the side that does not own its number")
}

func TestFallingIDs(t *testing.T) {
	s, peer := bare(t, nil)
	go io.Copy(io.Discard, peer)
	peer.Write(append(open(9), open(3)...))
	for range 2 {
		if _, err := s.AcceptStream(); err != nil {
			t.Errorf("bare yamux: %v: does it check the order now?", err)
		}
	}

	conn, r := raw(t, nil)
	conn.Write(append(open(9), open(3)...))
	wantViolation(t, r, "stream 3 opened after stream 9")
}

// TestWriteTimeoutEndsTheConnection has a peer that reads nothing.
func TestWriteTimeoutEndsTheConnection(t *testing.T) {
	s, _ := bare(t, func(c *yamux.Config) { c.ConnectionWriteTimeout = 50 * time.Millisecond })
	opened := make(chan error, 1)
	go func() {
		stream, err := s.OpenStream() // its frame blocks the connection
		if err == nil {
			_, err = stream.Write(make([]byte, 100))
		}
		opened <- err
	}()
	if err := <-opened; !errors.Is(err, yamux.ErrConnectionWriteTimeout) {
		t.Errorf("bare yamux: %v", err)
	}
	if s.IsClosed() {
		t.Error("bare yamux closed the session: does it do that now?")
	}

	conn, r := raw(t, &transport.Config{WriteTimeout: 100 * time.Millisecond})
	_ = conn // reads nothing, and opens no window
	sender := r.conn()
	for {
		if err := sender.Send(context.Background(), make([]byte, 60_000), nil); err != nil {
			break
		}
	}
	if err := <-r.served; !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("Serve = %v", err)
	}
}

// TestLateAccept has a peer that does not accept a stream in time.
func TestLateAccept(t *testing.T) {
	transporttest.Watch(t)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go io.Copy(io.Discard, far)
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	config.StreamOpenTimeout = 20 * time.Millisecond
	s, err := yamux.Client(near, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenStream(); err != nil {
		t.Fatal(err)
	}
	<-s.CloseChan() // the whole session, for one late stream

	p := pairOf(t, "tcp://127.0.0.1:0", nil)
	hold := make(chan struct{})
	p.atAcceptor.hold(hold)
	sent := make(chan error, 1)
	go func() { sent <- p.dialer.SendBody(t.Context(), 1, make([]byte, 1<<20)) }()
	for range 100 {
		p.dialer.Send(t.Context(), []byte("x"), nil)
		<-p.atAcceptor.lane
	}
	close(hold)
	if err := <-sent; err != nil {
		t.Errorf("SendBody to a late receiver: %v", err)
	}
}

func TestTimeoutsAndLogs(t *testing.T) {
	if errors.Is(yamux.ErrTimeout, os.ErrDeadlineExceeded) {
		t.Error("bare yamux's ErrTimeout is os.ErrDeadlineExceeded now")
	}
	if yamux.DefaultConfig().LogOutput != os.Stderr {
		t.Error("bare yamux does not log to standard error any more")
	}
	log, logger := newLog()
	conn, r := raw(t, &transport.Config{Logger: logger})
	conn.Write([]byte{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
	wantViolation(t, r, "frame of version 9")
	if text := log.String(); strings.Contains(text, "level=INFO") || strings.Contains(text, "level=WARN") || strings.Contains(text, "level=ERROR") {
		t.Errorf("yamux's own lines are louder than Debug: %s", text)
	}
}
