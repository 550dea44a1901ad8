package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
)

// messages are the codecs of the lane's messages.
func messages() []*codec {
	var all []*codec
	for _, c := range codecs {
		if c.version > 0 {
			all = append(all, c)
		}
	}
	return all
}

// sent returns what the examples send.
func (c *codec) sent() (all [][]byte) {
	for _, x := range c.vectors {
		if x.m != nil {
			all = append(all, c.encode(x.m))
		}
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	for _, c := range codecs {
		for _, x := range c.vectors {
			if x.m == nil {
				continue
			}
			m, err := c.parse(c.encode(x.m))
			if err != nil || !c.same(m, x.m) {
				t.Errorf("%s/%s: %s comes back as %s, error %v", c.name, x.name, c.json(x.m), c.json(m), err)
			}
		}
	}
}

// elements splits a message into its elements.
func elements(t *testing.T, msg []byte) (all [][]byte) {
	t.Helper()
	var d marshal.Decoder
	d.Reset(msg, nil, nil, nil)
	for range d.Array() {
		item := d.RawItem()
		if item == nil {
			item = []byte{0xf6}
		}
		all = append(all, item)
	}
	if d.Err() != nil {
		t.Fatal(d.Err())
	}
	return all
}

// complete adds, as null, elements that were left out of a message.
func (c *codec) complete(elements [][]byte) [][]byte {
	if c.name == "call" && len(elements) == c.version {
		elements = append(elements, []byte{0xf6})
	}
	return elements
}

func join(elements [][]byte) []byte {
	return append(marshal.AppendArray(nil, len(elements)), bytes.Join(elements, nil)...)
}

// A newer node adds elements at the end of a message.
func TestLongerMessagesAreReadAsFarAsKnown(t *testing.T) {
	extra := [][]byte{{0xa1, 0x01, 0x82, 0x00, 0x00}, {0x63, 'n', 'e', 'w'}, {0xf6}, {0x1b, 1, 2, 3, 4, 5, 6, 7, 8}}
	for _, c := range messages() {
		for _, msg := range c.sent() {
			want, _ := c.parse(msg)
			m, err := c.parse(join(append(c.complete(elements(t, msg)), extra...)))
			if err != nil || !c.same(m, want) {
				t.Errorf("%s with more elements: %s, error %v", c.name, c.json(m), err)
			}
		}
	}
}

// What is skipped is looked at all the same: it must be good CBOR.
func TestWhatIsSkippedIsChecked(t *testing.T) {
	for name, extra := range map[string][]byte{
		"indefinite length": {0x9f, 0xff}, "key twice": {0xa2, 1, 1, 1, 1}, "not UTF-8": {0x61, 0xff}, "unknown tag": {0xd8, 99, 0},
		"too deep": append(bytes.Repeat([]byte{0x81}, 40), 0), "not there": {}, "cut": {0x82, 0},
	} {
		for _, c := range messages() {
			msg := c.sent()[0]
			if m, err := c.parse(join(append(c.complete(elements(t, msg)), extra))); err == nil {
				t.Errorf("%s with an element more that is %s: %s", c.name, name, c.json(m))
			}
		}
	}
}

// All elements of version 1 must be there. One that a later version adds will
// read as zero where it is not sent.
func TestShorterMessagesAreRefused(t *testing.T) {
	for _, c := range messages() {
		all := elements(t, c.sent()[0])
		if len(all) != c.version {
			t.Errorf("%s has %d elements, %d in version 1", c.name, len(all), c.version)
		}
		for n := range all {
			if _, err := c.parse(join(all[:n])); err == nil {
				t.Errorf("%s with %d of %d elements is taken", c.name, n, len(all))
			}
		}
	}
}

func TestEveryCutIsRefused(t *testing.T) {
	for _, c := range codecs {
		for _, msg := range c.sent() {
			for n := range msg {
				if m, err := c.parse(msg[:n]); err == nil {
					t.Errorf("%s cut after %d of %d bytes: %s", c.name, n, len(msg), c.json(m))
				}
			}
		}
	}
}

func TestBytesBehindAMessageAreRefused(t *testing.T) {
	for _, c := range messages() {
		if _, err := c.parse(append(c.sent()[0], 0)); err == nil {
			t.Errorf("%s with a byte more is taken", c.name)
		}
	}
}

// Each element in turn is replaced by items of all kinds. Nothing but what the
// element may be is taken, and null, which reads as zero.
func TestWrongTypesAreRefused(t *testing.T) {
	items := map[string][]byte{
		"a negative number": {0x20}, "bytes": {0x41, 0}, "text": {0x61, 'x'}, "a list": {0x81, 0x61, 'x'}, "a map": {0xa1, 0x61, 'x', 0},
		"a bool": {0xf5}, "a float": {0xf9, 0x3c, 0}, "a tag": {0xc2, 0x41, 1},
	}
	may := map[string]string{
		"call 2": "a list", "call 7": "a map", "call 8": "bytes", "return 4": "bytes", "bye 2": "text", "claimresult 4": "text",
	}
	for _, c := range messages() {
		all := elements(t, c.sent()[0])
		for i := 1; i < len(all); i++ {
			for kind, item := range items {
				changed := append([][]byte{}, all...)
				changed[i] = item
				m, err := c.parse(join(changed))
				allowed := may[c.name+" "+string(rune('0'+i))] == kind
				if (err == nil || errors.Is(err, wire.ErrReserved)) != allowed {
					t.Errorf("%s with %s as element %d: %s, error %v", c.name, kind, i, c.json(m), err)
				}
			}
		}
	}
}

func TestPeek(t *testing.T) {
	for name, bad := range map[string][]byte{
		"nothing": {}, "null": {0xf6}, "no array": {0x01}, "an empty array": {0x80}, "type null": {0x81, 0xf6},
		"type 0": {0x81, 0}, "type -1": {0x81, 0x20}, "type in text": {0x81, 0x61, '1'}, "more elements than bytes": {0x9a, 1, 0, 0, 0, 1},
	} {
		if kind, err := wire.Peek(bad); err == nil || !strings.Contains(err.Error(), "malformed message") {
			t.Errorf("%s: %v, error %v", name, kind, err)
		}
	}
}

// Lists are bounded by their heads, before anything is allocated for them.
func TestCountsAreBoundedBeforeAllocation(t *testing.T) {
	many := func(n int, item ...byte) []byte { return append(marshal.AppendArray(nil, n), bytes.Repeat(item, n)...) }
	for name, msg := range map[string][]byte{
		"call":      bytes.Join([][]byte{{0x89, 1, 1, 1, 1, 0, 0}, many(maxCaps+1, 0x81, 2), {0xf6, 0x40}}, nil),
		"return":    bytes.Join([][]byte{{0x85, 2, 1, 0}, many(maxCaps+1, 0x81, 2), {0x40}}, nil),
		"release":   append([]byte{0x82, 4}, many(wire.MaxEntries+1, 0x82, 1, 1)...),
		"broken":    append([]byte{0x82, 8}, many(wire.MaxEntries+1, 0x83, 1, 1, 0x60)...),
		"ack":       append([]byte{0x82, 9}, many(wire.MaxEntries+1, 7)...),
		"reconcile": bytes.Join([][]byte{{0x86, 10, 2, 0}, many(wire.MaxEntries+1, 0x82, 1, 1), {0x80, 0x80}}, nil),
	} {
		c := codecNamed(t, name)
		if m, err := c.parse(msg); err == nil || !strings.Contains(err.Error(), "are allowed") {
			t.Errorf("%s with too many entries: error %v", name, err)
		} else if len(c.json(m)) > 300 {
			t.Errorf("%s: some of them were read: %.300s", name, c.json(m))
		}
	}
}

func TestAsManyEntriesAsAreAllowed(t *testing.T) {
	var release wire.Release
	var broken wire.Broken
	for i := range uint64(wire.MaxEntries) {
		release.Entries = append(release.Entries, wire.Entry{XID: i, N: i})
		broken.Entries = append(broken.Entries, wire.BrokenEntry{XID: i, Reason: i})
	}
	if err := wire.ParseRelease(release.Append(nil), new(wire.Release)); err != nil {
		t.Error(err)
	}
	if err := wire.ParseBroken(broken.Append(nil), new(wire.Broken)); err != nil {
		t.Error(err)
	}
}

func TestTypeNames(t *testing.T) {
	for kind, want := range map[wire.Type]string{0: "message type 0", wire.TypeCall: "Call", wire.TypeCredit: "Credit", 15: "message type 15"} {
		if kind.String() != want {
			t.Errorf("%d is called %v", kind, kind)
		}
	}
}

// fuzz feeds a parser anything. What it takes must survive: written again and
// read again it is the same, and from then on so are the bytes.
func (c *codec) fuzz(f *testing.F) {
	for _, v := range readVectors(f, c.name).Vectors {
		f.Add(v.bytes(f))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := c.parse(b)
		if err != nil {
			return
		}
		once := c.encode(m)
		again, err := c.parse(once)
		if err != nil || !c.same(m, again) {
			t.Fatalf("%s is written as %x and comes back as %s, error %v", c.json(m), once, c.json(again), err)
		}
		if twice := c.encode(again); !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x", once, twice)
		}
	})
}
