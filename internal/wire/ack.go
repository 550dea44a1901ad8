package wire

// Ack says that the Returns of calls have come, where no Call says so soon:
// [9, [id, ...]].
type Ack struct {
	IDs []uint64
}

// Append appends the message; it takes up to MaxEntries calls.
func (m *Ack) Append(b []byte) []byte { return appendNumbers(begin(b, TypeAck, 2), m.IDs) }

// ParseAck reads an Ack into m, whose slice it uses again.
func ParseAck(msg []byte, m *Ack) error {
	d, more := body(msg, 2)
	m.IDs = parseNumbers(&d, m.IDs[:0], MaxEntries)
	return end(&d, more, "Ack")
}
