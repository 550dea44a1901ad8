package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/report"
	"github.com/netobj/netobj/bench/row"
)

// cell is one measurement: a peer at a row in a round.
type cell struct {
	round int
	row   *row.Row
	peer  peer.Peer
}

// schedule returns the cells in the order in which they are measured: within a
// round row by row, within a row the peers in random order, so that those who are
// compared are measured close to each other, and nobody always after the same one.
func (s *settings) schedule() []cell {
	var all []cell
	for round := range s.rounds {
		for _, r := range s.rows {
			begin := len(all)
			for _, p := range s.peers {
				if ok, _ := r.Takes(p.Traits()); ok {
					all = append(all, cell{round, r, p})
				}
			}
			now := all[begin:]
			rand.Shuffle(len(now), func(i, j int) { now[i], now[j] = now[j], now[i] })
		}
	}
	return all
}

// run measures everything.
func (s *settings) run(ctx context.Context, progress io.Writer) *report.Report {
	r := &report.Report{
		Begun:   time.Now(),
		Command: s.command,
		Machine: report.ThisMachine(),
		Options: s.Options,
		Pin:     s.pin,
		Rounds:  s.rounds,
	}
	for _, p := range s.peers {
		r.Peers = append(r.Peers, p.Traits().Name)
	}
	for _, one := range s.rows {
		r.Rows = append(r.Rows, one.Name)
	}
	if len(process.CPUs()) == 0 && s.pin != "off" {
		fmt.Fprintln(progress, "processes cannot be bound to a CPU here: -pin is off")
		s.pin, r.Pin = "off", "off"
	}
	cells := s.schedule()
	for i, c := range cells {
		fmt.Fprintf(progress, "round %d/%d  %-10s  %-11s  %d of %d%s\n",
			c.round+1, s.rounds, c.row.Name, c.peer.Traits().Name, i+1, len(cells), remaining(time.Since(r.Begun), i, len(cells)))
		sample := s.measure(ctx, c)
		if ctx.Err() != nil { // interrupted: what there is will be shown
			r.Missing = len(cells) - i
			break
		}
		r.Samples = append(r.Samples, sample)
	}
	r.Took, r.Machine.LoadAfter = time.Since(r.Begun), report.Load()
	return r
}

// remaining guesses how much longer it takes.
func remaining(spent time.Duration, done, all int) string {
	if done == 0 {
		return ""
	}
	left := spent / time.Duration(done) * time.Duration(all-done)
	return fmt.Sprintf(", about %v left", left.Round(time.Second))
}

// patience is how long one cell may take: some 20 measurements, and the counted
// parts.
func (s *settings) patience() time.Duration {
	return 30*time.Second + 20*s.Time + time.Duration(s.Scale*float64(4*time.Minute))
}

// measure runs one cell in a client process.
func (s *settings) measure(ctx context.Context, c cell) report.Sample {
	ctx, cancel := context.WithTimeoutCause(ctx, s.patience(), fmt.Errorf("not done after %v", s.patience()))
	defer cancel()
	name := c.peer.Traits().Name
	client, server := s.cpus(c.row)
	request := row.Request{Row: c.row.Name, Peer: name, Options: s.Options, ServerCPU: server}
	if s.profiles != "" && c.round == 0 {
		file := filepath.Join(s.profiles, c.row.Name+"-"+strings.ReplaceAll(name, "/", "-"))
		request.ClientProfile, request.ServerProfile = file+"-client.pprof", file+"-server.pprof"
	}
	sample := report.Sample{Round: c.round, Row: c.row.Name, Peer: name}
	if err := process.Ask(ctx, client, request, &sample.Values); err != nil {
		sample.Values, sample.Error = nil, err.Error()
	}
	return sample
}

// cpus returns where client and server of a row run.
func (s *settings) cpus(r *row.Row) (client, server int) {
	all := process.CPUs()
	switch {
	case !r.Pinned || s.pin == "off" || len(all) == 0:
		return process.AnyCPU, process.AnyCPU
	case s.pin == "cross":
		return all[0], all[len(all)-1]
	}
	return all[0], all[0]
}
