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
	Text   string // for people, at most MaxText bytes
}

// Append appends the message; it takes up to MaxEntries entries.
func (m *Broken) Append(b []byte) []byte {
	b = marshal.AppendArray(begin(b, TypeBroken, 2), len(m.Entries))
	for _, e := range m.Entries {
		b = marshal.AppendArray(b, 3)
		b = marshal.AppendUint(b, e.XID)
		b = marshal.AppendUint(b, e.Reason)
		b = appendText(b, e.Text)
	}
	return b
}

// ParseBroken reads a Broken into m, whose slice it uses again.
func ParseBroken(msg []byte, m *Broken) error {
	d, more := body(msg, 2)
	m.Entries = m.Entries[:0]
	for range entries(&d, MaxEntries) {
		added := tuple(&d, 3)
		e := BrokenEntry{XID: d.Uint64(), Reason: d.Uint64(), Text: clean(d.String())}
		pass(&d, added)
		if d.Err() != nil {
			break
		}
		m.Entries = append(m.Entries, e)
	}
	return end(&d, more, "Broken")
}
