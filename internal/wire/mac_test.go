package wire_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

var claimOwner = [16]byte(filled(16, 0xb0))

// The layout is that of docs/PROTOCOL.md, written out here byte for byte.
func TestClaimMAC(t *testing.T) {
	to := wire.Recipient{Incarnation: numbered(0x20), Key: [32]byte(filled(32, 0x7e))}
	h := hmac.New(sha256.New, []byte("secret"))
	h.Write([]byte("netobj introduction\x00"))
	h.Write(bytes.Repeat([]byte{0xb0}, 16))
	h.Write([]byte{0, 0, 0, 0, 0, 0, 0, 12})
	h.Write(to.Incarnation[:])
	h.Write(to.Key[:])
	h.Write([]byte{0, 0, 0, 0, 0, 1, 0x61, 0x84}) // 90,500 ms
	got := wire.ClaimMAC([]byte("secret"), claimOwner, 12, to, 90500*time.Millisecond)
	if want := h.Sum(nil); string(got[:]) != string(want) {
		t.Errorf("%x, want %x", got, want)
	}
	if text := hex.EncodeToString(got[:4]); text == "00000000" {
		t.Error("a code of zeros")
	}
}

func TestForgedClaimsAreNotGenuine(t *testing.T) {
	to := wire.Recipient{Incarnation: numbered(0x20)}
	good := wire.Claim{Q: 1, Object: 12, Via: numbered(0xd0), Expiry: time.Second, MAC: wire.ClaimMAC([]byte("secret"), claimOwner, 12, to, time.Second)}
	if !good.Genuine([]byte("secret"), claimOwner, to) {
		t.Fatal("a good claim is refused")
	}
	again := good
	again.Q, again.Via = 2, numbered(0xe0) // neither is what was introduced
	if !again.Genuine([]byte("secret"), claimOwner, to) {
		t.Error("a good claim is refused when it is made again")
	}
	for name, forge := range map[string]func(m *wire.Claim, to *wire.Recipient){
		"object":      func(m *wire.Claim, _ *wire.Recipient) { m.Object++ },
		"expiry":      func(m *wire.Claim, _ *wire.Recipient) { m.Expiry += time.Millisecond },
		"mac":         func(m *wire.Claim, _ *wire.Recipient) { m.MAC[31] ^= 1 },
		"incarnation": func(_ *wire.Claim, to *wire.Recipient) { to.Incarnation[0]++ },
		"key":         func(_ *wire.Claim, to *wire.Recipient) { to.Key[0]++ },
	} {
		m, who := good, to
		forge(&m, &who)
		if m.Genuine([]byte("secret"), claimOwner, who) {
			t.Errorf("a claim with another %s is taken", name)
		}
	}
	if good.Genuine([]byte("other"), claimOwner, to) {
		t.Error("a claim is taken under another session's key")
	}
	if good.Genuine([]byte("secret"), numbered(0xd0), to) {
		t.Error("a claim is taken on the object of the other end")
	}
}
