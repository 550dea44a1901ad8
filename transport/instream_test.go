package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// bulkID is a stream of the dialler's bodies.
const bulkID = 3

// bulkFrame is a frame of stream bulkID.
func bulkFrame(kind byte, flags uint16, body []byte) []byte {
	b := appendHeader(nil, kind, bulkID, uint32(len(body)))
	binary.BigEndian.PutUint16(b[2:], flags)
	return append(b, body...)
}

// FuzzBulkPastYamux brings arbitrary frames behind the opening of a bulk stream, to a
// receiver that wants some of its bytes and leaves the rest. There must be what
// genuine yamux has for the stream.
func FuzzBulkPastYamux(f *testing.F) {
	f.Add(slices.Concat(bulkFrame(frameData, 0, []byte("hello")), bulkFrame(frameData, flagFIN, []byte("you"))), uint16(3), uint16(6))
	f.Add(slices.Concat(bulkFrame(frameData, 0, []byte("hello")), bulkFrame(frameWindow, flagRST, nil)), uint16(100), uint16(0))
	f.Add(slices.Concat(bulkFrame(frameData, 0, make([]byte, 20_000)), bulkFrame(frameData, 0, pattern(20_000))), uint16(9000), uint16(30_000))
	f.Fuzz(func(t *testing.T, input []byte, piece, wanted uint16) {
		frames := ofBulkStream(input)
		genuine, reset := yamuxBulkBytes(t, frames)
		got := takenPastYamux(t, frames, int(piece), int(wanted))
		if reset { // then yamux has nothing, and a receiver what it wanted before
			return
		}
		if !bytes.Equal(got, genuine) {
			t.Errorf("%d bytes came, yamux has %d: %.40x, %.40x", len(got), len(genuine), got, genuine)
		}
	})
}

// ofBulkStream returns the whole frames of b that are for stream bulkID, without
// another opening, up to its end.
func ofBulkStream(b []byte) (frames []byte) {
	for len(b) >= headerSize {
		h, size := parseHeader(b), headerSize
		if h.kind == frameData {
			size += int(h.length)
		}
		if h.version != 0 || h.kind > frameWindow || len(b) < size {
			break
		}
		if h.id == bulkID && h.flags < 2*flagRST && h.flags&(flagSYN|flagACK) == 0 {
			frames = append(frames, b[:size]...)
			if h.flags != 0 {
				break
			}
		}
		b = b[size:]
	}
	return frames
}

// yamuxBulkBytes returns what a genuine yamux server has of the stream.
func yamuxBulkBytes(t *testing.T, frames []byte) (all []byte, reset bool) {
	conn := &script{left: slices.Concat(bulkFrame(frameWindow, flagSYN, nil), frames), drained: make(chan struct{}), closed: make(chan struct{})}
	server, err := yamux.Server(&under{Conn: conn, guard: newGuard(Acceptor, fuzzConfig(), stopped, func(error) {})}, fuzzYamux())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	stream, err := server.AcceptStream()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-conn.drained:
	case <-server.CloseChan():
		t.Fatal("yamux objects")
	}
	stream.SetReadDeadline(time.Unix(1, 0)) // long past: what there is comes nevertheless
	all, err = io.ReadAll(stream)
	return all, err == yamux.ErrConnectionReset
}

// takenPastYamux returns what frames, which come in pieces, bring to a receiver that
// waits for some bytes from the beginning, and what is kept for it.
func takenPastYamux(t *testing.T, frames []byte, piece, wanted int) []byte {
	c := &muxConn{cfg: fuzzConfig()}
	c.bulk = newBulkSender(c)
	conn := &pieces{left: slices.Concat(bulkFrame(frameWindow, flagSYN, nil), frames), size: headerSize}
	u := &under{Conn: conn, guard: newGuard(Acceptor, c.cfg, stopped, func(err error) { t.Error(err) }), lane: newDirectLane(c), bulk: c.bulk}
	opening := make([]byte, headerSize)
	if _, err := u.Read(opening); err != nil {
		t.Fatal(err)
	}
	in := u.guard.streams.inbound(bulkID)
	room := make([]byte, wanted)
	in.want, in.left = room, wanted
	conn.size = max(piece, 1)
	for flags, err := make([]byte, 100), error(nil); err == nil; {
		_, err = u.Read(flags)
	}
	room = room[:wanted-in.left]
	rest := make([]byte, len(frames))
	return append(room, rest[:in.kept.take(rest, len(rest))]...)
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8*31 ^ i>>16*7)
	}
	return b
}

// TestBodyPastTheBuffer brings a body in frames and pieces of all sizes; where it
// begins and ends within frames, too.
func TestBodyPastTheBuffer(t *testing.T) {
	body := pattern(200_000)
	for _, chunk := range []int{100, directRead, directRead + 1, 50_000, 200_000} {
		var frames []byte
		for part := range slices.Chunk(body, chunk) {
			frames = append(frames, bulkFrame(frameData, 0, part)...)
		}
		for _, piece := range []int{1, headerSize + 1, 5000, 64 << 10, 1 << 20} {
			for _, wanted := range []int{0, 100, directRead + 3, 123_456, len(body)} {
				if got := takenPastYamux(t, frames, piece, wanted); !bytes.Equal(got, body) {
					t.Errorf("frames of %d bytes in pieces of %d, %d wanted: %d bytes came, the wrong ones", chunk, piece, wanted, len(got))
				}
			}
		}
	}
}

// TestIdleStreamsKeepNoMemory: when a body is complete, nothing is left of it with its
// stream, whether it came before it was wanted or after.
func TestIdleStreamsKeepNoMemory(t *testing.T) {
	in := newInStream(bulkID, initialWindow, nil)
	d := &directIn{inStream: in, conn: &muxConn{cfg: fuzzConfig(), ctx: t.Context()}}
	body := pattern(100_000)
	if err := in.came(body); err != nil {
		t.Fatal(err)
	}
	if in.kept.first == nil {
		t.Fatal("nothing is kept of what came early")
	}
	for _, early := range []bool{true, false} {
		got := make([]byte, len(body))
		done := make(chan error, 1)
		go func() { done <- d.readFull(got) }()
		if !early {
			for len(in.room(1)) == 0 { // until somebody waits
				runtime.Gosched()
			}
			in.came(body)
		}
		if err := <-done; err != nil || !bytes.Equal(got, body) {
			t.Fatalf("%v, or the wrong bytes", err)
		}
		d.idle()
		if in.kept.first != nil || in.kept.last != nil || in.want != nil || in.left != 0 {
			t.Errorf("the stream keeps %+v, wants %d bytes", in.kept, in.left)
		}
	}
}

// TestTheReaderGrants: the peer gets its window again without a word to the
// receiver, unless somebody is writing.
func TestTheReaderGrants(t *testing.T) {
	for _, free := range []bool{true, false} {
		var granted uint32
		s := newInStream(bulkID, initialWindow, func(_, n uint32) bool {
			granted += n
			return free
		})
		s.want, s.left = make([]byte, initialWindow), initialWindow
		if err := s.came(make([]byte, initialWindow/2)); err != nil {
			t.Fatal(err)
		}
		if granted != initialWindow/2 || (s.taken == 0) != free || (len(s.changed) == 0) != free {
			t.Errorf("free %v: %d granted, %d to be granted, receiver woken %v", free, granted, s.taken, len(s.changed) > 0)
		}
	}
}
