package transport_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

func TestConformance(t *testing.T) {
	for scheme, network := range map[string]func(t *testing.T) transporttest.Network{
		"tcp": func(*testing.T) transporttest.Network { return transporttest.Network{URL: "tcp://127.0.0.1:0"} },
		"tcp, through yamux": func(*testing.T) transporttest.Network {
			return transporttest.Network{URL: "tcp://127.0.0.1:0", Config: &transport.Config{ThroughYamux: true}}
		},
		"unix": func(t *testing.T) transporttest.Network {
			return transporttest.Network{URL: "unix://" + filepath.Join(t.TempDir(), "s")}
		},
		"tls": func(t *testing.T) transporttest.Network {
			return transporttest.Network{URL: "tls://127.0.0.1:0", Config: &transport.Config{TLS: selfSigned(t)}}
		},
		"pipe": func(*testing.T) transporttest.Network {
			return transporttest.Network{URL: "pipe://test", Config: &transport.Config{PipeNet: transport.NewPipeNet()}}
		},
	} {
		t.Run(scheme, func(t *testing.T) { transporttest.Run(t, network) })
	}
}

// TestConformanceInABubble shows that pipe:// is fit for fake time: a bubble in
// which a goroutine blocked on anything of the operating system would not end.
func TestConformanceInABubble(t *testing.T) {
	transporttest.RunInBubble(t, func(*testing.T) transporttest.Network {
		return transporttest.Network{URL: "pipe://test", Config: &transport.Config{PipeNet: transport.NewPipeNet()}}
	})
}

// TestNoFakeTimePasses shows that a message over pipe:// takes none.
func TestNoFakeTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := pairOf(t, "pipe://test", &transport.Config{PipeNet: transport.NewPipeNet()})
		begun := time.Now()
		c.dialer.Send(t.Context(), []byte("x"), nil)
		synctest.Wait()
		if got := <-c.atAcceptor.lane; string(got) != "x" || time.Since(begun) != 0 {
			t.Errorf("%q after %v of fake time", got, time.Since(begun))
		}
	})
}

// selfSigned is a configuration that trusts nobody but itself, both ways.
func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool, ClientCAs: pool, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: private}}}
}
