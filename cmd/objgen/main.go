// Objgen generates proxies, serving code and codecs for Go interfaces marked
// //objgen:export.
//
// In a package, below its package clause:
//
//	//go:generate go tool objgen
//
// or for a whole module:
//
//	go tool objgen ./...
//
// Each source file with marks gets a file beside it: bank_obj.go for bank.go.
// Nothing is written for a package with findings, which are printed with
// position, cause and remedy.
//
//	-type A,B     these interfaces only, marked or not: A or import/path.A
//	-o FILE       write everything to this file
//	-check        write nothing; print a diff and exit 1 if a file is stale
//	-n            write nothing; print the names of files that would be written
//	-v            print the name of every generated file
//	-tags LIST    build tags, separated by commas
//	-version      print the version and exit
//
// Exit codes: 0 ok, 1 findings, stale files or an error, 2 usage.
//
// See package gen for what can be exported, and what travels how.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/netobj/netobj/gen"
	"github.com/netobj/netobj/internal/cli"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // findings, stale files under -check, or an error
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	gen.Config
	check, dryRun, verbose, version bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, code := parse(args, stderr)
	if opts == nil {
		return code
	}
	if opts.version {
		module, goVersion := cli.Version()
		fmt.Fprintf(stdout, "objgen %s (%s)\n", module, goVersion)
		return exitOK
	}
	res, err := gen.Generate(ctx, &opts.Config)
	if err != nil {
		fmt.Fprintln(stderr, "objgen:", err)
		if usage := new(gen.UsageError); errors.As(err, &usage) {
			return exitUsage
		}
		return exitFailed
	}
	return finish(opts, res, stdout, stderr)
}

func parse(args []string, stderr io.Writer) (*options, int) {
	opts := new(options)
	var types string
	flags := flag.NewFlagSet("objgen", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.Output, "o", "", "write everything to this `file` instead of <file>_obj.go beside each source file")
	flags.StringVar(&types, "type", "", "generate code for these `interfaces` only, marked or not: A,B or import/path.A")
	flags.BoolVar(&opts.check, "check", false, "write nothing; print a diff and exit 1 if a file is stale")
	flags.BoolVar(&opts.dryRun, "n", false, "write nothing; print the names of the files that would be written")
	flags.BoolVar(&opts.verbose, "v", false, "print the name of every generated file")
	flags.BoolVar(&opts.version, "version", false, "print the version and exit")
	flags.StringVar(&opts.Tags, "tags", "", "build `tags`, separated by commas")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: objgen [flags] [packages]\n\nGenerates code for interfaces marked //objgen:export; without packages, in the current folder.\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, exitOK
		}
		return nil, exitUsage
	}
	if opts.check && opts.dryRun {
		fmt.Fprintln(stderr, "objgen: -check and -n exclude each other")
		return nil, exitUsage
	}
	for name := range strings.SplitSeq(types, ",") {
		if name = strings.TrimSpace(name); name != "" {
			opts.Types = append(opts.Types, name)
		}
	}
	opts.Patterns = flags.Args()
	return opts, exitOK
}

// finish prints the findings and writes, compares or lists the files.
func finish(opts *options, res *gen.Result, stdout, stderr io.Writer) int {
	code := exitOK
	dir, err := os.Getwd()
	if err != nil {
		dir = ""
	}
	if len(res.Files) == 0 && len(res.Findings) == 0 {
		fmt.Fprintln(stderr, "objgen: nothing to do: no interface or error is marked //objgen:export or //objgen:error there")
	}
	for _, f := range res.Findings {
		fmt.Fprintln(stderr, f.Relative(dir))
		code = exitFailed
	}
	for _, f := range res.Files {
		name := gen.Relative(dir, f.Path)
		switch {
		case opts.check && f.Stale():
			fmt.Fprint(stdout, f.Diff(name))
			code = exitFailed
		case opts.dryRun && f.Stale():
			fmt.Fprintln(stdout, verb(&f), name)
		case opts.check || opts.dryRun:
		default:
			if err := f.Write(); err != nil {
				fmt.Fprintln(stderr, "objgen:", err)
				code = exitFailed
			} else if opts.verbose {
				fmt.Fprintln(stderr, verb(&f), name)
			}
		}
	}
	return code
}

func verb(f *gen.File) string {
	switch {
	case !f.Stale():
		return "unchanged"
	case f.Content == nil:
		return "remove"
	}
	return "write"
}
