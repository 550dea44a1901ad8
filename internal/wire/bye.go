package wire

import "github.com/netobj/netobj/marshal"

// Bye is the last message of a node that closes: [7, code, text]. All that it
// held is released, and its own objects are gone.
type Bye struct {
	Code uint64 // ByeClosing or ByeDrained; others are reserved, and taken like ByeClosing
	Text string // for people, at most MaxText bytes
}

const (
	ByeClosing = 0 // calls without an answer may have run
	ByeDrained = 1 // calls without an answer have not run, and never will
)

// Append appends the message.
func (m *Bye) Append(b []byte) []byte {
	return appendText(marshal.AppendUint(begin(b, TypeBye, 3), m.Code), m.Text)
}

// ParseBye reads a Bye.
func ParseBye(msg []byte, m *Bye) error {
	d, more := body(msg, 3)
	m.Code = d.Uint64()
	m.Text = clean(d.String())
	return end(&d, more, "Bye")
}
