package doctest

import (
	"regexp"
	"strings"
	"testing"
)

const lifetimes = "docs/LIFETIMES.md"

// TestThePromiseIsShort: ten lines at most, each a sentence of its own.
func TestThePromiseIsShort(t *testing.T) {
	numbered := regexp.MustCompile(`^\d+\. `)
	count := 0
	lines(t, func(l line) {
		if l.file == lifetimes && numbered.MatchString(l.text) {
			count++
		}
	})
	if count < 5 || count > 10 {
		t.Errorf("the promise has %d lines", count)
	}
}

// TestEveryEventIsShown: each row of the tables that say what happens names, in its last
// cell, a test that shows it. That there is such a test, TestTests finds out.
func TestEveryEventIsShown(t *testing.T) {
	shown, rows := false, 0 // whether the table is one of those
	lines(t, func(l line) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(l.text), "|"), "|")
		last := cells[len(cells)-1]
		switch {
		case l.file != lifetimes || l.code:
		case !strings.HasPrefix(l.text, "|"):
			shown = false
		case strings.TrimSpace(last) == "shown by":
			shown = true
		case shown && !strings.HasPrefix(l.text, "|---"):
			rows++
			if !testName.MatchString(last) {
				t.Errorf("%s:%d: no test shows it", l.file, l.number)
			}
		}
	})
	if rows < 20 {
		t.Errorf("%d rows found", rows)
	}
}
