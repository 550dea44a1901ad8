// Package row has what is measured, one row of the table in each file. A row runs
// in a client process of its own, with the server in another.
package row

import (
	"slices"
	"strings"

	"github.com/netobj/netobj/bench/peer"
)

// Row is one piece of work that peers are measured at.
type Row struct {
	Name    string // as the flag -rows knows it
	Title   string
	Metrics []Metric
	Base    string // the peer whose values are divided by those of the others
	Pinned  bool   // the flag -pin says on which CPUs the two processes run
	Many    bool   // more than one connection is opened
	TLS     bool   // it is for the peers over TLS, other rows are for the others
	// lacks says what a peer would need to take part; empty, or nil, if it can.
	lacks func(peer.Traits) string
	run   func(*env) error
}

// Metric is one figure of a row.
type Metric struct {
	Key    string // in reports
	Title  string
	Unit   string
	Places int  // after the point, in tables
	Alone  bool // not compared with other peers
}

// Values are the figures that one run of a row gave, by the metrics' keys. A peer
// that cannot do a part of a row lacks its figures.
type Values map[string]float64

// All are the rows, in the order of the table.
var All = []*Row{w1, w2, w3, w5, w6, w7, w9One, w9Many, w10Idle, w10Growth}

// Named returns the rows that a name means: W10 is W10-idle and W10-growth.
func Named(name string) []*Row {
	return slices.DeleteFunc(slices.Clone(All), func(r *Row) bool {
		return !strings.EqualFold(r.Name, name) && !strings.HasPrefix(strings.ToUpper(r.Name), strings.ToUpper(name)+"-")
	})
}

// Names returns the names of all rows.
func Names() []string {
	var names []string
	for _, r := range All {
		names = append(names, r.Name)
	}
	return names
}

// Takes reports whether a peer takes part, and if that is to be explained, why
// not.
func (r *Row) Takes(t peer.Traits) (ok bool, why string) {
	if t.TLS != r.TLS {
		return false, ""
	}
	if r.lacks != nil {
		why = r.lacks(t)
	}
	return why == "", why
}

// concurrent is for rows with more than one call at a time.
func concurrent(t peer.Traits) string {
	if t.Serial {
		return "one call at a time"
	}
	return ""
}
