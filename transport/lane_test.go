package transport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
)

// gate is a conn whose writes of data can be held up.
type gate struct {
	net.Conn
	writes  atomic.Int32 // of data
	blocked chan struct{}
	open    chan struct{}
}

func (c *gate) Write(p []byte) (int, error) {
	if p[1] == frameData {
		if c.writes.Add(1) == 1 {
			close(c.blocked)
		}
		<-c.open
	}
	return c.Conn.Write(p)
}

// TestMessagesAreBatched sends a thousand messages while one is being written:
// they leave together.
func TestMessagesAreBatched(t *testing.T) {
	near, far := net.Pipe()
	go io.Copy(io.Discard, far)
	conn := &gate{Conn: near, blocked: make(chan struct{}), open: make(chan struct{})}
	c, err := openMux(conn, Dialer, Info{}, fuzzConfig())
	if err != nil {
		t.Fatal(err)
	}
	send := func(text string) {
		if err := c.Send(t.Context(), []byte(text), nil); err != nil {
			t.Fatal(err)
		}
	}
	send("first")
	<-conn.blocked
	for i := range 1000 {
		send(fmt.Sprintf("message %03d", i))
	}
	close(conn.open)
	c.lane.drain()
	if n := conn.writes.Load(); n != 2 {
		t.Errorf("%d writes, want 2", n)
	}
	c.Abort(nil)
	far.Close()
	c.Serve(nil)
}

// collector is a Handler that puts messages together again.
type collector struct {
	idle
	seen []byte
}

func (c *collector) Message(msg []byte) {
	c.seen = append(binary.AppendUvarint(c.seen, uint64(len(msg))), msg...)
}

func (c *collector) BodyDone(uint64, []byte, error) {}

// FuzzLane reads a lane of arbitrary bytes. What it delivers is what stands there,
// and it ends with the bytes or with a violation.
func FuzzLane(f *testing.F) {
	f.Add([]byte("\x02hi\x00\x03abc"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add([]byte("\x81\x80\x80\x00x"))
	const limit = 200
	f.Fuzz(func(t *testing.T, input []byte) {
		var c, slow collector
		whole, bytewise := laneReader{max: limit}, laneReader{max: limit}
		err := whole.feed(slices.Clone(input), &c)
		var slowErr error
		for i := 0; i < len(input) && slowErr == nil; i++ {
			slowErr = bytewise.feed([]byte{input[i]}, &slow)
		}
		if !bytes.Equal(c.seen, slow.seen) || fmt.Sprint(err) != fmt.Sprint(slowErr) || whole.inMessage() != bytewise.inMessage() {
			t.Errorf("at once %x, %v; byte by byte %x, %v", c.seen, err, slow.seen, slowErr)
		}
		var want collector
		r := bytes.NewReader(input)
		clean := false // input ends with a message
		for {
			size, err := binary.ReadUvarint(r)
			clean = err == io.EOF
			if err != nil || size > limit || int64(size) > int64(r.Len()) {
				break
			}
			msg := make([]byte, size)
			io.ReadFull(r, msg)
			want.Message(msg)
		}
		if !bytes.Equal(c.seen, want.seen) {
			t.Errorf("delivered %x, want %x", c.seen, want.seen)
		}
		if _, broken := errors.AsType[*ProtocolError](err); !broken && err != nil {
			t.Errorf("ended with %v", err)
		}
		if err == nil && whole.inMessage() == clean {
			t.Errorf("ended within a message: %v", !clean)
		}
	})
}

// FuzzHeading reads the heading of a body, and compares with the standard
// library's idea of two numbers.
func FuzzHeading(f *testing.F) {
	f.Add([]byte{9, 5})
	f.Add([]byte{0x80})
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"))
	f.Fuzz(func(t *testing.T, input []byte) {
		ours, genuine := bytes.NewReader(input), bytes.NewReader(input)
		head, err := readHeading(ours)
		var want heading
		var wantErr error
		if want.id, wantErr = binary.ReadUvarint(genuine); wantErr == nil {
			want.size, wantErr = binary.ReadUvarint(genuine)
		}
		if (err == nil) != (wantErr == nil) || err == nil && (head != want || ours.Len() != genuine.Len()) {
			t.Errorf("%+v, %v, want %+v, %v", head, err, want, wantErr)
		}
	})
}
