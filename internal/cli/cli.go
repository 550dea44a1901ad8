// Package cli holds what the commands share.
package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
)

// Version returns the version of the module that the program was built from,
// and that of Go.
func Version() (module, goVersion string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(devel)", "unknown"
	}
	if module = info.Main.Version; module == "" {
		module = "(devel)"
	}
	return module, info.GoVersion
}

// ErrHalfPair: a certificate was named without its key, or the other way round.
var ErrHalfPair = errors.New("--tls-cert and --tls-key go together")

// TLS reads the PEM files of the flags --tls-ca, --tls-cert and --tls-key; an
// empty name means that the flag was not given. Who the other side is, is
// checked against ca: servers must show a certificate that it signed, and if ca
// is given, clients must as well.
func TLS(ca, cert, key string) (*tls.Config, error) {
	config := &tls.Config{}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", ca)
		}
		config.RootCAs, config.ClientCAs = pool, pool
	}
	if (cert == "") != (key == "") {
		return nil, ErrHalfPair
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", cert, key, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
