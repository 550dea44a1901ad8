package wire

import "github.com/netobj/netobj/marshal"

// Reconcile is what each side says first on a resumed connection, in as many
// messages as it takes: [10, conn, more, held, calls, have]. The numbers in each
// list grow, also from one message to the next.
type Reconcile struct {
	Conn  uint64   // number of the connection in its session
	More  bool     // another Reconcile follows
	Held  []Entry  // references of the receiver that the sender holds, with their grants
	Calls []uint64 // calls of the sender that have no Return
	Have  []uint64 // calls of the receiver that the sender knows
}

// Append appends the message; it takes up to MaxEntries entries in all lists
// together.
func (m *Reconcile) Append(b []byte) []byte {
	b = marshal.AppendUint(begin(b, TypeReconcile, 6), m.Conn)
	more := uint64(0)
	if m.More {
		more = 1
	}
	b = appendEntries(marshal.AppendUint(b, more), m.Held)
	b = appendNumbers(b, m.Calls)
	return appendNumbers(b, m.Have)
}

// ParseReconcile reads a Reconcile into m, whose slices it uses again.
func ParseReconcile(msg []byte, m *Reconcile) error {
	d, more := body(msg, 6)
	m.Conn = d.Uint64()
	m.More = d.Uint64() != 0
	m.Held = parseEntries(&d, m.Held[:0], MaxEntries)
	m.Calls = parseNumbers(&d, m.Calls[:0], MaxEntries-len(m.Held))
	m.Have = parseNumbers(&d, m.Have[:0], MaxEntries-len(m.Held)-len(m.Calls))
	return end(&d, more, "Reconcile")
}
