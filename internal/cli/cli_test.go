package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

func TestTLS(t *testing.T) {
	cert, key := proctest.Certificate(t)
	config, err := TLS("", "", "")
	if err != nil || config.RootCAs != nil || config.ClientCAs != nil || len(config.Certificates) != 0 {
		t.Errorf("no flags: %+v, %v", config, err)
	}
	config, err = TLS(cert, cert, key)
	if err != nil || config.RootCAs == nil || config.ClientCAs == nil || len(config.Certificates) != 1 {
		t.Errorf("all flags: %+v, %v", config, err)
	}
}

func TestTLSErrorsNameTheFile(t *testing.T) {
	cert, key := proctest.Certificate(t)
	junk := filepath.Join(t.TempDir(), "junk.pem")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ ca, cert, key, want string }{
		{"nowhere.pem", "", "", "nowhere.pem"},
		{junk, "", "", "junk.pem holds no certificate in PEM form"},
		{"", "nowhere.pem", key, "nowhere.pem"},
		{"", cert, "nowhere.pem", "nowhere.pem"},
		{"", cert, junk, "junk.pem"},
	} {
		if _, err := TLS(c.ca, c.cert, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
	}
	for _, half := range [][2]string{{cert, ""}, {"", key}} {
		if _, err := TLS("", half[0], half[1]); !errors.Is(err, ErrHalfPair) {
			t.Errorf("half a pair: %v", err)
		}
	}
}

func TestVersion(t *testing.T) {
	if module, goVersion := Version(); module == "" || !strings.HasPrefix(goVersion, "go1.") {
		t.Errorf("Version() = %q, %q", module, goVersion)
	}
}
