package wire_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

func FuzzCall(f *testing.F) { codecNamed(f, "call").fuzz(f) }

func TestTimeoutsAreRoundedUp(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{
		-1: 0, 0: 0, 1: time.Microsecond, time.Microsecond: time.Microsecond, time.Microsecond + 1: 2 * time.Microsecond, 1<<63 - 1: 9223372036854775 * time.Microsecond,
	} {
		var m wire.Call
		b := (&wire.Call{Timeout: timeout}).AppendHead(nil, 0)
		if err := wire.ParseCall(b, &m, 0); err != nil || m.Timeout != want {
			t.Errorf("a timeout of %v becomes %v, error %v", timeout, m.Timeout, err)
		}
	}
}

func TestATimeoutBeyondGoIsTheLongest(t *testing.T) {
	var m wire.Call
	msg := []byte{0x89, 1, 1, 1, 1, 0x1b, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0x80, 0xf6, 0x40}
	if err := wire.ParseCall(msg, &m, 0); err != nil || m.Timeout < 290*365*24*time.Hour {
		t.Errorf("timeout %v, error %v", m.Timeout, err)
	}
}

// A reserved call is answered, so its number must be known, its references
// counted, and its body taken from the bulk stream.
func TestOfAReservedCallTheRestIsValid(t *testing.T) {
	for name, msg := range map[string][]byte{
		"target": {0x89, 1, 7, 0x82, 5, 0x81, 0, 1, 0, 0, 0x81, 0x84, 1, 2, 0, 0x60, 0xf6, 0x82, 3, 0x19, 0x80, 0x01},
		"flag":   {0x89, 1, 7, 1, 1, 0, 0x18, 0x80, 0x81, 0x84, 1, 2, 0, 0x60, 0xf6, 0x82, 3, 0x19, 0x80, 0x01},
	} {
		var m wire.Call
		err := wire.ParseCall(msg, &m, maxCaps)
		if !errors.Is(err, wire.ErrReserved) || m.ID != 7 || len(m.Caps) != 1 || m.Caps[0].XID != 2 || !m.Body.Bulk || m.Body.BulkID != 3 || m.Body.Size != 32769 {
			t.Errorf("%s: %+v, error %v", name, m, err)
		}
	}
}

func TestInterfaceNamesAreBounded(t *testing.T) {
	m := wire.Call{Caps: []wire.Cap{{Iface: strings.Repeat("x", wire.MaxIface)}}}
	if err := wire.ParseCall(m.AppendHead(nil, 0), new(wire.Call), 1); err != nil {
		t.Error(err)
	}
	m.Caps[0].Iface += "x"
	if err := wire.ParseCall(m.AppendHead(nil, 0), new(wire.Call), 1); err == nil || !strings.Contains(err.Error(), "256 bytes, at most 255") {
		t.Errorf("one byte more: %v", err)
	}
}

// largest is the head of a message whose every number is as long as numbers get.
func largest(references int) (wire.Call, wire.Return) {
	const most = 1<<64 - 1
	caps := make([]wire.Cap, references)
	for i := range caps {
		caps[i] = wire.Cap{Kind: wire.CapYours, XID: most, Object: most, Iface: strings.Repeat("x", wire.MaxIface)}
	}
	body := wire.Body{Bulk: true, BulkID: most, Size: most}
	return wire.Call{ID: most, Target: wire.Target{XID: most}, Method: most, Timeout: 1<<63 - 1, Caps: caps, Body: body},
		wire.Return{ID: most, Status: wire.StatusFault, Caps: caps, Body: body}
}

func TestMaxHeadIsEnough(t *testing.T) {
	for _, references := range []int{0, 1, 300, 70000} {
		call, ret := largest(references)
		if c, r := len(call.AppendHead(nil, 0)), len(ret.AppendHead(nil, 0)); max(c, r) > wire.MaxHead(references) {
			t.Errorf("%d references: heads of %d and %d bytes, said to be at most %d", references, c, r, wire.MaxHead(references))
		}
	}
}

