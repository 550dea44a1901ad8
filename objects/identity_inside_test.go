package objects

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/transport"
)

// secretLink is a link on which TLS exports secret.
type secretLink struct {
	transport.Link
	secret []byte
}

func (l secretLink) Secret() []byte { return l.secret }

// TestSecretVectors: both ends of a session compute the secret of testdata/wire, and
// none if one of them takes no part in introductions.
func TestSecretVectors(t *testing.T) {
	text, err := os.ReadFile("../testdata/wire/secrets.json")
	if err != nil {
		t.Fatal(err)
	}
	type party struct{ Nonce, Incarnation string }
	var f struct {
		Sessions []struct {
			Name, Exported, Secret string
			Dialler, Acceptor      party
		}
	}
	if err := json.Unmarshal(text, &f); err != nil || len(f.Sessions) == 0 {
		t.Fatalf("%d vectors, %v", len(f.Sessions), err)
	}
	bytes := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	hello := func(p party) *wire.Hello {
		nonce := [16]byte(bytes(p.Nonce))
		return &wire.Hello{Features: []string{wire.Introductions}, Nonce: &nonce, Incarnation: [16]byte(bytes(p.Incarnation))}
	}
	for _, s := range f.Sessions {
		link, dialler, acceptor := secretLink{secret: bytes(s.Exported)}, hello(s.Dialler), hello(s.Acceptor)
		if got := hex.EncodeToString(secretOf(link, dialler, acceptor)); got != s.Secret {
			t.Errorf("%s: %s, want %s", s.Name, got, s.Secret)
		}
		acceptor.Nonce = nil
		if got := secretOf(link, dialler, acceptor); got != nil {
			t.Errorf("%s: %x with a node that has told no nonce", s.Name, got)
		}
	}
}
