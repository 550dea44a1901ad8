// Command objctl looks into a netobj registry and calls objects by hand.
//
//	objctl ls [PREFIX]                 names, with their interfaces and owners
//	objctl inspect NAME                the interfaces of an object, as Go code
//	objctl call NAME METHOD [JSON...]  call a method
//	objctl watch [PREFIX]              changes of names, until interrupted
//	objctl rm NAME                     remove a name
//	objctl ping [URL]                  time a round trip to a node, the registry's by default
//	objctl refs [URL|NAME]             objects that a node has given and holds
//	objctl conns [URL|NAME]            a node's connections
//	objctl leases [URL|NAME]           a node's lost peers, and how long they may come back
//	objctl leaks [URL|NAME]            objects of a node that its peers may have forgotten
//	objctl version                     the version
//	objctl completion bash|zsh|fish    a completion script
//	objctl help [COMMAND]              what a command takes; "objctl help call" has the most to say
//
// Flags may stand anywhere:
//
//	--registry URL       the registry; default $OBJREGISTRY, then tcp://127.0.0.1:7000
//	--timeout DURATION   bound on the whole command but watch; default 10s
//	-o table|json        output; default table
//	--idle DURATION      leaks: time without a call; default 10m
//	--tls-ca, --tls-cert, --tls-key FILE   for tls:// addresses
//
// Colour is used on terminals alone, and not if NO_COLOR is set.
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
	"slices"
	"strings"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
)

// The exit codes.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
)

// command is one subcommand.
type command struct {
	name  string
	args  string // as the usage shows them
	help  string // one line
	more  string // what its own help says beside that
	least int    // positional arguments
	most  int    // -1: any number
	run   func(ctx context.Context, t *tool, args []string) error
}

// commands lists the subcommands in the order of the usage.
func commands() []command {
	return []command{
		{"ls", "[PREFIX]", "list names", "", 0, 1, list},
		{"inspect", "NAME", "show an object's interfaces", inspectHelp, 1, 1, inspect},
		{"call", "NAME METHOD [JSON...]", "call a method", callHelp, 2, -1, call},
		{"watch", "[PREFIX]", "print changes of names", watchHelp, 0, 1, watch},
		{"rm", "NAME", "remove a name", "", 1, 1, remove},
		{"ping", "[URL]", "time a round trip to a node", "", 0, 1, ping},
		{"refs", "[URL|NAME]", "list the objects that a node has given and holds", refsHelp, 0, 1, refs},
		{"conns", "[URL|NAME]", "list a node's connections", connsHelp, 0, 1, conns},
		{"leases", "[URL|NAME]", "list a node's lost peers", leasesHelp, 0, 1, leases},
		{"leaks", "[URL|NAME]", "list objects that peers may have forgotten", leaksHelp, 0, 1, leaks},
		{"version", "", "print the version", "", 0, 0, version},
		{"completion", "bash|zsh|fish", "print a completion script", completionHelp, 1, 1, completion},
		{"help", "[COMMAND]", "say more about a command", "", 0, 1, help},
	}
}

func commandNames() []string {
	var all []string
	for _, c := range commands() {
		all = append(all, c.name)
	}
	return all
}

func find(name string) (command, error) {
	if name == completer {
		return command{name: completer, most: -1, run: complete}, nil
	}
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, usagef("no command %q; %s", name, suggest(name, commandNames()))
}

// tool is what subcommands work with.
type tool struct {
	options
	out    io.Writer
	colour bool
	joined *objects.Node // see node
}

// node returns the node that carries the command out, made when it is needed.
func (t *tool) node() (*objects.Node, error) {
	if t.joined == nil {
		config, err := t.config()
		if err != nil {
			return nil, err
		}
		config.Logger = slog.New(slog.DiscardHandler) // what matters is in the errors
		t.joined = objects.NewNode(config)
	}
	return t.joined, nil
}

func (t *tool) close() error {
	if t.joined == nil {
		return nil
	}
	return t.joined.Close()
}

// names connects to the registry.
func (t *tool) names(ctx context.Context) (*registry.Client, error) {
	node, err := t.node()
	if err != nil {
		return nil, err
	}
	return registry.Dial(ctx, node, t.registry)
}

// object returns the object bound to name.
func (t *tool) object(ctx context.Context, name string) (*proxy.Ref, error) {
	names, err := t.names(ctx)
	if err != nil {
		return nil, err
	}
	return names.LookupRef(ctx, name)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	t := &tool{out: out, colour: isTerminal(out)}
	words, err := t.parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		words, err = t.asked(words, err)
	}
	if err == nil {
		err = t.execute(ctx, words)
	}
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(errOut, "objctl: %v\n", err)
	code := exitCode(err)
	if code == exitUsage {
		fmt.Fprintf(errOut, "Run %q for usage.\n", helpFor(first(words)))
	}
	return code
}

// asked turns the flags that stand for a command into that command.
func (t *tool) asked(words []string, err error) ([]string, error) {
	switch {
	case err != nil: // --help
		return append([]string{"help"}, words[:min(len(words), 1)]...), nil
	case t.version:
		return []string{"version"}, nil
	case len(words) == 0:
		return nil, usagef("no command given; %s", suggest("", commandNames()))
	}
	return words, nil
}

func helpFor(name string) string {
	if slices.Contains(commandNames(), name) {
		return "objctl help " + name
	}
	return "objctl help"
}

func exitCode(err error) int {
	for _, missing := range []error{registry.ErrNotFound, objects.ErrNoSuchObject, objects.ErrNoSuchMethod} {
		if errors.Is(err, missing) {
			return exitNotFound
		}
	}
	if _, bad := errors.AsType[*usageError](err); bad {
		return exitUsage
	}
	return exitFailed
}

func (t *tool) execute(ctx context.Context, words []string) error {
	cmd, err := find(words[0])
	if err != nil {
		return err
	}
	if n := len(words) - 1; n < cmd.least || cmd.most >= 0 && n > cmd.most {
		return usagef("usage: objctl %s", cmd.synopsis())
	}
	if cmd.name != "watch" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	return errors.Join(cmd.run(ctx, t, words[1:]), t.close())
}

func (c *command) synopsis() string { return strings.TrimSpace(c.name + " " + c.args) }
