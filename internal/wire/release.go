package wire

import "github.com/netobj/netobj/marshal"

// Release returns grants: [4, [[xid, n], ...]].
type Release struct {
	Entries []Entry
}

// Entry is n grants of one reference.
type Entry struct {
	XID uint64
	N   uint64
}

// Append appends the message; it takes up to MaxEntries entries.
func (m *Release) Append(b []byte) []byte {
	return appendEntries(begin(b, TypeRelease, 2), m.Entries)
}

// ParseRelease reads a Release into m, whose slice it uses again.
func ParseRelease(msg []byte, m *Release) error {
	d, more := body(msg, 2)
	m.Entries = parseEntries(&d, m.Entries[:0], MaxEntries)
	return end(&d, more, "Release")
}

func appendEntries(b []byte, list []Entry) []byte {
	b = marshal.AppendArray(b, len(list))
	for _, e := range list {
		b = marshal.AppendArray(b, 2)
		b = marshal.AppendUint(b, e.XID)
		b = marshal.AppendUint(b, e.N)
	}
	return b
}

// parseEntries reads a list of up to limit entries into list.
func parseEntries(d *marshal.Decoder, list []Entry, limit int) []Entry {
	for range entries(d, limit) {
		added := tuple(d, 2)
		e := Entry{XID: d.Uint64(), N: d.Uint64()}
		pass(d, added)
		if d.Err() != nil {
			break
		}
		list = append(list, e)
	}
	return list
}
