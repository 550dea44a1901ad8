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

	// Reserved: introductions to a third node, results of other calls.
	CapThird  CapKind = 2
	CapAnswer CapKind = 3
)

// Cap is one entry of a message's reference table: [kind, xid, object, iface]
// for CapMine, [kind, xid, 0, iface] for CapYours. It is 0 that stands for the
// object there; this version ignores it.
type Cap struct {
	Kind   CapKind
	XID    uint64
	Object uint64 // the owner's number, the same in all sessions
	Iface  string // name of the interface that it is passed as
}

// MaxIface is the longest interface name that is accepted, in bytes.
const MaxIface = 255

// maxCap is the largest entry in bytes: a head, the kind, two numbers and a name
// with its head.
const maxCap = 1 + 1 + 9 + 9 + 2 + MaxIface

// MaxHead is the largest head, in bytes, of a Call or Return with so many
// references and no metadata.
func MaxHead(references int) int { return 64 + references*maxCap }

func appendCaps(b []byte, caps []Cap) []byte {
	b = marshal.AppendArray(b, len(caps))
	for i := range caps {
		c := &caps[i]
		b = marshal.AppendArray(b, 4)
		b = marshal.AppendUint(b, uint64(c.Kind))
		b = marshal.AppendUint(b, c.XID)
		b = marshal.AppendUint(b, c.Object)
		b = marshal.AppendString(b, c.Iface)
	}
	return b
}

// parseCaps reads a reference table of up to maxCaps entries. Those of later
// versions keep their kind and nothing else.
func parseCaps(d *marshal.Decoder, caps []Cap, maxCaps int) []Cap {
	for range entries(d, maxCaps) {
		more := tuple(d, 1)
		c := Cap{Kind: CapKind(d.Uint64())}
		if c.Kind <= CapYours {
			if more < 3 {
				d.Fail(tooFew(more+1, 4))
			}
			more -= 3
			c.XID = d.Uint64()
			c.Object = d.Uint64()
			c.Iface = parseIface(d)
		}
		pass(d, more)
		if d.Err() != nil {
			return caps
		}
		caps = append(caps, c)
	}
	return caps
}

func parseIface(d *marshal.Decoder) string {
	name := d.String()
	if len(name) > MaxIface {
		d.Fail(fmt.Errorf("interface name of %d bytes, at most %d are allowed", len(name), MaxIface))
	}
	return name
}
