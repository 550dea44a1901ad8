package transport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"time"
)

// streamLink is a link of the operating system: tcp, unix or tls.
type streamLink struct {
	net.Conn
	scheme string
	local  string
	remote string
}

func (l *streamLink) Info() Info {
	info := Info{Scheme: l.scheme, Local: l.local, Remote: l.remote}
	secure, ok := l.Conn.(*tls.Conn)
	if !ok || secure.Handshake() != nil {
		return info
	}
	info.PeerCertificates = secure.ConnectionState().PeerCertificates
	if len(info.PeerCertificates) > 0 {
		info.HasPeerKey = true
		info.PeerKey = sha256.Sum256(info.PeerCertificates[0].RawSubjectPublicKeyInfo)
	}
	return info
}

// secretLabel says what a link's secret is for, to TLS.
const secretLabel = "EXPORTER-netobj"

func (l *streamLink) Secret() []byte {
	secure, ok := l.Conn.(*tls.Conn)
	if !ok || secure.Handshake() != nil {
		return nil
	}
	state := secure.ConnectionState()
	secret, err := state.ExportKeyingMaterial(secretLabel, nil, 32)
	if err != nil {
		return nil
	}
	return secret
}

func (l *streamLink) Open(role Role, cfg *Config) (Conn, error) {
	c, err := openMux(l.Conn, role, l.Info(), cfg.defaults())
	if err != nil {
		l.Close()
		return nil, err
	}
	return c, nil
}

// streamListener accepts links of the operating system.
type streamListener struct {
	net.Listener
	scheme  string
	address string
	tls     *tls.Config
}

func (l *streamListener) URL() string { return l.address }

// Accept returns the next link; a TLS handshake is left to the link's first use,
// so that a slow client holds up nobody.
func (l *streamListener) Accept() (Link, error) {
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			local := l.address
			if l.scheme != "unix" {
				local = localURL(l.scheme, conn) // a wildcard address says little
			}
			if l.tls != nil {
				conn = tls.Server(conn, l.tls)
			}
			return &streamLink{Conn: conn, scheme: l.scheme, local: local, remote: remoteURL(l.scheme, conn)}, nil
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, net.ErrClosed
		}
		if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() && !isExhausted(err) {
			return nil, err
		}
		// Out of file descriptors: those in use must be given back first.
		pause := time.NewTimer(acceptPause)
		<-pause.C
	}
}

// acceptPause is how long Accept rests when the process is out of descriptors.
const acceptPause = 50 * time.Millisecond

func remoteURL(scheme string, conn net.Conn) string {
	if scheme == "unix" {
		return "unix://" + conn.LocalAddr().String()
	}
	return hostURL(scheme, conn.RemoteAddr())
}

func listenTCP(ctx context.Context, u *url.URL, cfg *Config) (Listener, error) {
	var secure *tls.Config
	if u.Scheme == "tls" {
		if !canServe(cfg.TLS) {
			return nil, unusable("%v: Config.TLS has no certificate", u)
		}
		secure = hardened(cfg.TLS)
	}
	lc := net.ListenConfig{Control: plaintextRule(u, cfg)}
	l, err := lc.Listen(ctx, "tcp", u.Host)
	if err != nil {
		return nil, refusal(err)
	}
	return &streamListener{Listener: l, scheme: u.Scheme, address: u.Scheme + "://" + l.Addr().String(), tls: secure}, nil
}

func canServe(c *tls.Config) bool {
	return c != nil && (len(c.Certificates) > 0 || c.GetCertificate != nil || c.GetConfigForClient != nil)
}

// hardened returns a copy of c that speaks TLS 1.3 only, puts each write into as few
// records as it can and, as a server with a pool of authorities, lets nobody in
// without a certificate of theirs.
func hardened(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.MinVersion = tls.VersionTLS13
	c.DynamicRecordSizingDisabled = true // else a write after a pause leaves in packets of 1.4 kB
	if c.ClientCAs != nil {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if choose := c.GetConfigForClient; choose != nil {
		c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			if chosen == nil || err != nil {
				return nil, err
			}
			return hardened(chosen), nil
		}
	}
	return c
}

