package wire

import (
	"fmt"

	"github.com/netobj/netobj/marshal"
)

// CapKind says what an entry of a message's reference table is.
type CapKind uint64

// The kinds of references.
const (
	CapMine  CapKind = 0 // an object of the sender, granted by this message
	CapYours CapKind = 1 // an object of the receiver, which the sender holds

	CapThird CapKind = 2 // an object of a third node: granted as a forwarder of the sender's, and introduced

	CapAnswer CapKind = 3 // reserved: results of other calls
)

// Cap is one entry of a message's reference table: [kind, xid, object, iface]
// for CapMine, [kind, xid, 0, iface] for CapYours. It is 0 that stands for the
// object there; this version ignores it. CapThird is CapMine of the forwarder,
// with what Introduction adds.
type Cap struct {
	Kind   CapKind
	XID    uint64
	Object uint64        // the owner's number, the same in all sessions
	Iface  string        // name of the interface that it is passed as
	Third  *Introduction // with CapThird
}

// MaxIface is the longest interface name that is accepted, in bytes.
const MaxIface = 255

// maxCap is the largest entry in bytes: a head, the kind, two numbers and a name
// with its head.
const maxCap = 1 + 1 + 9 + 9 + 2 + MaxIface

// MaxHead is the largest head, in bytes, of a Call or Return with so many
// references and no metadata. An introduction counts as ThirdWeight references.
func MaxHead(references int) int { return 64 + references*maxCap }

func appendCaps(b []byte, caps []Cap) []byte {
	b = marshal.AppendArray(b, len(caps))
	for i := range caps {
		c := &caps[i]
		n := 4
		if c.Third != nil {
			n += introductionElements
		}
		b = marshal.AppendArray(b, n)
		b = marshal.AppendUint(b, uint64(c.Kind))
		b = marshal.AppendUint(b, c.XID)
		b = marshal.AppendUint(b, c.Object)
		b = marshal.AppendString(b, c.Iface)
		if c.Third != nil {
			b = c.Third.append(b)
		}
	}
	return b
}

// parseCaps reads a reference table of up to maxCaps entries, an introduction
// counting as ThirdWeight. Those of later versions keep their kind and nothing
// else.
func parseCaps(d *marshal.Decoder, caps []Cap, maxCaps int, names *Names) []Cap {
	left := maxCaps
	for range entries(d, maxCaps) {
		more := tuple(d, 1)
		c := Cap{Kind: CapKind(d.Uint64())}
		if left -= c.Kind.weight(); left < 0 {
			d.Fail(fmt.Errorf("references that count as more than %d, so many are allowed", maxCaps))
		}
		more = c.parse(d, more, names)
		pass(d, more)
		if d.Err() != nil {
			return caps
		}
		caps = append(caps, c)
	}
	return caps
}

// parse reads what follows the kind, of more elements, and returns how many are
// left.
func (c *Cap) parse(d *marshal.Decoder, more int, names *Names) int {
	need := 3
	switch {
	case c.Kind > CapThird:
		return more
	case c.Kind == CapThird:
		need += introductionElements
	}
	if more < need {
		d.Fail(tooFew(more+1, need+1))
		return 0
	}
	c.XID = d.Uint64()
	c.Object = d.Uint64()
	c.Iface = parseIface(d, names)
	if c.Kind == CapThird {
		c.Third = parseIntroduction(d)
	}
	return more - need
}

func (k CapKind) weight() int {
	if k == CapThird {
		return ThirdWeight
	}
	return 1
}

func parseIface(d *marshal.Decoder, names *Names) string {
	name := d.Text()
	if len(name) > MaxIface {
		d.Fail(fmt.Errorf("interface name of %d bytes, at most %d are allowed", len(name), MaxIface))
		return ""
	}
	return names.text(name)
}
