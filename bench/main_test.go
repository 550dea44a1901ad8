package main

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/report"
	"github.com/netobj/netobj/bench/row"
)

func TestMain(m *testing.M) {
	process.Main(row.Measure) // this program is also the clients and servers of TestSmoke
	os.Exit(m.Run())
}

// absent are the figures that a peer has not, although it takes part in the row.
var absent = map[string]string{
	"ttrpc W3 16MiB": "its messages end at 4 MiB",
	"capnp W6 lists": "it is no Lister",
}

// TestSmoke runs peers at every row, as processes, for a moment: all figures are there,
// and the table shows them.
func TestSmoke(t *testing.T) {
	var progress, out strings.Builder
	file := t.TempDir() + "/report.json"
	args := []string{"-rounds", "1", "-time", "1ms", "-scale", "0.0005", "-peers", strings.Join(smoked, ","), "-json", file}
	if err := command(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	r, err := report.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Samples {
		for _, m := range row.Named(s.Row)[0].Metrics {
			v, ok := s.Values[m.Key]
			if _, known := absent[s.Peer+" "+s.Row+" "+m.Key]; known == ok {
				t.Errorf("%s at %s: %s is there: %v", s.Peer, s.Row, m.Key, ok)
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s at %s: %s is %v", s.Peer, s.Row, m.Key, v)
			}
		}
	}
	for _, want := range append(smoked, "W1  one caller", "W10-growth", "Goals", "W5: allocations per echo") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q", want)
		}
	}
	if got := strings.Count(progress.String(), "\n"); got != len(r.Samples) {
		t.Errorf("%d lines of progress for %d measurements", got, len(r.Samples))
	}
}

// TestInterrupt: what was measured until then is shown, and that it is not all.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	err := command(ctx, []string{"-peers", "tcp,unix", "-rows", "W1", "-rounds", "3"}, &out, t.Output())
	if !errors.Is(err, errInterrupted) || !strings.Contains(out.String(), "6 measurements are missing") {
		t.Errorf("%v, after\n%s", err, out.String())
	}
}

// TestFailureIsShown: a measurement that fails is a line in the table, and the
// exit code tells.
func TestFailureIsShown(t *testing.T) {
	s, err := parse([]string{"-peers", "tcp", "-rows", "W1"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	r := &report.Report{Rounds: 1, Peers: []string{"tcp"}, Rows: []string{"W1"}, Samples: []report.Sample{{
		Row: "W1", Peer: "tcp", Error: "Add returned 4, it should be 5",
	}}}
	var out strings.Builder
	if err := s.write(r, &out); err != nil {
		t.Fatal(err)
	}
	if !r.Failed() || !strings.Contains(out.String(), "tcp: failed: Add returned 4, it should be 5") {
		t.Errorf("the failure is not shown:\n%s", out.String())
	}
}

func TestScheduleIsShuffledWithinRowsOfARound(t *testing.T) {
	s, err := parse([]string{"-rounds", "20", "-rows", "W1,W9"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	orders := map[string]bool{}
	for round := range 20 {
		seen := map[string][]string{}
		for _, c := range s.schedule() {
			if c.round == round {
				seen[c.row.Name] = append(seen[c.row.Name], c.peer.Traits().Name)
			}
		}
		orders[strings.Join(seen["W1"], " ")] = true
		for name, peers := range seen {
			for _, p := range peer.All {
				takes, _ := row.Named(name)[0].Takes(p.Traits())
				if got := slices.Contains(peers, p.Traits().Name); got != takes {
					t.Errorf("%s at %s: scheduled %v, takes part %v", p.Traits().Name, name, got, takes)
				}
			}
		}
	}
	if len(orders) < 2 {
		t.Error("the peers came in the same order in every round")
	}
	last := cell{}
	for _, c := range s.schedule() {
		if c.round < last.round {
			t.Error("rounds are mixed")
		}
		last = c
	}
}

func TestFlags(t *testing.T) {
	s, err := parse(nil, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.peers) != len(peer.All) || len(s.rows) != len(row.All) || s.rounds != 5 || s.pin != "same" || s.Time != time.Second || s.Scale != 1 {
		t.Errorf("defaults are %+v", s)
	}
	s, err = parse([]string{"-peers", "netobj,grpc,netobj", "-rows", "w10,W1", "-rounds", "2", "-pin", "cross", "-json", "x"}, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range s.rows {
		rows = append(rows, r.Name)
	}
	if want := []string{"W10-idle", "W10-growth", "W1"}; !slices.Equal(rows, want) {
		t.Errorf("rows are %v, want %v", rows, want)
	}
	if len(s.peers) != 2 || s.peers[0].Traits().Name != "netobj" {
		t.Errorf("peers are %v", s.peers)
	}
	if s.command != "go run . -peers netobj,grpc,netobj -pin cross -rounds 2 -rows w10,W1" {
		t.Errorf("the command is %s", s.command)
	}
}

// TestHelp: -h names all flags, peers and rows, and is no failure.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if err := command(t.Context(), []string{"-h"}, t.Output(), &help); err != nil {
		t.Error(err)
	}
	flags := []string{"-peers", "-rows", "-rounds", "-pin", "-json", "-svg"}
	for _, want := range slices.Concat(flags, peer.Names(), row.Names()) {
		if !strings.Contains(help.String(), want) {
			t.Errorf("the help lacks %s", want)
		}
	}
}

func TestFlagErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-peers", "corba"}, `no peer "corba"; there are tcp,`},
		{[]string{"-rows", "W4"}, `no row "W4"; there are W1,`},
		{[]string{"-pin", "left"}, `-pin is same, cross or off, not "left"`},
		{[]string{"-rounds", "0"}, "-rounds and -time must be positive"},
		{[]string{"-time", "-1s"}, "-rounds and -time must be positive"},
		{[]string{"-scale", "2"}, "-scale above 0 and at most 1"},
		{[]string{"W1"}, `"W1" is no flag`},
	} {
		_, err := parse(c.args, t.Output())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}
