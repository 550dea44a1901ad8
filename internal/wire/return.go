package wire

import "github.com/netobj/netobj/marshal"

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

	Names *Names // what ParseReturn knows of names in Caps; it does not travel
}

// AppendHead appends the message up to its body, as Call.AppendHead does.
func (m *Return) AppendHead(b []byte, inline int) []byte {
	b = begin(b, TypeReturn, 5)
	b = marshal.AppendUint(b, m.ID)
	b = marshal.AppendUint(b, uint64(m.Status))
	b = appendCaps(b, m.Caps)
	return m.Body.appendHead(b, inline)
}

// ParseReturn reads a Return with up to maxCaps references into m, whose slices
// it uses again. The error is ErrReserved if the status is one of a later
// version; everything is then valid.
func ParseReturn(msg []byte, m *Return, maxCaps int) error {
	d, more := body(msg, 5)
	*m = Return{ID: d.Uint64(), Status: Status(d.Uint64()), Caps: m.Caps[:0], Names: m.Names}
	m.Caps = parseCaps(&d, m.Caps, maxCaps, m.Names)
	m.Body.parse(&d)
	if err := end(&d, more, "Return"); err != nil {
		return err
	}
	if m.Status > StatusFault {
		return ErrReserved
	}
	return nil
}
