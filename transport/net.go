package transport

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
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
			if l.tls != nil {
				conn = tls.Server(conn, l.tls)
			}
			return &streamLink{Conn: conn, scheme: l.scheme, local: l.address, remote: remoteURL(l.scheme, conn)}, nil
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
	return scheme + "://" + conn.RemoteAddr().String()
}

func listenTCP(ctx context.Context, u *url.URL, cfg *Config) (Listener, error) {
	if u.Scheme == "tcp" && !cfg.AllowPlaintext {
		if err := mustBeLoopback(ctx, u); err != nil {
			return nil, err
		}
	}
	var secure *tls.Config
	if u.Scheme == "tls" {
		if cfg.TLS == nil || len(cfg.TLS.Certificates) == 0 && cfg.TLS.GetCertificate == nil {
			return nil, fmt.Errorf("%v: Config.TLS has no certificate", u)
		}
		secure = cfg.TLS.Clone()
		secure.MinVersion = tls.VersionTLS13
		if secure.ClientCAs != nil {
			secure.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	return &streamListener{Listener: l, scheme: u.Scheme, address: u.Scheme + "://" + l.Addr().String(), tls: secure}, nil
}

func dialTCP(ctx context.Context, u *url.URL, cfg *Config) (Link, error) {
	if u.Scheme == "tls" && cfg.TLS == nil {
		return nil, fmt.Errorf("%v: Config.TLS is not set", u)
	}
	var d net.Dialer
	if u.Scheme == "tcp" && !cfg.AllowPlaintext {
		d.Control = loopbackOnly(u)
	}
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "tcp" {
		return &streamLink{Conn: conn, scheme: "tcp", local: remoteSelf("tcp", conn), remote: u.String()}, nil
	}
	secure := cfg.TLS.Clone()
	secure.MinVersion = tls.VersionTLS13
	if secure.ServerName == "" {
		secure.ServerName = u.Hostname()
	}
	client := tls.Client(conn, secure)
	if err := client.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return &streamLink{Conn: client, scheme: "tls", local: remoteSelf("tls", conn), remote: u.String()}, nil
}

func remoteSelf(scheme string, conn net.Conn) string {
	return scheme + "://" + conn.LocalAddr().String()
}

// loopbackOnly refuses every other address that a name stands for, before the
// first packet leaves.
func loopbackOnly(u *url.URL) func(_, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if ip := to.Addr().Unmap(); !ip.IsLoopback() {
			return plaintextError(u, ip.AsSlice())
		}
		return nil
	}
}

// mustBeLoopback refuses plaintext where others could read it.
func mustBeLoopback(ctx context.Context, u *url.URL) error {
	host := u.Hostname()
	if host == "" {
		return plaintextError(u, nil)
	}
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	for _, ip := range ips {
		if !ip.IsLoopback() {
			return plaintextError(u, ip)
		}
	}
	return nil
}

func plaintextError(u *url.URL, ip net.IP) error {
	where := "every address of this machine"
	if ip != nil {
		where = ip.String()
	}
	return fmt.Errorf("%v is plaintext beyond loopback (%s); use tls://, or set AllowPlaintext", u, where)
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
