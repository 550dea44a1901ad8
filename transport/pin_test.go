package transport_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"testing"

	"github.com/netobj/netobj/transport"
)

// keyOf is the hash of the key in a configuration's certificate.
func keyOf(t *testing.T, c *tls.Config) *[32]byte {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return &key
}

// TestPeerKey: with the key pinned the name does not matter, but the key does, and
// whether the certificate is trusted.
func TestPeerKey(t *testing.T) {
	server, other := selfSigned(t), selfSigned(t)
	server.ClientCAs = nil
	named := func(roots *x509.CertPool) *tls.Config {
		return &tls.Config{RootCAs: roots, ServerName: "bank.example.com"}
	}
	refusing := named(server.RootCAs)
	refusing.VerifyConnection = func(tls.ConnectionState) error { return errors.New("no") }
	for name, c := range map[string]struct {
		client *tls.Config
		key    *[32]byte
		ok     bool
	}{
		"its key":               {named(server.RootCAs), keyOf(t, server), true},
		"the name alone":        {named(server.RootCAs), nil, false},
		"another key":           {named(server.RootCAs), keyOf(t, other), false},
		"not trusted":           {named(other.RootCAs), keyOf(t, server), false},
		"anybody is trusted":    {&tls.Config{InsecureSkipVerify: true}, keyOf(t, server), true},
		"anybody, another key":  {&tls.Config{InsecureSkipVerify: true}, keyOf(t, other), false},
		"the program's own say": {refusing, keyOf(t, server), false},
	} {
		t.Run(name, func(t *testing.T) {
			a := acceptOne(t, "tls://127.0.0.1:0", &transport.Config{TLS: server})
			link, err := transport.Dial(t.Context(), a.url, &transport.Config{TLS: c.client, PeerKey: c.key})
			if (err == nil) != c.ok {
				t.Errorf("%v", err)
			}
			if err == nil {
				link.Close()
			}
			if conn := <-a.conn; conn != nil {
				conn.Abort(nil)
			}
		})
	}
}

// TestPermit: each address that a name stands for is asked about before it is dialled.
func TestPermit(t *testing.T) {
	no := errors.New("not there")
	_, err := transport.Dial(t.Context(), "tcp://localhost:1", &transport.Config{Permit: func(ip netip.Addr) error {
		if !ip.IsLoopback() {
			t.Errorf("asked about %v", ip)
		}
		return no
	}})
	if !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
}
