package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/row"
)

// settings are what the flags say.
type settings struct {
	row.Options
	peers  []peer.Peer
	rows   []*row.Row
	rounds int
	pin    string // same, cross or off

	json, svg, doc, from string // files
	profiles             string // folder
	command              string // that measures the same
}

func parse(args []string, errors io.Writer) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(errors)
	peers := f.String("peers", "", "comma-separated `names` of peers; empty for all: "+strings.Join(peer.Names(), ","))
	rows := f.String("rows", "", "comma-separated `names` of rows; empty for all: "+strings.Join(row.Names(), ","))
	f.IntVar(&s.rounds, "rounds", 5, "how many times everything is measured")
	f.StringVar(&s.pin, "pin", "same", "where the processes of rows with one caller run: on the `same` CPU, cross (one CPU each), or off (where the system puts them)")
	f.DurationVar(&s.Time, "time", time.Second, "how long one measurement takes")
	f.Float64Var(&s.Scale, "scale", 1, "fraction of the references, connections and counted calls of the full size")
	f.StringVar(&s.json, "json", "", "write the report to a `file`")
	f.StringVar(&s.svg, "svg", "", "write the picture to a `file`")
	f.StringVar(&s.doc, "doc", "", "replace the results in a Markdown `file`")
	f.StringVar(&s.from, "from", "", "read the report from a `file` that -json wrote; nothing is measured")
	f.StringVar(&s.profiles, "profiles", "", "write CPU and heap profiles of both processes to a `folder`, those of the first round")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", f.Arg(0))
	}
	s.command = commandOf(f)
	return s, s.choose(*peers, *rows)
}

// files are the flags that say where to read and write, and not what to measure.
var files = []string{"json", "svg", "doc", "from", "profiles"}

// commandOf returns the command that measures what the flags say.
func commandOf(f *flag.FlagSet) string {
	command := "go run ."
	f.Visit(func(set *flag.Flag) {
		if !slices.Contains(files, set.Name) {
			command += " -" + set.Name + " " + set.Value.String()
		}
	})
	return command
}

// choose fills in peers and rows, and checks the rest.
func (s *settings) choose(peers, rows string) error {
	var errs []error
	s.peers, s.rows = peer.All, row.All
	if peers != "" {
		s.peers = nil
		for name := range strings.SplitSeq(peers, ",") {
			if p := peer.Named(name); p == nil {
				errs = append(errs, fmt.Errorf("there is no peer %q; there are %s", name, strings.Join(peer.Names(), ", ")))
			} else if !slices.Contains(s.peers, p) {
				s.peers = append(s.peers, p)
			}
		}
	}
	if rows != "" {
		s.rows = nil
		for name := range strings.SplitSeq(rows, ",") {
			found := row.Named(name)
			if len(found) == 0 {
				errs = append(errs, fmt.Errorf("there is no row %q; there are %s", name, strings.Join(row.Names(), ", ")))
			}
			s.rows = append(s.rows, slices.DeleteFunc(found, func(r *row.Row) bool { return slices.Contains(s.rows, r) })...)
		}
	}
	if !slices.Contains([]string{"same", "cross", "off"}, s.pin) {
		errs = append(errs, fmt.Errorf("-pin is same, cross or off, not %q", s.pin))
	}
	if s.rounds < 1 || s.Time <= 0 || s.Scale <= 0 || s.Scale > 1 {
		errs = append(errs, errors.New("-rounds and -time must be positive, -scale above 0 and at most 1"))
	}
	if s.profiles != "" {
		errs = append(errs, os.MkdirAll(s.profiles, 0o777))
	}
	return errors.Join(errs...)
}
