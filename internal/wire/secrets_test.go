package wire_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

// secrets is secrets.json: what two nodes compute, and never say.
type secrets struct {
	About    string         `json:"about"`
	Sessions []sessionCode  `json:"sessions"`
	MACs     []claimMACCode `json:"macs"`
}

// sessionCode is the secret of a session.
type sessionCode struct {
	Name     string   `json:"name"`
	Exported hexBytes `json:"exported"` // by TLS
	Dialler  party    `json:"dialler"`
	Acceptor party    `json:"acceptor"`
	Secret   hexBytes `json:"secret"`
}

type party struct {
	Nonce       id `json:"nonce"`
	Incarnation id `json:"incarnation"`
}

// claimMACCode is the mac of an introduction.
type claimMACCode struct {
	Name         string   `json:"name"`
	Secret       hexBytes `json:"secret"`
	Owner        id       `json:"owner"`
	Object       uint64   `json:"object"`
	Recipient    id       `json:"recipient"`
	RecipientKey hexBytes `json:"recipient_key"`
	ExpiryMillis int64    `json:"expiry_ms"`
	MAC          hexBytes `json:"mac"`
}

// secretVectors computes the codes as docs/PROTOCOL.md says, apart from the code that
// nodes run.
func secretVectors() secrets {
	a, b := party{numbered(0x30), numbered(0x20)}, party{numbered(0x40), numbered(0xb0)}
	all := secrets{About: "the secret of a session (docs/PROTOCOL.md, Handshake), and the mac of an introduction (Introductions)"}
	for _, s := range []sessionCode{{Name: "on TLS", Exported: filled(32, 0x11)}, {Name: "in plaintext"}} {
		s.Dialler, s.Acceptor = a, b
		s.Secret = code(s.Exported, []byte("netobj session\x00"), a.Nonce[:], b.Nonce[:], a.Incarnation[:], b.Incarnation[:])
		all.Sessions = append(all.Sessions, s)
	}
	for _, m := range []claimMACCode{
		{Name: "for a node with a key", RecipientKey: filled(32, 0x7e)},
		{Name: "for a node without one", RecipientKey: filled(32, 0)},
	} {
		m.Secret, m.Owner, m.Recipient = all.Sessions[0].Secret, numbered(0xb0), numbered(0xc0)
		m.Object, m.ExpiryMillis = 12, 90500
		number := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
		m.MAC = code(m.Secret, []byte("netobj introduction\x00"), m.Owner[:], number(m.Object), m.Recipient[:], m.RecipientKey, number(uint64(m.ExpiryMillis)))
		all.MACs = append(all.MACs, m)
	}
	return all
}

func code(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// TestSecretVectors: the macs are those that nodes compute. Package objects tests the
// secrets of sessions.
func TestSecretVectors(t *testing.T) {
	compareFile(t, "secrets", secretVectors())
	var f secrets
	readFile(t, "secrets", &f)
	for _, m := range f.MACs {
		to := wire.Recipient{Incarnation: m.Recipient, Key: [32]byte(m.RecipientKey)}
		got := wire.ClaimMAC(m.Secret, m.Owner, m.Object, to, time.Duration(m.ExpiryMillis)*time.Millisecond)
		if string(got[:]) != string(m.MAC) {
			t.Errorf("%s: %x, want %x", m.Name, got, m.MAC)
		}
	}
}
