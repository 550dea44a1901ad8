package wire

import (
	"fmt"
	"time"

	"github.com/netobj/netobj/marshal"
)

// Introduction says where an object of a third node is, and lets its receiver, and
// nobody else, claim it there. It follows the forwarder in a CapThird:
// [..., owner, key, object, addrs, expiry, mac].
type Introduction struct {
	Owner  [16]byte      // incarnation of the node that the object is at
	Key    []byte        // SHA-256 of that node's TLS public key; empty: it has none
	Object uint64        // its number there
	Addrs  []string      // where the owner may be reached, the nearest first; at most MaxAddrs
	Expiry time.Duration // age of the introducer's session with the owner until which the claim is good, in milliseconds
	MAC    [32]byte      // see ClaimMAC
}

// Bounds of an introduction.
const (
	MaxAddrs = 4   // addresses
	MaxAddr  = 128 // bytes of one
	KeySize  = 32  // bytes of a key's hash

	// ThirdWeight is how many references an introduction counts as, for the number
	// of them in a message and so for its size.
	ThirdWeight = 4
)

// introductionElements is the number of elements that an introduction adds to a
// reference.
const introductionElements = 6

func (m *Introduction) append(b []byte) []byte {
	b = marshal.AppendBytes(b, m.Owner[:])
	b = marshal.AppendBytes(b, m.Key)
	b = marshal.AppendUint(b, m.Object)
	b = appendAddrs(b, m.Addrs)
	b = marshal.AppendUint(b, milliseconds(m.Expiry))
	return marshal.AppendBytes(b, m.MAC[:])
}

func parseIntroduction(d *marshal.Decoder) *Introduction {
	m := &Introduction{}
	parseID(d, &m.Owner)
	m.Key = parseKey(d)
	m.Object = d.Uint64()
	m.Addrs = parseAddrs(d)
	m.Expiry = parseMilliseconds(d)
	parseFixed(d, m.MAC[:], "mac")
	return m
}

func appendAddrs(b []byte, addrs []string) []byte {
	b = marshal.AppendArray(b, len(addrs))
	for _, addr := range addrs {
		b = marshal.AppendString(b, addr)
	}
	return b
}

// parseAddrs reads up to MaxAddrs addresses.
func parseAddrs(d *marshal.Decoder) (addrs []string) {
	for range entries(d, MaxAddrs) {
		addr := d.String()
		if len(addr) > MaxAddr {
			d.Fail(fmt.Errorf("address of %d bytes, at most %d are allowed", len(addr), MaxAddr))
		}
		if d.Err() != nil {
			break
		}
		addrs = append(addrs, addr)
	}
	return addrs
}

// parseKey reads the hash of a key, nil if there is none.
func parseKey(d *marshal.Decoder) []byte {
	v := d.View()
	if len(v) == 0 {
		return nil
	}
	if len(v) != KeySize {
		d.Fail(fmt.Errorf("key of %d bytes, it must have %d or none", len(v), KeySize))
	}
	return append([]byte(nil), v...)
}

func milliseconds(t time.Duration) uint64 { return uint64(max(t, 0) / time.Millisecond) }

// parseMilliseconds reads a time, as long as fits a time.Duration.
func parseMilliseconds(d *marshal.Decoder) time.Duration {
	return time.Duration(min(d.Uint64(), maxTimeout/1000)) * time.Millisecond
}
