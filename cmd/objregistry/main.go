// Objregistry is netobj's registry daemon: it maps names to objects.
//
//	objregistry [flags]
//
//	--listen URL         an address to serve at; may be repeated. Default:
//	                     tcp://127.0.0.1:7000 and a unix socket of mode 0600 in
//	                     the user's runtime folder
//	--store FILE|memory  where names are kept. Default: registry.db in the state
//	                     folder: $STATE_DIRECTORY, else netobj in $XDG_STATE_HOME
//	                     or ~/.local/state
//	--grace DURATION     how long a name stays bound while its owner is away;
//	                     default 60s
//	--allow-plaintext    permit tcp:// addresses beyond loopback
//	--tls-cert, --tls-key FILE   the certificate of tls:// addresses, PEM
//	--tls-ca FILE        clients must show a certificate that this one signed
//	--log-level LEVEL    debug, info, warn or error; default info
//	--log-format FORMAT  text or json, on standard error; default text
//	--version            print the version and exit
//
// One line "listening on URL" for each address goes to standard output once all
// of them are served, with the port that was picked for port 0. Under systemd
// with Type=notify it also says READY=1. SIGTERM and SIGINT let running calls
// end, and exit with code 0; a second one exits at once. Exit codes: 0 ended as
// told, 1 failed, 2 usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/netobj/netobj/internal/cli"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/boltstore"
)

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// lease is how long an owner may be without a connection before its names count as
// unreachable: long enough for a connection that broke to be made again, and short,
// because that is when the names of an owner that crashed can be bound anew.
const lease = 5 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes the command line until a signal ends it, and returns the exit
// code.
func run(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		return 0
	case err != nil:
		fmt.Fprintf(errOut, "objregistry: %v\nRun \"objregistry --help\" for usage.\n", err)
		return exitUsage
	case o.version:
		module, goVersion := cli.Version()
		fmt.Fprintf(out, "objregistry %s (%s)\n", module, goVersion)
		return 0
	}
	context.AfterFunc(ctx, stop) // a second signal has its usual effect
	if err := serve(ctx, o, out, errOut); err != nil {
		fmt.Fprintf(errOut, "objregistry: %v\n", err)
		return exitFailed
	}
	return 0
}

// serve runs the registry until ctx ends.
func serve(ctx context.Context, o *options, out, errOut io.Writer) (err error) {
	log := o.logger(errOut)
	tls, err := cli.TLS(o.tlsCA, o.tlsCert, o.tlsKey)
	if err != nil {
		return err
	}
	store, err := openStore(o.store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	node := objects.NewNode(&objects.Config{TLS: tls, Logger: log, AllowPlaintext: o.allowPlaintext, Lease: lease})
	defer func() { err = errors.Join(err, node.Close()) }()
	server, err := registry.Serve(node, &registry.ServerOptions{Store: store, Grace: o.grace})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	for _, url := range o.addresses() {
		if err := node.Listen(ctx, url); err != nil {
			return err
		}
	}
	for _, url := range node.Addrs() {
		fmt.Fprintln(out, "listening on", url)
	}
	log.Info("registry is ready", "node", node.ID(), "store", o.store, "grace", o.grace)
	tell(log, "READY=1")
	<-ctx.Done()
	tell(log, "STOPPING=1")
	log.Info("registry ends")
	return nil
}

// openStore opens the store called name, making its folder if need be.
func openStore(name string) (registry.Store, error) {
	if name == memoryStore {
		return registry.NewMemoryStore(), nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("folder of the store: %w", err)
	}
	return boltstore.Open(name, nil)
}

func (o *options) logger(w io.Writer) *slog.Logger {
	settings := &slog.HandlerOptions{Level: o.level}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, settings))
	}
	return slog.New(slog.NewTextHandler(w, settings))
}
