package wire

import "github.com/netobj/netobj/marshal"

// Pressure asks the receiver to look for references to the sender's objects that it
// no longer uses: [13, bytes, objects]. It is a hint.
type Pressure struct {
	Bytes   uint64 // of memory that the sender has in use; 0 if it does not tell
	Objects uint64 // of the sender that the receiver holds
}

// Append appends the message.
func (m *Pressure) Append(b []byte) []byte {
	return marshal.AppendUint(marshal.AppendUint(begin(b, TypePressure, 3), m.Bytes), m.Objects)
}

// ParsePressure reads a Pressure.
func ParsePressure(msg []byte, m *Pressure) error {
	d, more := body(msg, 3)
	m.Bytes, m.Objects = d.Uint64(), d.Uint64()
	return end(&d, more, "Pressure")
}
