package wire

import "github.com/netobj/netobj/marshal"

// Release returns grants: [4, [entry, ...]].
type Release struct {
	Entries []Entry
}

// Entry is n grants of one reference: [xid, n], or xid alone for a single grant, as
// most are.
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
		if e.N == 1 {
			b = marshal.AppendUint(b, e.XID)
			continue
		}
		b = marshal.AppendArray(b, 2)
		b = marshal.AppendUint(b, e.XID)
		b = marshal.AppendUint(b, e.N)
	}
	return b
}

// parseEntries reads a list of up to limit entries into list.
func parseEntries(d *marshal.Decoder, list []Entry, limit int) []Entry {
	for range entries(d, limit) {
		e := parseEntry(d)
		if d.Err() != nil {
			break
		}
		list = append(list, e)
	}
	return list
}

func parseEntry(d *marshal.Decoder) Entry {
	if !d.IsArray() {
		return Entry{XID: d.Uint64(), N: 1}
	}
	added := tuple(d, 2)
	e := Entry{XID: d.Uint64(), N: d.Uint64()}
	pass(d, added)
	return e
}
