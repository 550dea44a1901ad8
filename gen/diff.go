package gen

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
)

// Relative returns path relative to dir, where that does not lead upwards.
func Relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return path
}

// context is the number of equal lines around a change in a diff.
const contextLines = 3

// edit is one line of a diff: ' ', '-' or '+'.
type edit struct {
	op   byte
	line string
}

// Diff returns the unified diff from the file on disk to what it should hold,
// under the given name.
func (f *File) Diff(name string) string {
	edits := diffLines(splitLines(f.Old), splitLines(f.Content))
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s (objgen)\n", name, name)
	for start := 0; start < len(edits); {
		for start < len(edits) && edits[start].op == ' ' {
			start++
		}
		if start == len(edits) {
			break
		}
		end := hunkEnd(edits, start)
		writeHunk(&out, edits, max(0, start-contextLines), end)
		start = end
	}
	return out.String()
}

// hunkEnd finds the end of the hunk that begins with the change at start: where
// no further change follows closely.
func hunkEnd(edits []edit, start int) int {
	last := start
	for i := start; i < len(edits) && i <= last+2*contextLines; i++ {
		if edits[i].op != ' ' {
			last = i
		}
	}
	return min(len(edits), last+contextLines+1)
}

func writeHunk(out *strings.Builder, edits []edit, start, end int) {
	oldLine, newLine := 1, 1
	for _, e := range edits[:start] {
		oldLine += btoi(e.op != '+')
		newLine += btoi(e.op != '-')
	}
	oldCount, newCount := 0, 0
	for _, e := range edits[start:end] {
		oldCount += btoi(e.op != '+')
		newCount += btoi(e.op != '-')
	}
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", oldLine-btoi(oldCount == 0), oldCount, newLine-btoi(newCount == 0), newCount)
	for _, e := range edits[start:end] {
		fmt.Fprintf(out, "%c%s\n", e.op, e.line)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func splitLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte("\n"))), "\n")
}

// diffLines is a shortest edit script by the table of longest common
// subsequences; equal starts and ends, most of a generated file, stay out of the
// table.
func diffLines(a, b []string) []edit {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var edits []edit
	for _, line := range a[:start] {
		edits = append(edits, edit{' ', line})
	}
	edits = append(edits, diffMiddle(a[start:len(a)-end], b[start:len(b)-end])...)
	for _, line := range a[len(a)-end:] {
		edits = append(edits, edit{' ', line})
	}
	return edits
}

func diffMiddle(a, b []string) []edit {
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var edits []edit
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			edits = append(edits, edit{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			edits = append(edits, edit{'-', a[i]})
			i++
		default:
			edits = append(edits, edit{'+', b[j]})
			j++
		}
	}
	return edits
}
