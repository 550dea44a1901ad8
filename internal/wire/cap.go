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

// maxIface is the longest interface name that is accepted, in bytes.
const maxIface = 1024

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

// parseCaps reads a reference table. Entries of later versions keep their kind
// and nothing else.
func parseCaps(d *marshal.Decoder, caps []Cap) []Cap {
	for range entries(d) {
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
	if len(name) > maxIface {
		d.Fail(fmt.Errorf("interface name of %d bytes, at most %d are allowed", len(name), maxIface))
	}
	return name
}
