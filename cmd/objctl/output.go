package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

// isTerminal reports whether out is a terminal that may get colour.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// table prints rows in columns, those that marked reports in colour. What came
// from a peer is printed without control characters.
func (t *tool) table(header []string, rows [][]string, marked func(row int) bool) error {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = clean(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	number := -1 // the header's
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if number >= 0 && marked(number) {
			line = t.mark(line)
		}
		number++
		if _, err := fmt.Fprintln(t.out, line); err != nil {
			return err
		}
	}
	return nil
}

// clean replaces control characters, which could move a terminal's cursor.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// json prints v on one line.
func (t *tool) json(v any) error {
	e := json.NewEncoder(t.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// mark colours text that a person should notice, on a terminal.
func (t *tool) mark(text string) string {
	if t.colour {
		return "\x1b[31m" + text + "\x1b[0m"
	}
	return text
}
