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
	b = marshal.AppendArray(begin(b, TypeRelease, 2), len(m.Entries))
	for _, e := range m.Entries {
		b = marshal.AppendArray(b, 2)
		b = marshal.AppendUint(b, e.XID)
		b = marshal.AppendUint(b, e.N)
	}
	return b
}

// ParseRelease reads a Release into m, whose slice it uses again.
func ParseRelease(msg []byte, m *Release) error {
	d, more := body(msg, 2)
	m.Entries = m.Entries[:0]
	for range entries(&d, MaxEntries) {
		added := tuple(&d, 2)
		e := Entry{XID: d.Uint64(), N: d.Uint64()}
		pass(&d, added)
		if d.Err() != nil {
			break
		}
		m.Entries = append(m.Entries, e)
	}
	return end(&d, more, "Release")
}
