package gen

import (
	"fmt"
	"go/scanner"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// imports chooses the names of the packages that a generated file imports. A
// name must not meet a declaration of the package or a predeclared identifier.
type imports struct {
	taken  func(name string) bool
	prefer map[string]string // path -> name in the user's file
	names  map[string]string // path -> name
	used   map[string]bool   // paths whose name was asked for
}

// name returns the name of an import, which the caller uses.
func (im *imports) name(path, natural string) string {
	im.used[path] = true
	return im.reserve(path, natural)
}

func (im *imports) reserve(path, natural string) string {
	if name, ok := im.names[path]; ok {
		return name
	}
	want := natural
	if user := im.prefer[path]; user != "" {
		want = user
	}
	name := want
	for i := 1; im.taken(name) || im.uses(name); i++ {
		name = want + "pkg"
		if i > 1 {
			name += strconv.Itoa(i)
		}
	}
	im.names[path] = name
	return name
}

func (im *imports) uses(name string) bool {
	for _, used := range im.names {
		if used == name {
			return true
		}
	}
	return false
}

// scope gives out package-level names of the generated file.
type scope struct {
	taken map[string]bool
}

// newScope knows what the package declares, outside the generated files that are
// about to be replaced, and what Go predeclares.
func (b *builder) newScope() *scope {
	s := &scope{map[string]bool{"init": true, "main": true, "_": true}}
	for _, name := range types.Universe.Names() {
		s.taken[name] = true
	}
	if b.target.types != nil {
		for _, name := range b.target.types.Scope().Names() {
			s.taken[name] = true
		}
	}
	return s
}

// free returns name, with a number if it is taken, and takes it.
func (s *scope) free(name string) string {
	got := name
	for i := 2; s.taken[got] || token.IsKeyword(got); i++ {
		got = name + strconv.Itoa(i)
	}
	s.taken[got] = true
	return got
}

// freePair returns two names for one thing, with the same number if any.
func (s *scope) freePair(a, b string) (string, string) {
	gotA, gotB := a, b
	for i := 2; s.taken[gotA] || s.taken[gotB]; i++ {
		gotA, gotB = a+strconv.Itoa(i), b+strconv.Itoa(i)
	}
	s.taken[gotA], s.taken[gotB] = true, true
	return gotA, gotB
}

// symbols gives out the names inside one function. The function is written with
// marks in place of its own names; when it is complete, the marks become names
// that hide nothing which the function uses. That way the user's parameters keep
// their names almost always, whatever else the package calls so.
type symbols struct {
	wanted []string // those that ask first choose first
	byName map[string]string
}

const symbolMark = "ꓘ%dꓘ"

var symbolPattern = regexp.MustCompile(`ꓘ(\d+)ꓘ`)

// param returns the mark of a parameter or result that wants to be called name.
func (s *symbols) param(name, otherwise string) string {
	if name == "" || name == "_" {
		name = otherwise
	}
	return s.add(name)
}

// local returns the mark of a name of our own; the same one for the same name.
func (s *symbols) local(name string) string {
	if mark, ok := s.byName[name]; ok {
		return mark
	}
	if s.byName == nil {
		s.byName = map[string]string{}
	}
	mark := s.add(name)
	s.byName[name] = mark
	return mark
}

// fresh returns the mark of a new name of our own.
func (s *symbols) fresh(name string) string { return s.add(name) }

func (s *symbols) add(name string) string {
	s.wanted = append(s.wanted, name)
	return fmt.Sprintf(symbolMark, len(s.wanted)-1)
}

// resolve replaces the marks in the function. What the signature refers to lies
// outside the scope of the parameters, so only the body counts. renamed are the
// wanted names that could not be had.
func (s *symbols) resolve(signature, body string) (text string, renamed []string) {
	used := identifiers(body)
	names := make([]string, len(s.wanted))
	for i, want := range s.wanted {
		name := want
		for n := 2; used[name] || slices.Contains(names, name) || token.IsKeyword(name); n++ {
			name = want + strconv.Itoa(n)
		}
		names[i] = name
		if name != want {
			renamed = append(renamed, want)
		}
	}
	text = symbolPattern.ReplaceAllStringFunc(signature+body, func(mark string) string {
		i, err := strconv.Atoi(strings.Trim(mark, "ꓘ"))
		if err != nil || i >= len(names) {
			return mark
		}
		return names[i]
	})
	return text, renamed
}

// identifiers are those that text refers to: not behind a dot, and no mark.
func identifiers(text string) map[string]bool {
	found := map[string]bool{}
	fset := token.NewFileSet()
	var scan scanner.Scanner
	scan.Init(fset.AddFile("", fset.Base(), len(text)), []byte(text), nil, 0)
	for before := token.ILLEGAL; ; {
		_, tok, lit := scan.Scan()
		if tok == token.EOF {
			return found
		}
		if tok == token.IDENT && before != token.PERIOD && !symbolPattern.MatchString(lit) {
			found[lit] = true
		}
		before = tok
	}
}
