// Package report keeps what was measured, and shows it: as tables, as a picture,
// and beside the goals.
package report

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/row"
	"github.com/netobj/netobj/bench/stats"
)

// Report is one run of the program; -json writes it.
type Report struct {
	Begun   time.Time
	Took    time.Duration
	Command string // that gives such a run
	Machine Machine
	Options row.Options
	Pin     string
	Rounds  int
	Peers   []string
	Rows    []string
	Samples []Sample
	Missing int `json:",omitempty"` // measurements that an interrupt left out
}

// Sample is what one peer gave in one row of one round.
type Sample struct {
	Round  int
	Row    string
	Peer   string
	Values row.Values `json:",omitempty"`
	Error  string     `json:",omitempty"`
}

// Values returns a peer's values of a metric.
func (r *Report) Values(row, peer, key string) stats.Rounds {
	values := stats.Rounds{}
	for _, s := range r.Samples {
		if v, ok := s.Values[key]; ok && s.Row == row && s.Peer == peer {
			values[s.Round] = v
		}
	}
	return values
}

// best returns the greatest value of any peer that carries calls and is not this
// runtime, round by round.
func (r *Report) best(row, key string) stats.Rounds {
	var all []stats.Rounds
	for _, name := range r.Peers {
		if p := peer.Named(name); p != nil && !p.Traits().Floor && !p.Traits().Ours {
			all = append(all, r.Values(row, name, key))
		}
	}
	return stats.Most(all...)
}

// failures returns the different errors of a peer in a row.
func (r *Report) failures(row, peer string) (all []string) {
	for _, s := range r.Samples {
		text := strings.ReplaceAll(s.Error, "\n", "; ")
		if s.Row == row && s.Peer == peer && text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// Failed reports whether any measurement failed.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Samples, func(s Sample) bool { return s.Error != "" })
}

// Write writes the report to a file, for Read.
func (r *Report) Write(file string) error {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o666)
}

// Read returns a report that was written to a file.
func Read(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	return r, json.Unmarshal(text, r)
}
