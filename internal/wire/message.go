package wire

import (
	"errors"
	"fmt"

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

	// Reserved for what docs/PROTOCOL.md announces; skipped by this version.
	TypeAck         Type = 9
	TypeReconcile   Type = 10
	TypeClaim       Type = 11
	TypeClaimResult Type = 12
	TypePressure    Type = 13
	TypeCredit      Type = 14
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

// MaxEntries is the largest number of entries in one Release or Broken.
const MaxEntries = 1024

// Peek returns the type of a message.
func Peek(msg []byte) (Type, error) {
	d := open(msg)
	t := Type(d.Next().Uint64())
	return t, failed("message", d.Err())
}

// open starts reading a message.
func open(msg []byte) marshal.Decoder {
	var d marshal.Decoder
	d.Reset(msg, nil, nil, nil)
	d.Tuple()
	return d
}

// body opens a message whose type has been looked at.
func body(msg []byte) marshal.Decoder {
	d := open(msg)
	d.Next().Skip()
	return d
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

// entries reads the head of a list of at most MaxEntries.
func entries(d *marshal.Decoder) int {
	n := d.Array()
	if n > MaxEntries {
		d.Fail(fmt.Errorf("list of %d entries, at most %d are allowed", n, MaxEntries))
		return 0
	}
	return max(n, 0)
}
