package wire

import "github.com/netobj/netobj/marshal"

// Ping asks for a sign of life: [5, n].
type Ping struct {
	N uint64 // comes back in the Pong
}

// Append appends the message.
func (m *Ping) Append(b []byte) []byte { return marshal.AppendUint(begin(b, TypePing, 2), m.N) }

// ParsePing reads a Ping.
func ParsePing(msg []byte, m *Ping) error {
	d, more := body(msg, 2)
	m.N = d.Uint64()
	return end(&d, more, "Ping")
}

// Pong is the sign of life: [6, n].
type Pong struct {
	N uint64 // of the Ping
}

// Append appends the message.
func (m *Pong) Append(b []byte) []byte { return marshal.AppendUint(begin(b, TypePong, 2), m.N) }

// ParsePong reads a Pong.
func ParsePong(msg []byte, m *Pong) error {
	d, more := body(msg, 2)
	m.N = d.Uint64()
	return end(&d, more, "Pong")
}
