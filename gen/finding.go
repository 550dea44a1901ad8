package gen

import (
	"cmp"
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Finding is one thing that keeps objgen from generating code: where it is,
// what is wrong, and what the user can do about it.
type Finding struct {
	Pos    token.Position
	Cause  string
	Remedy string
}

// String renders f as "file:line:col: cause; remedy".
func (f Finding) String() string {
	text := f.Cause
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	if f.Pos.Filename == "" {
		return text
	}
	return f.Pos.String() + ": " + text
}

// Relative returns f with a file name relative to dir, where that is shorter to
// read.
func (f Finding) Relative(dir string) Finding {
	if rel, err := filepath.Rel(dir, f.Pos.Filename); err == nil && !strings.HasPrefix(rel, "..") {
		f.Pos.Filename = rel
	}
	return f
}

// findings collects what is wrong with one package. Each text is kept once.
type findings struct {
	fset *token.FileSet
	all  []Finding
}

// add reports a cause at pos. format makes the cause.
func (fs *findings) add(pos token.Pos, remedy, format string, args ...any) {
	fs.addAt(fs.fset.Position(pos), remedy, format, args...)
}

func (fs *findings) addAt(pos token.Position, remedy, format string, args ...any) {
	// Messages of the go command may have several lines.
	cause := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	f := Finding{Pos: pos, Cause: cause, Remedy: remedy}
	if !slices.Contains(fs.all, f) {
		fs.all = append(fs.all, f)
	}
}

func sortFindings(all []Finding) {
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.Filename, b.Pos.Filename),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Cause, b.Cause),
		)
	})
}
