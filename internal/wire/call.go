package wire

import (
	"errors"
	"time"

	"github.com/netobj/netobj/marshal"
)

// Call asks the owner of an object to run one of its methods:
// [1, id, target, method, timeout, flags, caps, meta, body, done].
type Call struct {
	ID      uint64 // chosen by the caller, counts up, never used again in the session
	Target  Target
	Method  uint64        // see proxy.MethodID
	Timeout time.Duration // what is left of the caller's deadline, rounded up to microseconds; 0: none
	Flags   uint64        // none is defined
	Caps    []Cap
	Meta    []byte   // a CBOR map, reserved; empty: absent
	Body    Body     // the arguments, an array
	Done    []uint64 // earlier calls whose Returns have come, at most MaxEntries

	Names *Names // what ParseCall knows of names in Caps; it does not travel
}

// Target names the object of a call: its xid in this session, 0 for the peer
// itself. An array in its place is reserved for the results of other calls.
type Target struct {
	XID uint64
}

// AppendHead appends the message up to its arguments. inline bytes of arguments
// follow it directly, unless Body says that they come on a bulk stream, and then
// what AppendTail appends.
func (m *Call) AppendHead(b []byte, inline int) []byte {
	n := 9
	if len(m.Done) > 0 {
		n++
	}
	b = begin(b, TypeCall, n)
	b = marshal.AppendUint(b, m.ID)
	b = marshal.AppendUint(b, m.Target.XID)
	b = marshal.AppendUint(b, m.Method)
	b = marshal.AppendUint(b, microseconds(m.Timeout))
	b = marshal.AppendUint(b, m.Flags)
	b = appendCaps(b, m.Caps)
	if len(m.Meta) == 0 {
		b = marshal.AppendNil(b)
	} else {
		b = append(b, m.Meta...)
	}
	return m.Body.appendHead(b, inline)
}

// AppendTail appends what follows the arguments: nothing, if Done is empty. Its
// sender counts it with inline arguments, for the size of a lane message.
func (m *Call) AppendTail(b []byte) []byte {
	if len(m.Done) == 0 {
		return b
	}
	return appendNumbers(b, m.Done)
}

// microseconds rounds up, for a deadline that is near must not become none.
func microseconds(timeout time.Duration) uint64 {
	if timeout <= 0 {
		return 0
	}
	return uint64((timeout-1)/time.Microsecond) + 1
}

// maxTimeout is the longest timeout that fits a time.Duration.
const maxTimeout = uint64((1<<63 - 1) / time.Microsecond)

// errMeta refuses metadata that is not a map.
var errMeta = errors.New("metadata is not a map")

func parseMeta(d *marshal.Decoder) []byte {
	if d.IsArray() {
		d.Fail(errMeta)
	}
	meta := item(d)
	if len(meta) > 0 && meta[0]>>5 != 5 { // the major type of maps
		d.Fail(errMeta)
	}
	return meta
}

// ParseCall reads a Call with up to maxCaps references into m, whose slices it
// uses again. The error is ErrReserved if the call asks for what this version
// does not have; ID, Caps and Body are then valid.
func ParseCall(msg []byte, m *Call, maxCaps int) error {
	d, more := body(msg, 9)
	*m = Call{ID: d.Uint64(), Caps: m.Caps[:0], Done: m.Done[:0], Names: m.Names}
	reserved := d.IsArray()
	if reserved {
		item(&d)
	} else {
		m.Target.XID = d.Uint64()
	}
	m.Method = d.Uint64()
	m.Timeout = time.Duration(min(d.Uint64(), maxTimeout)) * time.Microsecond
	m.Flags = d.Uint64()
	m.Caps = parseCaps(&d, m.Caps, maxCaps, m.Names)
	m.Meta = parseMeta(&d)
	m.Body.parse(&d)
	if more > 0 {
		m.Done = parseNumbers(&d, m.Done, MaxEntries)
		more--
	}
	if err := end(&d, more, "Call"); err != nil {
		return err
	}
	if reserved || m.Flags != 0 {
		return ErrReserved
	}
	return nil
}
