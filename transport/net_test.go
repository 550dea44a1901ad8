package transport_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

func TestBadAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"":                    "has no scheme that is known; use tcp://host:port",
		"localhost:7000":      "has no scheme that is known",
		"http://localhost:80": "has no scheme that is known",
		"tcp://localhost":     "needs host and port: tcp://host:port",
		"tcp://:":             "needs host and port",
		"tls://localhost":     "needs host and port: tls://host:port",
		"unix://host/path":    "needs an absolute path: unix:///path",
		"unix://":             "needs an absolute path",
		"pipe://":             "needs a name: pipe://name",
		"pipe://x":            "PipeNet is not set",
		"tcp://[::1":          "is not an address",
		"tls://127.0.0.1:1":   "Config.TLS",
		"tcp://127.0.0.1:":    "needs host and port",
		"://x":                "is not an address",
		"obj://x":             "has no scheme that is known",
		"127.0.0.1:7000":      "has no scheme that is known; use tcp://host:port",
		"TCP://localhost":     "needs host and port: tcp://host:port",
		"unix:relative":       "needs an absolute path",
		"/run/socket":         "has no scheme that is known",
	} {
		_, listenErr := transport.Listen(t.Context(), address, nil)
		_, dialErr := transport.Dial(t.Context(), address, nil)
		for _, err := range []error{listenErr, dialErr} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q", address, err, want)
			}
		}
	}
}

