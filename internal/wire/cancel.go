package wire

import "github.com/netobj/netobj/marshal"

// Cancel says that the caller no longer waits for call ID: [3, id]. A Return
// still comes.
type Cancel struct {
	ID uint64
}

// Append appends the message.
func (m *Cancel) Append(b []byte) []byte {
	return marshal.AppendUint(begin(b, TypeCancel, 2), m.ID)
}

// ParseCancel reads a Cancel.
func ParseCancel(msg []byte, m *Cancel) error {
	d, more := body(msg, 2)
	m.ID = d.Uint64()
	return end(&d, more, "Cancel")
}
