package wire

import "github.com/netobj/netobj/marshal"

// Broken says that references the sender gave can no longer be used:
// [8, [[xid, reason, text], ...]].
type Broken struct {
	Entries []BrokenEntry
}

// BrokenEntry is one of them. Reason is an error code of the runtime.
type BrokenEntry struct {
	XID    uint64
	Reason uint64
	Text   string
}

// Append appends the message; it takes up to MaxEntries entries.
func (m *Broken) Append(b []byte) []byte {
	b = marshal.AppendArray(begin(b, TypeBroken, 2), len(m.Entries))
	for _, e := range m.Entries {
		b = marshal.AppendArray(b, 3)
		b = marshal.AppendUint(b, e.XID)
		b = marshal.AppendUint(b, e.Reason)
		b = marshal.AppendString(b, e.Text)
	}
	return b
}

// ParseBroken reads a Broken.
func ParseBroken(msg []byte, m *Broken) error {
	d := body(msg)
	m.Entries = m.Entries[:0]
	for range entries(d.Next()) {
		outer := d.BeginTuple()
		m.Entries = append(m.Entries, BrokenEntry{XID: d.Next().Uint64(), Reason: d.Next().Uint64(), Text: d.Next().String()})
		d.EndTuple(outer)
		if d.Err() != nil {
			break
		}
	}
	return failed("Broken", d.End())
}
