package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Recipient is whom an introduction is for.
type Recipient struct {
	Incarnation [16]byte
	Key         [KeySize]byte // hash of its TLS public key; zero: it has none
}

// ClaimMAC returns the code that lets recipient claim an object of owner, an
// incarnation, until the session of introducer and owner is expiry old. key is that
// session's secret; both ends compute the same code, so the owner need not have heard
// of the introduction (T2). Either end may be the owner: the code is good for one of
// them. Expiry counts in milliseconds.
func ClaimMAC(key []byte, owner [16]byte, object uint64, recipient Recipient, expiry time.Duration) (mac [32]byte) {
	h := hmac.New(sha256.New, key)
	b := append(make([]byte, 0, 128), "netobj introduction\x00"...)
	b = append(b, owner[:]...)
	b = binary.BigEndian.AppendUint64(b, object)
	b = append(b, recipient.Incarnation[:]...)
	b = append(b, recipient.Key[:]...)
	b = binary.BigEndian.AppendUint64(b, milliseconds(expiry))
	h.Write(b)
	h.Sum(mac[:0])
	return mac
}

// Genuine reports whether the claim was made out for recipient, on an object of owner,
// in a session that has key. It takes the same time whatever is wrong. The claim's
// expiry is the caller's to compare.
func (m *Claim) Genuine(key []byte, owner [16]byte, recipient Recipient) bool {
	want := ClaimMAC(key, owner, m.Object, recipient, m.Expiry)
	return hmac.Equal(want[:], m.MAC[:])
}
