package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzHello(f *testing.F)    { codecNamed(f, "hello").fuzz(f) }
func FuzzHelloAck(f *testing.F) { codecNamed(f, "hello_ack").fuzz(f) }
func FuzzGo(f *testing.F)       { codecNamed(f, "go").fuzz(f) }

func TestVersions(t *testing.T) {
	v := wire.Versions{Min: 2, Max: 4}
	for n, want := range []bool{false, false, true, true, true, false} {
		if v.Include(uint64(n)) != want {
			t.Errorf("%v include %d: %v", v, n, !want)
		}
	}
	if one := (wire.Versions{Min: 3, Max: 3}).String(); v.String() != "2 to 4" || one != "3" {
		t.Errorf("%v, %s", v, one)
	}
}

func TestGoNames(t *testing.T) {
	if s := wire.GoReplace.String() + " " + wire.GoStatus(9).String(); s != "replace status 9" {
		t.Error(s)
	}
}

// An older node does not send what was added since: it reads as zero.
func TestMissingKeysAndLimitsAreZero(t *testing.T) {
	var h wire.Hello
	msg := frame(append(append([]byte{0xa4, 1, 1, 2, 1, 4, 0x50}, filled(16, 7)...), 8, 0x82, 0x19, 0x10, 0x00, 5)...)
	if err := wire.ReadHello(bytes.NewReader(msg), &h); err != nil {
		t.Fatal(err)
	}
	if h.Limits != (wire.Limits{Message: 4096, Depth: 5}) || h.Lease != 0 || h.WantPeer != nil || h.Features != nil || h.Node != [16]byte{} {
		t.Errorf("%+v", h)
	}
}

func TestALeaseBeyondGoIsTheLongest(t *testing.T) {
	var h wire.Hello
	msg := frame(append(append([]byte{0xa4, 1, 1, 2, 1, 4, 0x50}, filled(16, 7)...), 7, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255)...)
	if err := wire.ReadHello(bytes.NewReader(msg), &h); err != nil || h.Lease < 290*365*24*time.Hour {
		t.Errorf("lease %v, error %v", h.Lease, err)
	}
}

func TestHandshakeRefuses(t *testing.T) {
	good := append([]byte{1, 1, 2, 1, 4, 0x50}, filled(16, 7)...)
	pairs := func(n byte, more ...byte) []byte { return frame(append(append([]byte{0xa0 | n}, good...), more...)...) }
	for name, c := range map[string]struct {
		msg  []byte
		want string
	}{
		"a list":            {frame(0x80), "expected a map"},
		"nothing":           {frame(), "too early"},
		"no frame":          {nil, "stopped after 0 bytes"},
		"half a magic":      {[]byte("NO"), "stopped after 2 bytes"},
		"half a payload":    {pairs(3)[:20], "stopped after 20 bytes"},
		"versions reversed": {frame(append(append([]byte{0xa3, 1, 3, 2, 1}, 4, 0x50), filled(16, 7)...)...), "no version"},
		"version in text":   {frame(0xa1, 1, 0x61, '1'), "expected"},
		"bytes behind":      {frame(append(pairs(3)[8:], 0)...), "bytes follow"},
		"limits in a map":   {pairs(4, 8, 0xa0), "expected an array"},
		"a long identity":   {pairs(4, 3, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "identity of 17 bytes"},
		"many features":     {pairs(4, append([]byte{9, 0x99, 1, 1}, filled(257, 0x60)...)...), "at most 256 are allowed"},
		"an unknown tag":    {pairs(4, 0x18, 77, 0xd8, 99, 0), "unknown tag"},
	} {
		var h wire.Hello
		err := wire.ReadHello(bytes.NewReader(c.msg), &h)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", name, err, c.want)
		}
	}
}

func TestForeignProtocolsAreNamed(t *testing.T) {
	for first, want := range map[string]string{
		"GET / HTTP/1.1\r\n": "HTTP", "PRI * HTTP/2.0\r\n": "HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01": "TLS", "SSH-2.0-x": "SSH",
		"\x00\x00\x00\x00\x00\x00\x00\x00": "an unknown protocol", "X": "an unknown protocol",
	} {
		var h wire.Hello
		err := wire.ReadHello(strings.NewReader(first), &h)
		foreign, ok := errors.AsType[*wire.ForeignError](err)
		if !ok || !wire.IsForeign(err) || foreign.Protocol != want || !strings.HasPrefix(first, string(foreign.First)) {
			t.Errorf("%q: %v", first, err)
		}
	}
	if wire.IsForeign(io.EOF) {
		t.Error("an end is foreign")
	}
}

// What a peer says of a frame's size is believed only up to the limit, and paid
// for only when it is known.
func TestAFramesSizeIsBounded(t *testing.T) {
	huge := append([]byte("NOBJ\xff\xff\xff\xff"), filled(100, 0)...)
	var h wire.Hello
	if n := testing.AllocsPerRun(10, func() { wire.ReadHello(bytes.NewReader(huge), &h) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
	if err := wire.ReadHello(bytes.NewReader(huge), &h); err == nil || !strings.Contains(err.Error(), "at most 65536") {
		t.Error(err)
	}
}

func TestFramesArriveInPieces(t *testing.T) {
	c := codecNamed(t, "hello")
	var h wire.Hello
	if err := wire.ReadHello(iotest.OneByteReader(bytes.NewReader(c.encode(&dialler))), &h); err != nil || !c.same(&h, &dialler) {
		t.Errorf("%+v, error %v", h, err)
	}
}

func TestFailingWritersAreReported(t *testing.T) {
	_, w := io.Pipe()
	w.Close()
	if err := errors.Join(wire.WriteHello(w, &dialler)); err == nil {
		t.Error("a hello is written to a closed pipe")
	}
	if wire.WriteHelloAck(w, &wire.HelloAck{}) == nil || wire.WriteGo(w, wire.GoStart) == nil {
		t.Error("so is its answer")
	}
}
