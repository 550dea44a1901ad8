package wire

import "github.com/netobj/netobj/marshal"

// Body is the payload of a Call or Return: a byte string in the message, or
// [id, size] of what comes on a bulk stream.
type Body struct {
	Inline []byte // part of the message; valid as long as that
	Bulk   bool   // the payload comes on a bulk stream
	BulkID uint64 // chosen by the sender, never used again in the session
	Size   uint64 // bytes of a bulk payload
}

func (m *Body) appendHead(b []byte, inline int) []byte {
	if !m.Bulk {
		return marshal.AppendBytesHead(b, inline)
	}
	b = marshal.AppendArray(b, 2)
	b = marshal.AppendUint(b, m.BulkID)
	return marshal.AppendUint(b, m.Size)
}

func (m *Body) parse(d *marshal.Decoder) {
	*m = Body{Bulk: d.IsArray()}
	if !m.Bulk {
		m.Inline = d.View()
		return
	}
	more := tuple(d, 2)
	m.BulkID = d.Uint64()
	m.Size = d.Uint64()
	pass(d, more)
}
