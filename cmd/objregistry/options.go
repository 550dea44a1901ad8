package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/netobj/netobj/internal/cli"
	"github.com/netobj/netobj/registry"
)

const usage = `Usage: objregistry [flags]

  --listen URL         an address to serve at; may be repeated
                       (default tcp://127.0.0.1:7000 and a unix socket, mode
                       0600, in the user's runtime folder)
  --store FILE|memory  where names are kept (default registry.db in the state folder)
  --grace DURATION     how long a name stays bound while its owner is away (default 60s)
  --allow-plaintext    permit tcp:// addresses beyond loopback
  --tls-cert FILE      certificate of tls:// addresses, with --tls-key FILE
  --tls-ca FILE        clients must show a certificate that this one signed
  --log-level LEVEL    debug, info, warn or error (default info)
  --log-format FORMAT  text or json (default text)
  --version            print the version and exit

SIGTERM lets running calls end; a second one exits at once.
Exit codes: 0 ended as told, 1 failed, 2 usage.
`

// memoryStore is the value of --store for a store that ends with the daemon.
const memoryStore = "memory"

// options are the flags.
type options struct {
	listen                 []string
	store                  string
	grace                  time.Duration
	allowPlaintext         bool
	tlsCert, tlsKey, tlsCA string
	level                  slog.Level
	logFormat              string
	version                bool
}

// parse reads the command line. Every error but flag.ErrHelp is one of usage.
func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("objregistry", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("listen", "", func(url string) error {
		o.listen = append(o.listen, url)
		return nil
	})
	flags.StringVar(&o.store, "store", "", "")
	flags.DurationVar(&o.grace, "grace", time.Minute, "")
	flags.BoolVar(&o.allowPlaintext, "allow-plaintext", false, "")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "")
	flags.StringVar(&o.tlsKey, "tls-key", "", "")
	flags.StringVar(&o.tlsCA, "tls-ca", "", "")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "")
	flags.StringVar(&o.logFormat, "log-format", "text", "")
	flags.BoolVar(&o.version, "version", false, "")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, fmt.Errorf("argument %q is not understood; there are flags only", flags.Arg(0))
	case o.logFormat != "text" && o.logFormat != "json":
		return nil, fmt.Errorf("--log-format %s: use text or json", o.logFormat)
	case o.grace <= 0:
		return nil, fmt.Errorf("--grace %v: use a time greater than zero", o.grace)
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return nil, cli.ErrHalfPair
	}
	if o.store == "" && !o.version {
		folder, err := stateFolder()
		if err != nil {
			return nil, fmt.Errorf("no folder for the store: %w; name a file with --store", err)
		}
		o.store = filepath.Join(folder, "registry.db")
	}
	return o, nil
}

// addresses returns what to listen at.
func (o *options) addresses() []string {
	if len(o.listen) > 0 {
		return o.listen
	}
	all := []string{registry.DefaultAddress}
	if socket := defaultSocket(); socket != "" {
		all = append(all, "unix://"+socket)
	}
	return all
}

// stateFolder is where data of the user's daemons lives: as systemd says, as the
// XDG base directories say, or where the system keeps such things.
func stateFolder() (string, error) {
	if folder, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); folder != "" {
		return folder, nil
	}
	if folder := os.Getenv("XDG_STATE_HOME"); folder != "" {
		return filepath.Join(folder, "netobj"), nil
	}
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		folder, err := os.UserConfigDir()
		return filepath.Join(folder, "netobj"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "netobj"), err
}

// defaultSocket is the unix socket of the default addresses; empty if there is
// no folder that only this user can enter.
func defaultSocket() string {
	folder := os.Getenv("XDG_RUNTIME_DIR")
	if folder == "" {
		var err error
		if folder, err = stateFolder(); err != nil || runtime.GOOS == "windows" {
			return ""
		}
	} else {
		folder = filepath.Join(folder, "netobj")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return ""
	}
	return filepath.Join(folder, "registry.sock")
}
