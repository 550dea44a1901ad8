// Command bench shows this runtime beside its peers: the same work, each peer with
// client and server as two processes on one connection.
//
//	go run .                          # all peers, all rows, 5 rounds
//	go run . -peers netobj,grpc -rows W1,W2 -rounds 3
//	go run . -json results.json       # keep the figures
//	go run . -from results.json -doc ../docs/PERFORMANCE.md
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/report"
	"github.com/netobj/netobj/bench/row"
)

func main() {
	process.Main(row.Measure)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// What the exit code tells besides the table.
var (
	errFailed      = errors.New("some measurements failed, see the table")
	errInterrupted = errors.New("interrupted, the table has what was measured until then")
)

func command(ctx context.Context, args []string, out, progress io.Writer) error {
	s, err := parse(args, progress)
	if errors.Is(err, flag.ErrHelp) {
		return nil // parse has printed it
	}
	if err != nil {
		return err
	}
	r, err := s.report(ctx, progress)
	if err != nil {
		return err
	}
	if err := s.write(r, out); err != nil {
		return err
	}
	switch {
	case r.Missing > 0:
		return errInterrupted
	case r.Failed():
		return errFailed
	}
	return nil
}

// report measures, or reads what was measured before.
func (s *settings) report(ctx context.Context, progress io.Writer) (*report.Report, error) {
	if s.from != "" {
		return report.Read(s.from)
	}
	return s.run(ctx, progress), nil
}

// write writes everything that was asked for.
func (s *settings) write(r *report.Report, out io.Writer) error {
	errs := []error{r.Text(out)}
	if s.json != "" {
		errs = append(errs, r.Write(s.json))
	}
	if s.svg != "" {
		errs = append(errs, os.WriteFile(s.svg, []byte(r.SVG()), 0o666))
	}
	if s.doc != "" {
		errs = append(errs, r.Document(s.doc))
	}
	return errors.Join(errs...)
}