func TestPlaintextStaysOnLoopback(t *testing.T) {
	for _, address := range []string{"tcp://0.0.0.0:0", "tcp://:0", "tcp://192.0.2.1:7000", "tcp://[2001:db8::1]:7000"} {
		_, err := transport.Listen(t.Context(), address, nil)
		if err == nil || !strings.Contains(err.Error(), "use tls://, or set AllowPlaintext") {
			t.Errorf("listening at %s: %v", address, err)
		}
	}
	for _, address := range []string{"tcp://192.0.2.1:7000", "tcp://[2001:db8::1]:7000"} {
		_, err := transport.Dial(t.Context(), address, nil)
		if err == nil || !strings.Contains(err.Error(), "use tls://, or set AllowPlaintext") {
			t.Errorf("dialling %s: %v", address, err)
		}
	}
	l, err := transport.Listen(t.Context(), "tcp://0.0.0.0:0", &transport.Config{AllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

func TestTLS(t *testing.T) {
	server, client := selfSigned(t), selfSigned(t)
	server.ClientCAs, client.RootCAs = client.ClientCAs, server.RootCAs
	config := &transport.Config{TLS: server}
	a := acceptOne(t, "tls://127.0.0.1:0", config)
	link, err := transport.Dial(t.Context(), a.url, &transport.Config{TLS: client})
	if err != nil {
		t.Fatal(err)
	}
	near, err := link.Open(transport.Dialer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Abort(nil)
	far := <-a.conn
	if far == nil {
		t.Fatal(a.err)
	}
	defer far.Abort(nil)
	for _, c := range []struct {
		conn transport.Conn
		peer *tls.Config
	}{{near, server}, {far, client}} {
		leaf, err := x509.ParseCertificate(c.peer.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		info := c.conn.Info()
		if !info.HasPeerKey || info.PeerKey != sha256.Sum256(leaf.RawSubjectPublicKeyInfo) {
			t.Errorf("%s has key %x (%v), which is not the peer's", info.Local, info.PeerKey, info.HasPeerKey)
		}
		if len(info.PeerCertificates) != 1 || !info.PeerCertificates[0].Equal(leaf) {
			t.Errorf("%s has %d certificates, and not the peer's", info.Local, len(info.PeerCertificates))
		}
	}
	if server.MinVersion != 0 || server.ClientAuth != tls.NoClientCert {
		t.Error("the caller's configuration was changed")
	}
}

// TestTLSServerRefuses has clients that must not come in.
func TestTLSServerRefuses(t *testing.T) {
	server := selfSigned(t)
	for name, client := range map[string]*tls.Config{
		"without a certificate":         {RootCAs: server.RootCAs},
		"with a certificate of its own": {RootCAs: server.RootCAs, Certificates: selfSigned(t).Certificates},
		"that trusts others":            {RootCAs: selfSigned(t).RootCAs, Certificates: server.Certificates},
		"of TLS 1.2":                    {RootCAs: server.RootCAs, Certificates: server.Certificates, MaxVersion: tls.VersionTLS12},
	} {
		a := acceptOne(t, "tls://127.0.0.1:0", &transport.Config{TLS: server, FirstByteTimeout: 5 * time.Second})
		link, err := transport.Dial(t.Context(), a.url, &transport.Config{TLS: client})
		if err == nil { // with TLS 1.3 a client learns of it when it reads
			link.Write([]byte("hello"))
			_, err = link.Read(make([]byte, 1))
			link.Close()
		}
		if err == nil {
			t.Errorf("a client %s was let in", name)
		}
		if c := <-a.conn; c != nil {
			t.Errorf("a client %s got a connection", name)
			c.Abort(nil)
		}
	}
	for _, config := range []*tls.Config{nil, {}} {
		_, err := transport.Listen(t.Context(), "tls://127.0.0.1:0", &transport.Config{TLS: config})
		if err == nil || !strings.Contains(err.Error(), "Config.TLS has no certificate") {
			t.Errorf("listening without a certificate: %v", err)
		}
	}
}

// TestTLSClientRefusesTLS12 dials a server that speaks nothing newer. The client
// asks for 1.2 itself, which must not help.
func TestTLSClientRefusesTLS12(t *testing.T) {
	transporttest.Watch(t)
	old := selfSigned(t)
	old.MaxVersion = tls.VersionTLS12
	l, err := tls.Listen("tcp", "127.0.0.1:0", old)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	shook := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = conn.(*tls.Conn).Handshake()
			conn.Close()
		}
		shook <- err
	}()
	client := &tls.Config{RootCAs: old.RootCAs, Certificates: old.Certificates, MinVersion: tls.VersionTLS12}
	if _, err := transport.Dial(t.Context(), "tls://"+l.Addr().String(), &transport.Config{TLS: client}); err == nil {
		t.Error("a server of TLS 1.2 was accepted")
	}
	if err := <-shook; err == nil {
		t.Error("the handshake of TLS 1.2 succeeded")
	}
}

// TestTLSConfigForClient has a server that picks a configuration for each client:
// the rules hold for that one too.
func TestTLSConfigForClient(t *testing.T) {
	own := selfSigned(t)
	chosen := own.Clone()
	chosen.MinVersion, chosen.ClientAuth = tls.VersionTLS12, tls.NoClientCert
	server := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return chosen, nil }}
	for name, c := range map[string]struct {
		client *tls.Config
		ok     bool
	}{
		"of TLS 1.2":            {&tls.Config{RootCAs: own.RootCAs, Certificates: own.Certificates, MaxVersion: tls.VersionTLS12}, false},
		"without a certificate": {&tls.Config{RootCAs: own.RootCAs}, false},
		"as it should be":       {&tls.Config{RootCAs: own.RootCAs, Certificates: own.Certificates}, true},
	} {
		l, err := transport.Listen(t.Context(), "tls://127.0.0.1:0", &transport.Config{TLS: server})
		if err != nil {
			t.Fatal(err)
		}
		came := make(chan bool, 1)
		go func() {
			link, err := l.Accept()
			if err != nil {
				came <- false
				return
			}
			defer link.Close()
			_, err = link.Read(make([]byte, 1))
			came <- err == nil && link.Info().HasPeerKey
		}()
		client := c.client.Clone()
		client.ServerName = "127.0.0.1"
		conn, err := tls.Dial("tcp", strings.TrimPrefix(l.URL(), "tls://"), client)
		if err == nil {
			conn.Write([]byte("x"))
		}
		if ok := <-came; ok != c.ok {
			t.Errorf("a client %s: let in %v, want %v", name, ok, c.ok)
		}
		if err == nil {
			conn.Close()
		}
		l.Close()
	}
}

// TestInfoWithoutTLS has no key to show.
func TestInfoWithoutTLS(t *testing.T) {
	p := pairOf(t, "tcp://127.0.0.1:0", nil)
	if info := p.acceptor.Info(); info.HasPeerKey || info.PeerKey != [32]byte{} || info.PeerCertificates != nil {
		t.Errorf("%+v", info)
	}
}

func TestUnixSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := transport.Listen(t.Context(), "unix://"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := transport.Listen(t.Context(), "unix://"+path, nil); err == nil {
		t.Error("a socket in use was taken over")
	}
	l.Close()

	// A socket that a killed process left behind is in nobody's way; another kind
	// of file is not touched.
	l, err = transport.Listen(t.Context(), "unix://"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := transport.Listen(t.Context(), "unix://"+path, nil); err == nil {
		t.Error("a file was taken for a socket")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file was changed: %q, %v", text, err)
	}
}

// TestInfoHasAddresses: whatever was dialled.
func TestInfoHasAddresses(t *testing.T) {
	l, err := transport.Listen(t.Context(), "tcp://localhost:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	u, err := url.Parse(l.URL())
	if err != nil {
		t.Fatal(err)
	}
	link, err := transport.Dial(t.Context(), "tcp://localhost:"+u.Port(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if got := link.Info().Remote; got != l.URL() {
		t.Errorf("the other end is %q, it listens at %q", got, l.URL())
	}
}
