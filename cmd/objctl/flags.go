package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/netobj/netobj/internal/cli"
	"github.com/netobj/netobj/objects"
)

// options are the flags.
type options struct {
	registry      string
	timeout       time.Duration
	format        string // table or json
	idle          time.Duration
	ca, cert, key string // files
	version       bool
}

const flagHelp = `Flags, anywhere on the line:
  --registry URL      the registry; default $OBJREGISTRY, then tcp://127.0.0.1:7000
  --timeout DURATION  bound on the whole command, except watch; default 10s
  -o table|json       output; default table
  --idle DURATION     leaks: time without a call; default 10m
  --tls-ca FILE       certificates to trust, for tls:// addresses
  --tls-cert FILE     this side's certificate, with --tls-key FILE
`

func (o *options) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("objctl", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.registry, "registry", "", "")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Second, "")
	flags.StringVar(&o.format, "o", "table", "")
	flags.DurationVar(&o.idle, "idle", 10*time.Minute, "")
	flags.StringVar(&o.ca, "tls-ca", "", "")
	flags.StringVar(&o.cert, "tls-cert", "", "")
	flags.StringVar(&o.key, "tls-key", "", "")
	flags.BoolVar(&o.version, "version", false, "")
	return flags
}

// parse separates flags, which may stand anywhere, from the other words. It
// returns them also with an error: of usage, or flag.ErrHelp.
func (o *options) parse(args []string) (words []string, err error) {
	flags := o.flags()
	for len(args) > 0 {
		switch word := args[0]; {
		case word == "--":
			return append(words, args[1:]...), nil
		case isFlag(word):
			if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
				return append(words, flags.Args()...), err
			} else if err != nil {
				return words, &usageError{err}
			}
			args = flags.Args()
		default:
			words, args = append(words, word), args[1:]
		}
	}
	if o.format != "table" && o.format != "json" {
		return words, usagef("-o %s: use table or json", o.format)
	}
	return words, nil
}

// isFlag tells flags from other words; negative numbers are words.
func isFlag(word string) bool {
	negative := len(word) > 1 && (word[1] >= '0' && word[1] <= '9' || word[1] == '.')
	return len(word) > 1 && word[0] == '-' && !negative
}

// config returns the settings of the node that carries a command out.
func (o *options) config() (*objects.Config, error) {
	settings, err := cli.TLS(o.ca, o.cert, o.key)
	if errors.Is(err, cli.ErrHalfPair) {
		return nil, &usageError{err}
	}
	return &objects.Config{TLS: settings}, err
}

// usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }
