package transport_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
)

var update = flag.Bool("update", false, "write testdata/wire/lane.json anew")

const laneVectors = "../testdata/wire/lane.json"

// laneVector is what a dialler with default settings sends at one step.
type laneVector struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Hex   string `json:"hex"`
}

type laneFile struct {
	About   string       `json:"about"`
	Vectors []laneVector `json:"vectors"`
}

var (
	vectorMessage = []byte{0x82, 0x05, 0x07} // ping 7
	vectorBody    = []byte("bytes")
)

// laneSteps are the vectors of lane.json, with their size and what a dialler does
// to send them.
var laneSteps = []struct {
	laneVector
	size int
	do   func(t *testing.T, c transport.Conn)
}{
	{laneVector{Name: "the lane opens", About: "yamux: window update, SYN, stream 1, 262,144 bytes more than the 256 KiB that a stream begins with"}, 12,
		func(*testing.T, transport.Conn) {}},
	{laneVector{Name: "a message", About: "yamux: data, stream 1, 4 bytes: the length 3 as a uvarint, and ping 7"}, 12 + 1 + len(vectorMessage),
		func(t *testing.T, c transport.Conn) {
			if err := c.Send(t.Context(), vectorMessage, nil); err != nil {
				t.Error(err)
			}
		}},
	{laneVector{Name: "a bulk body", About: "yamux: stream 3 opens; data, 7 bytes: body number 9, of 5 bytes, as uvarints, and the 5 bytes"}, 12 + 12 + 2 + len(vectorBody),
		func(t *testing.T, c transport.Conn) {
			if err := c.SendBody(t.Context(), 9, vectorBody); err != nil {
				t.Error(err)
			}
		}},
}

func TestLaneVectorsAreWhatIsSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link, err := transport.Dial(t.Context(), "tcp://"+l.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := link.Open(transport.Dialer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Abort(nil)
	go newRecorder().serve(conn)
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	file := laneFile{About: "What follows the handshake on the connection, from the dialler, in this order."}
	for _, step := range laneSteps {
		step.do(t, conn)
		sent := make([]byte, step.size)
		peer.SetReadDeadline(time.Now().Add(time.Minute))
		if _, err := io.ReadFull(peer, sent); err != nil {
			t.Fatal(err)
		}
		step.Hex = hex.EncodeToString(sent)
		file.Vectors = append(file.Vectors, step.laneVector)
	}
	want, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(laneVectors, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(laneVectors); err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is not what this version sends (%v); if it should be, run the test with -update\n%s", laneVectors, err, want)
	}
}

func TestLaneVectorsReadBack(t *testing.T) {
	text, err := os.ReadFile(laneVectors)
	if err != nil {
		t.Fatal(err)
	}
	var file laneFile
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	a := acceptOne(t, "tcp://127.0.0.1:0", nil)
	peer, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	go io.Copy(io.Discard, peer)
	for _, v := range file.Vectors {
		b, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	conn := <-a.conn
	if conn == nil {
		t.Fatal(a.err)
	}
	defer conn.Abort(nil)
	r := newRecorder()
	go r.serve(conn)
	if msg := <-r.lane; !bytes.Equal(msg, vectorMessage) {
		t.Errorf("the lane brought %x", msg)
	}
	if b := <-r.done; b.id != 9 || !bytes.Equal(b.data, vectorBody) || b.err != nil {
		t.Errorf("body %d came: %q, error %v", b.id, b.data, b.err)
	}
}
