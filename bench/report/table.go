package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/netobj/netobj/bench/peer"
	"github.com/netobj/netobj/bench/row"
	"github.com/netobj/netobj/bench/stats"
)

// section is one row of the report as a table of its own, a peer in each line.
type section struct {
	title string
	head  []string // in two lines
	lines [][]string
	notes []string
}

// sections returns all that was measured, and the goals.
func (r *Report) sections() []section {
	var all []section
	for _, row := range row.All {
		if slices.Contains(r.Rows, row.Name) {
			all = append(all, r.section(row))
		}
	}
	return append(all, r.goals(), r.peers())
}

// peers says how each was set up.
func (r *Report) peers() section {
	s := section{title: "Peers"}
	for _, name := range r.Peers {
		if p := peer.Named(name); p != nil {
			s.notes = append(s.notes, name+": "+p.Traits().About)
		}
	}
	return s
}

func (r *Report) section(row *row.Row) section {
	s := section{title: row.Name + "  " + row.Title, head: []string{"\npeer"}}
	for _, m := range row.Metrics {
		s.head = append(s.head, m.Title+"\n"+m.Unit)
		if !m.Alone {
			s.head = append(s.head, "\n"+row.Base+" /")
		}
	}
	for _, name := range r.Peers {
		p := peer.Named(name)
		if p == nil {
			continue
		}
		if ok, why := row.Takes(p.Traits()); !ok {
			if why != "" {
				s.note(name, why)
			}
			continue
		}
		s.lines = append(s.lines, r.line(row, name))
		for _, failure := range r.failures(row.Name, name) {
			s.note(name, "failed: "+failure)
		}
	}
	return s
}

// note adds to the reasons below the table; peers with the same one share it.
func (s *section) note(peer, why string) {
	for i, n := range s.notes {
		if peers, ok := strings.CutSuffix(n, ": "+why); ok {
			s.notes[i] = peers + ", " + peer + ": " + why
			return
		}
	}
	s.notes = append(s.notes, peer+": "+why)
}

// line is a peer's: the median of each metric, and the ratio of the base to it.
func (r *Report) line(row *row.Row, name string) []string {
	cells := []string{name}
	for _, m := range row.Metrics {
		values := r.Values(row.Name, name, m.Key)
		cells = append(cells, number(values.Spread().Median, m.Places))
		if m.Alone {
			continue
		}
		if name == row.Base {
			cells = append(cells, spreadOfBase(values))
			continue
		}
		cells = append(cells, Ratio(r.Values(row.Name, row.Base, m.Key).Over(values).Spread()))
	}
	return cells
}

// spreadOfBase shows how far the base's own values reach, around their median.
func spreadOfBase(values stats.Rounds) string {
	s := values.Spread()
	if math.IsNaN(s.Median) || s.Median == 0 {
		return "-"
	}
	return fmt.Sprintf("(±%.0f%%)", 100*max(s.Max-s.Median, s.Median-s.Min)/s.Median)
}

// Ratio shows a spread of ratios: the median, and the least and the greatest.
func Ratio(s stats.Spread) string {
	if math.IsNaN(s.Median) {
		return "-"
	}
	if s.Min == s.Max {
		return short(s.Median)
	}
	return fmt.Sprintf("%s (%s-%s)", short(s.Median), short(s.Min), short(s.Max))
}

// short shows a number with two digits after the point if it is small.
func short(v float64) string {
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	if math.Abs(v) >= 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// number shows a figure, with its thousands apart.
func number(v float64, places int) string {
	if math.IsNaN(v) {
		return "-"
	}
	text := fmt.Sprintf("%.*f", places, v)
	whole, part, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	if part != "" {
		part = "." + part
	}
	return sign + whole + part
}

// introduction says how to read what follows.
func (r *Report) introduction() []string {
	lines := []string{
		fmt.Sprintf("%s, `%s`: %d rounds, %v a measurement, scale %v, -pin %s; %v in all.",
			r.Begun.Format("2006-01-02 15:04 MST"), r.Command, r.Rounds, r.Options.Time, r.Options.Scale, r.Pin, r.Took.Round(1e9)),
		r.Machine.String() + ".",
		"Figures are medians over the rounds. \"netobj /\" is this runtime's figure divided by the peer's in the same round: the median, and in brackets the least and the greatest. Below 1 is better where less is better, as times, CPU, bytes; above 1 where more is, as rates. At netobj itself: how far its own figures lie from their median.",
	}
	if r.Options.Scale != 1 {
		lines = append(lines, fmt.Sprintf("Of the references, connections and counted calls that titles speak of, there were %v times as many.", r.Options.Scale))
	}
	if r.Missing > 0 {
		lines = append(lines, fmt.Sprintf("The run was interrupted: %d measurements are missing.", r.Missing))
	}
	return lines
}

// Text writes the tables for a terminal.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	for _, line := range r.introduction() {
		fmt.Fprintln(&b, line)
	}
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "\n%s\n", s.title)
		s.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// text writes the table in columns, figures to the right.
func (s *section) text(b *strings.Builder) {
	var above, below []string
	for _, h := range s.head {
		first, second, _ := strings.Cut(h, "\n")
		above, below = append(above, first), append(below, second)
	}
	lines := append([][]string{above, below}, s.lines...)
	for _, line := range lines {
		if strings.Join(line, "") == "" {
			continue
		}
		for i, cell := range line {
			pad := strings.Repeat(" ", columnWidth(lines, i)-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(b, "  %s%s", cell, pad)
			} else {
				fmt.Fprintf(b, "  %s%s", pad, cell)
			}
		}
		b.WriteByte('\n')
	}
	for _, n := range s.notes {
		fmt.Fprintf(b, "  - %s\n", n)
	}
}

func columnWidth(lines [][]string, column int) (most int) {
	for _, line := range lines {
		most = max(most, utf8.RuneCountInString(line[column]))
	}
	return most
}

// Markdown writes the tables for a document.
func (r *Report) Markdown() string {
	var b strings.Builder
	b.WriteString(strings.Join(r.introduction(), "\n\n") + "\n")
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "\n### %s\n\n", s.title)
		s.markdown(&b)
		for i, n := range s.notes {
			if i == 0 && len(s.lines) > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	return b.String()
}

func (s *section) markdown(b *strings.Builder) {
	if len(s.lines) == 0 {
		return
	}
	for i, h := range s.head {
		fmt.Fprintf(b, "| %s ", strings.TrimSpace(strings.ReplaceAll(h, "\n", " ")))
		if i == len(s.head)-1 {
			fmt.Fprintf(b, "|\n|---|%s\n", strings.Repeat("---:|", i))
		}
	}
	for _, line := range s.lines {
		fmt.Fprintf(b, "| %s |\n", strings.Join(line, " | "))
	}
}
