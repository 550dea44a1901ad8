package transport_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

// This file lets plain yamux talk with a Conn: on the wire there is nothing else.

func quiet() *yamux.Config {
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard
	return config
}

// plainClient dials a Conn with plain yamux and opens the lane. The Conn is
// served.
func plainClient(t *testing.T, config *transport.Config) (*yamux.Session, *yamux.Stream, *recorder) {
	t.Helper()
	a := acceptOne(t, "tcp://127.0.0.1:0", config)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	session, err := yamux.Client(conn, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	lane, err := session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	c := <-a.conn
	if c == nil {
		t.Fatal(a.err)
	}
	return session, lane, served(t, c)
}

// plainServer is a plain yamux server that a Conn has dialled, and the lane.
func plainServer(t *testing.T, config *transport.Config) (*yamux.Session, *yamux.Stream, *recorder) {
	t.Helper()
	transporttest.Watch(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link, err := transport.Dial(t.Context(), "tcp://"+l.Addr().String(), config)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	session, err := yamux.Server(conn, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	c, err := link.Open(transport.Dialer, config)
	if err != nil {
		t.Fatal(err)
	}
	r := served(t, c)
	lane, err := session.AcceptStream()
	if err != nil || lane.StreamID() != 1 {
		t.Fatalf("the lane is %v, %v", lane, err)
	}
	return session, lane, r
}

func expectBytes(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the yamux peer read %.40q, %v, want %.40q", got, err, want)
	}
}

// ways are the two ways in which a Conn can carry lane and bodies; on the wire they
// are one.
var ways = map[string]*transport.Config{"past yamux": nil, "through yamux": {ThroughYamux: true}}

// TestPlainYamuxClient speaks the lane and a bulk stream, both ways.
func TestPlainYamuxClient(t *testing.T) {
	for way, config := range ways {
		t.Run(way, func(t *testing.T) { testPlainYamuxClient(t, config) })
	}
}

func testPlainYamuxClient(t *testing.T, config *transport.Config) {
	session, lane, r := plainClient(t, config)
	lane.Write(append(laneMessage("one"), laneMessage("two")...))
	for _, want := range []string{"one", "two"} {
		if got := <-r.lane; string(got) != want {
			t.Errorf("lane brought %q", got)
		}
	}
	c := r.conn()
	if err := c.Send(t.Context(), []byte("an"), []byte("swer")); err != nil {
		t.Fatal(err)
	}
	expectBytes(t, lane, laneMessage("answer"))

	out, err := session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat([]byte("0123456789"), 50_000)
	for id := range byte(2) { // one after the other on one stream
		out.Write(append(binary.AppendUvarint([]byte{id}, uint64(len(large))), large...))
		if b := <-r.done; b.id != uint64(id) || b.err != nil || !bytes.Equal(b.data, large) {
			t.Errorf("body %d of %d bytes, %v", b.id, len(b.data), b.err)
		}
	}
	go c.SendBody(t.Context(), 77, large)
	in, err := session.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	expectBytes(t, in, append(binary.AppendUvarint([]byte{77}, uint64(len(large))), large...))
	if _, err := session.Ping(); err != nil {
		t.Errorf("Ping: %v", err)
	}
	session.Close()
	if err := <-r.served; err == nil || !strings.Contains(err.Error(), "peer closed the connection") {
		t.Errorf("Serve = %v", err)
	}
}

// streamPerCall lets bare yamux send each call on a stream of its own, and returns
// how many frames the caller sends beside the data.
func streamPerCall(t *testing.T, calls int) (control int) {
	near, far := net.Pipe()
	defer far.Close()
	s, err := yamux.Client(near, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	called := make(chan error, 1)
	go func() {
		for range calls {
			stream, err := s.OpenStream()
			if err == nil {
				_, err = stream.Write([]byte("x"))
			}
			if err != nil {
				called <- err
				return
			}
			stream.Close()
		}
		far.Close() // all is with the reader
		called <- nil
	}()
	for header := make([]byte, 12); ; {
		if _, err := io.ReadFull(far, header); err != nil {
			break
		}
		if header[1] == 0 {
			io.CopyN(io.Discard, far, int64(binary.BigEndian.Uint32(header[8:])))
		} else {
			control++
		}
	}
	if err := <-called; err != nil {
		t.Fatal(err)
	}
	return control
}

// TestStreamsAreFew counts the streams that a Conn opens: one for all messages,
// and one for bodies that follow each other.
func TestStreamsAreFew(t *testing.T) {
	if n := streamPerCall(t, 10); n != 20 {
		t.Errorf("bare yamux: %d control frames for 10 calls, it used to be 20", n)
	}
	session, lane, r := plainServer(t, nil)
	c := r.conn()
	for range 1000 {
		if err := c.Send(t.Context(), []byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	expectBytes(t, lane, bytes.Repeat(laneMessage("x"), 1000))
	for id := range byte(100) {
		if err := c.SendBody(t.Context(), uint64(id), []byte("abc")); err != nil {
			t.Fatal(err)
		}
	}
	bulk, err := session.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	for id := range byte(100) {
		expectBytes(t, bulk, []byte{id, 3, 'a', 'b', 'c'})
	}
	if n := session.NumStreams(); n != 2 {
		t.Errorf("%d streams, want the lane and one", n)
	}
}

// TestWriterToAClosedStream has a peer that closes a stream and takes nothing.
func TestWriterToAClosedStream(t *testing.T) {
	near, far := net.Pipe()
	client, err := yamux.Client(near, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := yamux.Server(far, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	ours, err := client.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := server.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("Read = %v", err) // the end has arrived
	}
	ours.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := ours.Write(make([]byte, 1<<20)); n != 256<<10 || !errors.Is(err, yamux.ErrTimeout) {
		t.Errorf("bare yamux wrote %d bytes, %v: does it notice the closed stream now?", n, err)
	}

	session, lane, r := plainServer(t, &transport.Config{StallTimeout: 100 * time.Millisecond})
	c := r.conn()
	go func() {
		if bulk, err := session.AcceptStream(); err == nil {
			bulk.Close()
		}
	}()
	if err := c.SendBody(t.Context(), 1, make([]byte, 1<<20)); !errors.Is(err, transport.ErrTimeout) {
		t.Errorf("SendBody to a closed stream = %v", err)
	}
	if err := c.Send(t.Context(), []byte("alive"), nil); err != nil {
		t.Error(err)
	}
	expectBytes(t, lane, laneMessage("alive"))
}

// TestStreamClosedByTheReceiver has a peer that closes a stream after a body, as
// one does that waited too long for the next bytes. The next body is lost, which
// its sender must learn; the one after it comes on a new stream.
func TestStreamClosedByTheReceiver(t *testing.T) {
	session, lane, r := plainServer(t, nil)
	c := r.conn()
	for id := byte(0); id < 4; id += 2 {
		if err := c.SendBody(t.Context(), uint64(id), []byte("abc")); err != nil {
			t.Fatal(err)
		}
		bulk, err := session.AcceptStream()
		if err != nil {
			t.Fatal(err)
		}
		expectBytes(t, bulk, []byte{id, 3, 'a', 'b', 'c'})
		bulk.Close()
		lane.Write(laneMessage("closed"))
		<-r.lane
		if err := c.SendBody(t.Context(), uint64(id)+1, []byte("abc")); !errors.Is(err, transport.ErrTimeout) {
			t.Errorf("SendBody on a closed stream = %v", err)
		}
	}
}

// signalling tells of each write before it is made.
type signalling struct {
	net.Conn
	writes chan struct{}
}

func (c *signalling) Write(p []byte) (int, error) {
	c.writes <- struct{}{}
	return c.Conn.Write(p)
}

// bareClose lets bare yamux close while messages wait behind one that the peer
// has not taken yet, and returns how many of them were sent.
func bareClose(t *testing.T) (sent int) {
	near, far := net.Pipe()
	defer far.Close()
	const writers = 10
	conn := &signalling{Conn: near, writes: make(chan struct{}, 3*writers)} // opening, header, body
	s, err := yamux.Client(conn, quiet())
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, far, writers*12)
		opened <- err
	}()
	results := make(chan error, writers)
	var streams [writers]*yamux.Stream
	for i := range streams {
		if streams[i], err = s.OpenStream(); err != nil {
			t.Fatal(err)
		}
		<-conn.writes
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	for _, stream := range streams {
		go func() {
			_, err := stream.Write([]byte("message"))
			results <- err
		}()
	}
	<-conn.writes // the first is with the network, which takes nothing
	s.Close()
	for range streams {
		if err := <-results; err == nil {
			sent++
		}
	}
	return sent
}

// TestCloseSendsTheQueue has a peer that takes the lane's bytes late.
func TestCloseSendsTheQueue(t *testing.T) {
	if n := bareClose(t); n != 0 {
		t.Errorf("bare yamux sent %d messages: does Close send what is queued now?", n)
	}

	_, lane, r := plainServer(t, nil)
	c := r.conn()
	message := strings.Repeat("x", 100<<10)
	for range 10 { // four times the window of the peer
		if err := c.Send(t.Context(), []byte(message), nil); err != nil {
			t.Fatal(err)
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	expectBytes(t, lane, bytes.Repeat(laneMessage(message), 10))
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := <-r.served; !errors.Is(err, transport.ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
}

// TestWindow shows how much a stream may carry in a round trip.
func TestWindow(t *testing.T) {
	if n := yamux.DefaultConfig().MaxStreamWindowSize; n != 256<<10 {
		t.Errorf("bare yamux's window is %d now", n)
	}
	conn, _ := raw(t, nil)
	const ack = 2
	expectBytes(t, conn, frame(1, ack, 1, 512<<10-256<<10)) // in addition
}

// TestPlainYamuxServer sends much more than the lane's window both ways at once,
// to a plain yamux server that echoes: both sides must keep granting, or neither
// gets on. Between the messages the server opens streams and pings.
func TestPlainYamuxServer(t *testing.T) {
	for way, config := range ways {
		t.Run(way, func(t *testing.T) { testPlainYamuxServer(t, config) })
	}
}

func testPlainYamuxServer(t *testing.T, config *transport.Config) {
	session, lane, r := plainServer(t, config)
	go io.Copy(lane, lane)
	c := r.conn()
	const messages, size = 300, 50 << 10 // 15 MiB; a window is 1 MiB
	go func() {
		for i := range messages {
			if err := c.Send(t.Context(), []byte{byte(i)}, make([]byte, size)); err != nil {
				t.Errorf("Send: %v", err)
				return
			}
		}
	}()
	for i := range messages {
		if got := <-r.lane; len(got) != size+1 || got[0] != byte(i) {
			t.Fatalf("message %d: %d bytes, the first %x", i, len(got), got[0])
		}
		if i%50 != 0 {
			continue
		}
		bulk, err := session.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		bulk.Write([]byte{byte(i / 50), 3, 'a', 'b', 'c'})
		if b := <-r.done; string(b.data) != "abc" {
			t.Errorf("body %+v", b)
		}
		if _, err := session.Ping(); err != nil {
			t.Errorf("Ping: %v", err)
		}
		bulk.Close()
	}
	lane.Close()
	if err := <-r.served; err == nil || !strings.Contains(err.Error(), "peer closed the connection") {
		t.Errorf("Serve = %v", err)
	}
}

// TestLaneEndsWithinAMessage has a peer that closes the lane too early.
func TestLaneEndsWithinAMessage(t *testing.T) {
	for way, config := range ways {
		t.Run(way, func(t *testing.T) {
			_, lane, r := plainServer(t, config)
			lane.Write([]byte{9, 'x'})
			lane.Close()
			if err := <-r.served; !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Serve = %v", err)
			}
		})
	}
}
