package report

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/netobj/netobj/bench/row"
)

// sample is a report of two rounds; the second has a machine half as fast.
func sample() *Report {
	r := &Report{
		Begun:   time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC),
		Took:    90 * time.Second,
		Command: "go run . -rows W1,W2",
		Machine: Machine{CPU: "A CPU", Cores: 2, System: "plan9/mips", Kernel: "1", Go: "go1", LoadBefore: "0 0 0", LoadAfter: "1 1 1"},
		Options: row.Options{Time: time.Second, Scale: 1},
		Pin:     "same",
		Rounds:  2,
		Peers:   []string{"tcp", "net/rpc", "ttrpc", "netobj", "netobj-tls"},
		Rows:    []string{"W1", "W2"},
	}
	for round, slow := range []float64{1, 2} {
		add := func(row, peer string, v row.Values) {
			r.Samples = append(r.Samples, Sample{Round: round, Row: row, Peer: peer, Values: v})
		}
		add("W1", "tcp", row.Values{"add.p50": 20 * slow})
		add("W1", "net/rpc", row.Values{"add.p50": 30 * slow})
		add("W1", "netobj", row.Values{"add.p50": 22 * slow})
		add("W2", "net/rpc", row.Values{"rate.64": 10_000 / slow, "rate.8": 1000})
		add("W2", "netobj", row.Values{"rate.64": 44_000 / slow, "rate.8": 1600 * slow})
		r.Samples = append(r.Samples, Sample{Round: round, Row: "W1", Peer: "ttrpc", Error: "no\nluck"})
	}
	return r
}

func text(t *testing.T, r *Report) string {
	var b strings.Builder
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRatiosAreOfRounds: the medians move with the machine, the ratios do not.
func TestRatiosAreOfRounds(t *testing.T) {
	r := sample()
	w1 := r.section(row.Named("W1")[0])
	want := [][]string{
		{"tcp", "30.0", "1.10"},
		{"net/rpc", "45.0", "0.73"},
		{"ttrpc", "-", "-"},
		{"netobj", "33.0", "(±33%)"},
	}
	for i, line := range w1.lines {
		if !reflect.DeepEqual(line[:3], want[i]) {
			t.Errorf("line %d is %v, want %v", i, line[:3], want[i])
		}
	}
	if len(w1.lines) != len(want) || !reflect.DeepEqual(w1.notes, []string{"ttrpc: failed: no; luck"}) {
		t.Errorf("%d lines with notes %q; a peer over TLS has no place in W1", len(w1.lines), w1.notes)
	}
	if w2 := r.section(row.Named("W2")[0]); !reflect.DeepEqual(w2.notes, []string{"tcp: one call at a time"}) {
		t.Errorf("notes of W2: %q", w2.notes)
	}
}

func TestGoals(t *testing.T) {
	verdicts := map[string][]string{}
	g := sample().goals()
	for _, line := range g.lines {
		verdicts[line[0]] = line[1:]
	}
	for what, want := range map[string][]string{
		"W1: add p50 / tcp":        {"<= 1.15", "1.10", "met"},
		"W1: add p50 / net/rpc":    {"<= 0.95", "0.73", "met"},
		"W2: 64 callers / net/rpc": {">= 4.50", "4.40", "not met"},
		"W2: 8 callers / net/rpc":  {">= 1.70", "2.40 (1.60-3.20)", "met, not in every round"},
	} {
		if !reflect.DeepEqual(verdicts[what], want) {
			t.Errorf("%s: %v, want %v", what, verdicts[what], want)
		}
	}
	if len(g.lines) != 4 || len(g.notes) != 2 {
		t.Errorf("%d goals, notes %q", len(g.lines), g.notes)
	}
}

// TestGoalsAreOfRows: each goal names a row and a figure that are there.
func TestGoalsAreOfRows(t *testing.T) {
	full := &Report{Rounds: 1}
	for _, one := range row.All {
		for _, p := range []string{"tcp", "net/rpc", "grpc", "drpc", "netobj"} {
			values := row.Values{}
			for _, m := range one.Metrics {
				values[m.Key] = 1
			}
			full.Samples = append(full.Samples, Sample{Row: one.Name, Peer: p, Values: values})
		}
	}
	full.Peers = []string{"tcp", "drpc"}
	if got := full.goals(); len(got.lines) != len(goals) {
		t.Errorf("%d of %d goals can be measured", len(got.lines), len(goals))
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v      float64
		places int
		want   string
	}{{0, 0, "0"}, {999, 0, "999"}, {1234567.89, 1, "1,234,567.9"}, {-1000, 0, "-1,000"}, {0.25, 2, "0.25"}} {
		if got := number(c.v, c.places); got != c.want {
			t.Errorf("number(%v, %d) is %q, want %q", c.v, c.places, got, c.want)
		}
	}
}

func TestReportIsReadAsItWasWritten(t *testing.T) {
	file, r := filepath.Join(t.TempDir(), "r.json"), sample()
	if err := r.Write(file); err != nil {
		t.Fatal(err)
	}
	back, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if text(t, back) != text(t, r) || back.SVG() != r.SVG() {
		t.Error("the report that was read shows other tables")
	}
}

func TestSVGIsWellFormed(t *testing.T) {
	svg := sample().SVG()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(svg, `class="o"`); got != 1 {
		t.Errorf("%d bars are this runtime's, want 1", got)
	}
}

func TestDocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doc.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("# Before\n" + docBegin + "old\n" + docEnd + "after\n")
	for range 2 { // the second replaces what the first wrote
		if err := sample().Document(file); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(got)
	if !strings.HasPrefix(doc, "# Before\n"+docBegin) || !strings.HasSuffix(doc, docEnd+"after\n") || strings.Contains(doc, "old") {
		t.Errorf("the document around the results was changed:\n%s", doc)
	}
	if strings.Count(doc, "### Goals") != 1 || !strings.Contains(doc, "| peer | add p50 us | netobj / |") {
		t.Errorf("the results are wrong:\n%s", doc)
	}
	write("nothing\n")
	if err := sample().Document(file); err == nil {
		t.Error("a document without a place for results was accepted")
	}
}
