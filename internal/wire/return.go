package wire

import (
	"fmt"

	"github.com/netobj/netobj/marshal"
)

// Status says how a call ended.
type Status uint64

// The ends of a call, and what the body of the Return then holds.
const (
	StatusOK    Status = 0 // [results...]
	StatusError Status = 1 // the method's error: [error tree, [results...]]
	StatusFault Status = 2 // the runtime's: [code, error tree or null, hint, outcome]
)

// Return ends a call: [2, id, status, caps, body].
type Return struct {
	ID     uint64
	Status Status
	Caps   []Cap
	Body   Body
}

// AppendHead appends the message up to its body, as Call.AppendHead does.
func (m *Return) AppendHead(b []byte, inline int) []byte {
	b = begin(b, TypeReturn, 5)
	b = marshal.AppendUint(b, m.ID)
	b = marshal.AppendUint(b, uint64(m.Status))
	b = appendCaps(b, m.Caps)
	return m.Body.appendHead(b, inline)
}

// ParseReturn reads a Return into m, whose slices it uses again.
func ParseReturn(msg []byte, m *Return) error {
	d, more := body(msg, 5)
	*m = Return{ID: d.Uint64(), Status: parseStatus(&d), Caps: m.Caps[:0]}
	m.Caps = parseCaps(&d, m.Caps)
	m.Body.parse(&d)
	return end(&d, more, "Return")
}

func parseStatus(d *marshal.Decoder) Status {
	s := Status(d.Uint64())
	if s > StatusFault {
		d.Fail(fmt.Errorf("unknown status %d", s))
	}
	return s
}