func dialTCP(ctx context.Context, u *url.URL, cfg *Config) (Link, error) {
	if u.Scheme == "tls" && cfg.TLS == nil {
		return nil, unusable("%v: Config.TLS is not set", u)
	}
	d := net.Dialer{Control: dialRule(u, cfg)}
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, refusal(err)
	}
	if u.Scheme == "tcp" {
		return &streamLink{Conn: conn, scheme: "tcp", local: localURL("tcp", conn), remote: remoteURL("tcp", conn)}, nil
	}
	secure := hardened(cfg.TLS)
	if secure.ServerName == "" {
		secure.ServerName = u.Hostname()
	}
	if cfg.PeerKey != nil {
		pin(secure, *cfg.PeerKey)
	}
	client := tls.Client(conn, secure)
	if err := client.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return &streamLink{Conn: client, scheme: "tls", local: localURL("tls", conn), remote: remoteURL("tls", conn)}, nil
}

// pin lets c connect to the owner of a key, and to nobody else. Who the key is known
// of need not have a certificate for the address; but one of an authority that c
// trusts, if c asks for that.
func pin(c *tls.Config, key [32]byte) {
	more, trusting, roots := c.VerifyConnection, c.InsecureSkipVerify, c.RootCAs
	c.InsecureSkipVerify = true // only the name is not checked, see below
	c.VerifyConnection = func(state tls.ConnectionState) error {
		chain := state.PeerCertificates
		if len(chain) == 0 || sha256.Sum256(chain[0].RawSubjectPublicKeyInfo) != key {
			return errOtherKey
		}
		if !trusting {
			o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
			for _, c := range chain[1:] {
				o.Intermediates.AddCert(c)
			}
			if _, err := chain[0].Verify(o); err != nil {
				return err
			}
		}
		if more != nil {
			return more(state)
		}
		return nil
	}
}

var errOtherKey = errors.New("the other end has another key than the one asked for")

// dialRule is plaintextRule, and Config.Permit.
func dialRule(u *url.URL, cfg *Config) func(network, address string, _ syscall.RawConn) error {
	plaintext := plaintextRule(u, cfg)
	if cfg.Permit == nil {
		return plaintext
	}
	return func(network, address string, conn syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err == nil {
			err = cfg.Permit(to.Addr().Unmap().WithZone(""))
		}
		if err == nil && plaintext != nil {
			err = plaintext(network, address, conn)
		}
		return err
	}
}

func localURL(scheme string, conn net.Conn) string { return hostURL(scheme, conn.LocalAddr()) }

// hostURL names an end of a connection, which has an address whatever name was dialled.
func hostURL(scheme string, addr net.Addr) string {
	return (&url.URL{Scheme: scheme, Host: addr.String()}).String()
}

// plaintextRule refuses plaintext where others could read it: any address but
// loopback, once its name is resolved, and before the socket is used.
func plaintextRule(u *url.URL, cfg *Config) func(_, address string, _ syscall.RawConn) error {
	if u.Scheme != "tcp" || cfg.AllowPlaintext {
		return nil
	}
	return func(_, address string, _ syscall.RawConn) error {
		host, _, _ := net.SplitHostPort(address)
		if ip, err := netip.ParseAddr(host); err == nil && ip.Unmap().IsLoopback() {
			return nil
		}
		where := cmp.Or(host, "every address of this machine")
		return unusable("%v is plaintext beyond loopback (%s); use tls://, or set AllowPlaintext", u, where)
	}
}

// refusal takes a refusal of plaintextRule out of what package net puts around it.
func refusal(err error) error {
	if refused, ok := errors.AsType[*AddressError](err); ok {
		return refused
	}
	return err
}

func listenUnix(ctx context.Context, u *url.URL) (Listener, error) {
	if err := removeStale(u.Path); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: private}
	l, err := lc.Listen(ctx, "unix", u.Path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(u.Path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &streamListener{Listener: l, scheme: "unix", address: "unix://" + u.Path}, nil
}

// removeStale removes a socket file that nobody listens at any more. Anything
// else at the path stays, and is the listener's error.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
		return fmt.Errorf("%s: another process listens there", path)
	}
	return os.Remove(path)
}

func dialUnix(ctx context.Context, u *url.URL) (Link, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", u.Path)
	if err != nil {
		return nil, err
	}
	return &streamLink{Conn: conn, scheme: "unix", local: "unix://", remote: u.String()}, nil
}