// The reader parses every message into the same Call.
func TestParsingUsesTheSlicesAgain(t *testing.T) {
	call := (&wire.Call{ID: 1, Caps: []wire.Cap{yours(1), yours(2), yours(3)}, Body: inline(nil)}).AppendHead(nil, 0)
	ret := (&wire.Return{ID: 1, Caps: []wire.Cap{yours(1), yours(2), yours(3)}}).AppendHead(nil, 0)
	release := (&wire.Release{Entries: []wire.Entry{{XID: 1, N: 1}, {XID: 2, N: 1}}}).Append(nil)
	var c wire.Call
	var r wire.Return
	var l wire.Release
	for name, parse := range map[string]func() error{
		"call":    func() error { return wire.ParseCall(call, &c, maxCaps) },
		"return":  func() error { return wire.ParseReturn(ret, &r, maxCaps) },
		"release": func() error { return wire.ParseRelease(release, &l) },
	} {
		parse() // makes the slices
		if n := testing.AllocsPerRun(100, func() {
			if err := parse(); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestAppendingAllocatesNothing(t *testing.T) {
	m := wire.Call{ID: 1, Method: deposit, Caps: []wire.Cap{mine(1, 2, account)}}
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { buf = m.AppendHead(buf[:0], 5) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// An introduction takes as much room as ThirdWeight references, and counts so.
func TestIntroductionsCountAsSeveralReferences(t *testing.T) {
	third := introduced
	third.XID, third.Object, third.Iface = 1<<64-1, 1<<64-1, strings.Repeat("x", wire.MaxIface)
	i := *third.Third
	i.Object, i.Expiry = 1<<64-1, 1<<63-1
	i.Addrs = slices.Repeat([]string{strings.Repeat("x", wire.MaxAddr)}, wire.MaxAddrs)
	third.Third = &i
	call, _ := largest(0)
	call.Caps = []wire.Cap{third}
	b := call.AppendHead(nil, 0)
	if len(b) > wire.MaxHead(wire.ThirdWeight) {
		t.Errorf("a head of %d bytes, said to be at most %d", len(b), wire.MaxHead(wire.ThirdWeight))
	}
	if err := wire.ParseCall(b, new(wire.Call), wire.ThirdWeight); err != nil {
		t.Error(err)
	}
	if err := wire.ParseCall(b, new(wire.Call), wire.ThirdWeight-1); err == nil || !strings.Contains(err.Error(), "are allowed") {
		t.Errorf("one too many: %v", err)
	}
}

func TestIntroductionsAreBounded(t *testing.T) {
	for want, change := range map[string]func(i *wire.Introduction){
		"list of 5 entries":    func(i *wire.Introduction) { i.Addrs = make([]string, wire.MaxAddrs+1) },
		"address of 129 bytes": func(i *wire.Introduction) { i.Addrs = []string{strings.Repeat("x", wire.MaxAddr+1)} },
		"key of 31 bytes":      func(i *wire.Introduction) { i.Key = make([]byte, 31) },
	} {
		i := *introduced.Third
		change(&i)
		m := wire.Call{Caps: []wire.Cap{{Kind: wire.CapThird, XID: 1, Object: 1, Third: &i}}}
		if err := wire.ParseCall(m.AppendHead(nil, 0), new(wire.Call), maxCaps); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
}

// A Call read after one with more in it keeps nothing of that.
func TestParsingForgetsTheLastCall(t *testing.T) {
	full, _ := largest(maxCaps)
	full.Meta = []byte{0xa0}
	var m wire.Call
	if err := wire.ParseCall(full.AppendHead(nil, 0), &m, maxCaps); err != nil {
		t.Fatal(err)
	}
	if err := wire.ParseCall((&wire.Call{ID: 1}).AppendHead(nil, 0), &m, maxCaps); err != nil {
		t.Fatal(err)
	}
	c := codecNamed(t, "call")
	if !c.same(&m, &wire.Call{ID: 1}) {
		t.Errorf("%s", c.json(&m))
	}
}
