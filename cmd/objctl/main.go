// Command objctl looks into a netobj registry and calls objects by hand.
//
//	objctl ls [PREFIX]                        names, with their interfaces and owners
//	objctl inspect NAME                       the interface of an object, as Go code
//	objctl call NAME METHOD [JSON...]         call a method; "then METHOD [JSON...]" calls its result
//	objctl watch [PREFIX]                     changes of names, until interrupted
//	objctl rm NAME                            remove a name
//	objctl ping [URL]                         time a round trip to a node, the registry's by default
//	objctl version                            print the version
//	objctl completion bash|zsh|fish           print a completion script
//
// Flags may stand anywhere:
//
//	--registry URL       the registry; default $OBJREGISTRY, then tcp://127.0.0.1:7000
//	--timeout DURATION   bound on the whole command but watch; default 10s
//	-o table|json        output; default table
//	--tls-ca, --tls-cert, --tls-key FILE   for tls:// registries
//
// Arguments of call are JSON, typed by the method's descriptor, which comes from
// the object's owner: objctl needs no code of the interface. Where a method takes
// an object, write obj://NAME for the object that is bound to NAME. An object
// in a result is printed as obj://INCARNATION/NUMBER, which identifies it but
// gives no right to use it: objctl releases it when it ends. "then" uses it
// before that.
//
// Exit codes: 0 ok, 1 failed, 2 usage, 3 not found.
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
	"strings"
	"time"

	"github.com/netobj/netobj/internal/cli"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// The exit codes.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
)

// command is one subcommand.
type command struct {
	name  string
	args  string // as the usage shows them
	help  string
	least int // positional arguments
	most  int // -1: any number
	run   func(ctx context.Context, t *tool, args []string) error
}

// commands lists the subcommands in the order of the usage.
func commands() []command {
	return []command{
		{"ls", "[PREFIX]", "list names", 0, 1, list},
		{"inspect", "NAME", "show an object's interfaces", 1, 1, inspect},
		{"call", "NAME METHOD [JSON...] [then METHOD [JSON...]]...", "call a method", 2, -1, call},
		{"watch", "[PREFIX]", "print changes of names", 0, 1, watch},
		{"rm", "NAME", "remove a name", 1, 1, remove},
		{"ping", "[URL]", "time a round trip to a node", 0, 1, ping},
		{"version", "", "print the version", 0, 0, version},
		{"completion", "bash|zsh|fish", "print a completion script", 1, 1, completion},
	}
}

// tool is what subcommands work with.
type tool struct {
	out      io.Writer
	errOut   io.Writer
	format   string // table or json
	url      string // of the registry
	colour   bool
	settings objects.Config
	node     *objects.Node
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is a command line that cannot be understood.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	err := execute(ctx, args, out, errOut)
	if err == nil {
		return 0
	}
	if errors.Is(err, flag.ErrHelp) {
		usage(out)
		return 0
	}
	fmt.Fprintf(errOut, "objctl: %v\n", err)
	if _, bad := errors.AsType[*usageError](err); bad {
		fmt.Fprintln(errOut, `Run "objctl --help" for usage.`)
		return exitUsage
	}
	for _, missing := range []error{registry.ErrNotFound, objects.ErrNoSuchObject, objects.ErrNoSuchMethod} {
		if errors.Is(err, missing) {
			return exitNotFound
		}
	}
	return exitFailed
}

func execute(ctx context.Context, args []string, out, errOut io.Writer) error {
	t := &tool{out: out, errOut: errOut, colour: isTerminal(out)}
	var timeout time.Duration
	var ca, cert, key string
	flags := flag.NewFlagSet("objctl", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&t.format, "o", "table", "")
	flags.StringVar(&t.url, "registry", "", "")
	flags.DurationVar(&timeout, "timeout", 10*time.Second, "")
	flags.StringVar(&ca, "tls-ca", "", "")
	flags.StringVar(&cert, "tls-cert", "", "")
	flags.StringVar(&key, "tls-key", "", "")
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if t.format != "table" && t.format != "json" {
		return &usageError{fmt.Sprintf("-o %s: use table or json", t.format)}
	}
	if len(words) == 0 {
		return &usageError{"no command given"}
	}
	cmd, err := find(words[0])
	if err != nil {
		return err
	}
	if n := len(words) - 1; n < cmd.least || cmd.most >= 0 && n > cmd.most {
		return &usageError{fmt.Sprintf("usage: objctl %s %s", cmd.name, cmd.args)}
	}
	if t.settings.TLS, err = cli.TLS(ca, cert, key); errors.Is(err, cli.ErrHalfPair) {
		return &usageError{err.Error()}
	} else if err != nil {
		return err
	}
	if cmd.name != "watch" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	t.settings.Logger = slog.New(slog.DiscardHandler) // what matters is in the errors
	t.node = objects.NewNode(&t.settings)
	return errors.Join(cmd.run(ctx, t, words[1:]), t.node.Close())
}

// parse separates flags, which may stand anywhere, from the other words.
// Negative numbers are words; after "--" everything is.
func parse(flags *flag.FlagSet, args []string) (words []string, err error) {
	for len(args) > 0 {
		word := args[0]
		if word == "--" {
			return append(words, args[1:]...), nil
		}
		negative := len(word) > 1 && word[0] == '-' && (word[1] >= '0' && word[1] <= '9' || word[1] == '.')
		if len(word) < 2 || word[0] != '-' || negative {
			words = append(words, word)
			args = args[1:]
			continue
		}
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, &usageError{err.Error()}
		}
		args = flags.Args()
	}
	return words, nil
}

func find(name string) (command, error) {
	if name == "help" {
		return command{}, flag.ErrHelp
	}
	var names []string
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return command{}, &usageError{fmt.Sprintf("no command %q; there are %s", name, strings.Join(names, ", "))}
}

func usage(out io.Writer) {
	fmt.Fprint(out, "Usage: objctl [flags] COMMAND [arguments]\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-32s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	fmt.Fprint(out, `
Flags, anywhere on the line:
  --registry URL      the registry; default $OBJREGISTRY, then tcp://127.0.0.1:7000
  --timeout DURATION  bound on the whole command, except watch; default 10s
  -o table|json       output; default table
  --tls-ca FILE       certificates to trust, for tls:// registries
  --tls-cert FILE     this side's certificate, with --tls-key FILE

Exit codes: 0 ok, 1 failed, 2 usage, 3 not found.
`)
}

// names connects to the registry.
func (t *tool) names(ctx context.Context) (*registry.Client, error) {
	return registry.Dial(ctx, t.node, t.url)
}
