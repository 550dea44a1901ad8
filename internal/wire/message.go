package wire

import (
	"errors"
	"fmt"
	"strings"

	"github.com/netobj/netobj/marshal"
)

// Type is the kind of a lane message. The list only grows.
type Type uint64

// The messages of this version.
const (
	TypeCall    Type = 1
	TypeReturn  Type = 2
	TypeCancel  Type = 3
	TypeRelease Type = 4
	TypePing    Type = 5
	TypePong    Type = 6
	TypeBye     Type = 7
	TypeBroken  Type = 8

	TypeAck         Type = 9
	TypeReconcile   Type = 10
	TypeClaim       Type = 11
	TypeClaimResult Type = 12

	TypePressure Type = 13

	// Reserved for what docs/PROTOCOL.md announces; skipped by this version.
	TypeCredit Type = 14
)

// String returns the message's name.
func (t Type) String() string {
	names := [...]string{"", "Call", "Return", "Cancel", "Release", "Ping", "Pong", "Bye", "Broken",
		"Ack", "Reconcile", "Claim", "ClaimResult", "Pressure", "Credit"}
	if t == 0 || t >= Type(len(names)) {
		return fmt.Sprintf("message type %d", uint64(t))
	}
	return names[t]
}

// ErrReserved marks a message that uses something which the protocol keeps for
// later versions. The message has been parsed as far as possible; its sender is
// told, and the session goes on.
var ErrReserved = errors.New("reserved for a later version of the protocol")

// MaxEntries is the largest number of entries in one Release, Broken, Ack or
// Reconcile, and of acknowledgements in one Call.
const MaxEntries = 1024

// errNoType refuses a message that does not say what it is.
var errNoType = errors.New("no message type in it")

// Peek returns the type of a message, which is never 0.
func Peek(msg []byte) (Type, error) {
	if len(msg) > 1 && msg[0] > 0x80 && msg[0] < 0x98 && msg[1] > 0 && msg[1] < 0x18 {
		return Type(msg[1]), nil // an array of 1 to 23 elements, a number of one byte
	}
	d, _ := open(msg, 1)
	t := Type(d.Uint64())
	if t == 0 {
		d.Fail(errNoType)
	}
	return t, failed("message", d.Err())
}

// open starts reading a message of at least n elements, and returns how many
// more there are.
func open(msg []byte, n int) (d marshal.Decoder, more int) {
	d.Reset(msg, nil, nil, nil)
	k := d.Array()
	if k < n && d.Err() == nil {
		d.Reset(msg, nil, nil, nil) // the error is about the message, not its first element
		d.Fail(tooFew(k, n))
	}
	return d, k - n
}

// body opens a message whose type has been looked at.
func body(msg []byte, n int) (d marshal.Decoder, more int) {
	d, more = open(msg, n)
	d.Uint64()
	return d, more
}

// end skips what a newer sender added to a message, and returns what was wrong
// with it.
func end(d *marshal.Decoder, more int, what string) error {
	pass(d, more)
	return failed(what, d.End())
}

// tuple reads the head of an inner array of at least n elements, and returns how
// many more there are. They are passed when the n have been read.
func tuple(d *marshal.Decoder, n int) (more int) {
	k := d.Array()
	if k < n {
		d.Fail(tooFew(k, n))
	}
	return k - n
}

func tooFew(k, n int) error {
	return fmt.Errorf("array of %d elements, at least %d are needed", max(k, 0), n)
}

// pass skips n items.
func pass(d *marshal.Decoder, n int) {
	for ; n > 0 && d.Err() == nil; n-- {
		item(d)
	}
}

// item returns the bytes of the next item, nil for null. It is checked, for
// nobody else looks at what is skipped or kept as it is.
func item(d *marshal.Decoder) []byte {
	raw := d.RawItem()
	if raw == nil {
		return nil
	}
	if err := marshal.Check(raw, nil); err != nil {
		d.Fail(err)
	}
	return raw
}

// failed says in which message err occurred.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("malformed %s: %w", what, err)
}

// begin appends the head of a message of n elements, the type included.
func begin(b []byte, t Type, n int) []byte {
	return marshal.AppendUint(marshal.AppendArray(b, n), uint64(t))
}

// MaxText is the longest text for people, in bytes; what is beyond is cut.
const MaxText = 1024

// appendText appends text for people, which may come from anywhere.
func appendText(b []byte, text string) []byte { return marshal.AppendString(b, clean(text)) }

// clean cuts a text to MaxText, and drops what is not UTF-8.
func clean(text string) string { return strings.ToValidUTF8(text[:min(len(text), MaxText)], "") }

// appendNumbers appends a list of numbers.
func appendNumbers(b []byte, list []uint64) []byte {
	b = marshal.AppendArray(b, len(list))
	for _, v := range list {
		b = marshal.AppendUint(b, v)
	}
	return b
}

// parseNumbers reads a list of up to limit numbers into list.
func parseNumbers(d *marshal.Decoder, list []uint64, limit int) []uint64 {
	for range entries(d, limit) {
		v := d.Uint64()
		if d.Err() != nil {
			break
		}
		list = append(list, v)
	}
	return list
}

// entries reads the head of a list of at most limit.
func entries(d *marshal.Decoder, limit int) int {
	n := d.Array()
	if n > limit {
		d.Fail(fmt.Errorf("list of %d entries, at most %d are allowed", n, limit))
		return 0
	}
	return max(n, 0)
}
