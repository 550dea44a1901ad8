package wire

import (
	"time"

	"github.com/netobj/netobj/marshal"
)

// Claim asks the owner of an object to grant it, on the word of an introducer:
// [11, q, object, via, expiry, mac].
type Claim struct {
	Q      uint64        // chosen by the sender, counts up, never used again in the session
	Object uint64        // the owner's number
	Via    [16]byte      // incarnation of the introducer
	Expiry time.Duration // as the Introduction says, in milliseconds
	MAC    [32]byte      // as the Introduction says
}

// Append appends the message.
func (m *Claim) Append(b []byte) []byte {
	b = marshal.AppendUint(begin(b, TypeClaim, 6), m.Q)
	b = marshal.AppendUint(b, m.Object)
	b = marshal.AppendBytes(b, m.Via[:])
	b = marshal.AppendUint(b, milliseconds(m.Expiry))
	return marshal.AppendBytes(b, m.MAC[:])
}

// ParseClaim reads a Claim.
func ParseClaim(msg []byte, m *Claim) error {
	d, more := body(msg, 6)
	*m = Claim{Q: d.Uint64(), Object: d.Uint64()}
	parseID(&d, &m.Via)
	m.Expiry = parseMilliseconds(&d)
	parseFixed(&d, m.MAC[:], "mac")
	return end(&d, more, "Claim")
}

// ClaimStatus is the answer to a Claim.
type ClaimStatus uint64

// The answers; those of later versions mean that the claim failed.
const (
	ClaimOK      ClaimStatus = 0 // granted as XID
	ClaimGone    ClaimStatus = 1 // there is no such object any more
	ClaimDenied  ClaimStatus = 2 // the introduction is not for the sender, or forged
	ClaimExpired ClaimStatus = 3 // the introduction, or the session of the introducer
)

// ClaimResult answers a Claim: [12, q, status, xid, text]. With ClaimOK it grants
// the object, as an entry in a reference table does.
type ClaimResult struct {
	Q      uint64
	Status ClaimStatus
	XID    uint64 // 0 unless granted
	Text   string // why not, for people
}

// Append appends the message.
func (m *ClaimResult) Append(b []byte) []byte {
	b = marshal.AppendUint(begin(b, TypeClaimResult, 5), m.Q)
	b = marshal.AppendUint(b, uint64(m.Status))
	b = marshal.AppendUint(b, m.XID)
	return appendText(b, m.Text)
}

// ParseClaimResult reads a ClaimResult.
func ParseClaimResult(msg []byte, m *ClaimResult) error {
	d, more := body(msg, 5)
	*m = ClaimResult{Q: d.Uint64(), Status: ClaimStatus(d.Uint64()), XID: d.Uint64(), Text: clean(d.String())}
	return end(&d, more, "ClaimResult")
}
