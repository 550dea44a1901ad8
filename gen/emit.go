package gen

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// writer writes one generated file. The file's imports are known only when its
// body is complete, so the body comes first.
type writer struct {
	*builder
	out  *output
	im   *imports
	body bytes.Buffer

	// hidden are imports that a parameter hides from a body which uses them.
	hidden map[string]bool
}

func (w *writer) printf(format string, args ...any) { fmt.Fprintf(&w.body, format, args...) }

// emit renders the text of out. Where a parameter hides an import, the import
// gets another name, so that the user's names stay.
func (b *builder) emit(out *output) ([]byte, error) {
	hidden := map[string]bool{}
	for {
		n := len(hidden)
		w := &writer{builder: b, out: out, im: b.newImports(out, hidden), hidden: hidden}
		text, err := w.render()
		if err != nil || len(hidden) == n {
			return text, err
		}
	}
}

// render writes the file once.
func (w *writer) render() ([]byte, error) {
	b, out := w.builder, w.out
	// These come first to have their plain names.
	w.im.reserve(proxyPath, "proxy")
	w.im.reserve(marshalPath, "marshal")
	for _, i := range out.ifaces {
		w.proxy(i)
	}
	for _, i := range out.ifaces {
		w.descriptor(i)
	}
	w.errorMarks()
	for _, c := range out.codecs {
		w.codec(c)
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s\n\n", out.header)
	if out.constraint != "" {
		fmt.Fprintf(&text, "//go:build %s\n\n", out.constraint)
	}
	fmt.Fprintf(&text, "package %s\n\n", b.target.name)
	generation := fmt.Sprintf(generationText, w.proxyPkg())
	w.writeImports(&text)
	text.WriteString(generation)
	text.Write(w.body.Bytes())
	formatted, err := format.Source(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated code does not parse, please report this: %w\n%s", err, text.Bytes())
	}
	return formatted, nil
}

// newImports prepares the choice of import names for out: names in the user's
// file are kept.
func (b *builder) newImports(out *output, hidden map[string]bool) *imports {
	im := &imports{prefer: map[string]string{}, names: map[string]string{}, used: map[string]bool{}}
	scope := b.newScope()
	im.taken = func(name string) bool { return scope.taken[name] || b.names[name] || hidden[name] }
	for _, f := range b.unit.pkg.files {
		if !slices.ContainsFunc(out.header.from, func(from string) bool { return stem(from) == stem(f.path) }) {
			continue
		}
		for _, spec := range f.syntax.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err == nil && spec.Name != nil && spec.Name.Name != "." && spec.Name.Name != "_" {
				im.prefer[path] = spec.Name.Name
			}
		}
	}
	return im
}

// pkg is the name under which the generated file knows the package.
func (w *writer) pkg(path, natural string) string { return w.im.name(path, natural) }

func (w *writer) proxyPkg() string   { return w.pkg(proxyPath, "proxy") }
func (w *writer) marshalPkg() string { return w.pkg(marshalPath, "marshal") }

// typ spells t in the generated file.
func (w *writer) typ(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p.Path() == w.target.path {
			return ""
		}
		return w.pkg(p.Path(), p.Name())
	})
}

// writeImports lists the imports that the body uses, std first.
func (w *writer) writeImports(text *bytes.Buffer) {
	var std, others []string
	for path, name := range w.im.names {
		if !w.im.used[path] {
			continue
		}
		line := strconv.Quote(path)
		if name != w.natural(path) {
			line = name + " " + line
		}
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, line)
		} else {
			std = append(std, line)
		}
	}
	byPath := func(a, b string) int { return strings.Compare(a[strings.Index(a, `"`):], b[strings.Index(b, `"`):]) }
	slices.SortFunc(std, byPath)
	slices.SortFunc(others, byPath)
	blank := ""
	if len(std) > 0 && len(others) > 0 {
		blank = "\n\n"
	}
	fmt.Fprintf(text, "import (\n%s%s%s\n)\n\n", strings.Join(std, "\n"), blank, strings.Join(others, "\n"))
}

// natural is the name that an import of path has without saying so.
func (w *writer) natural(path string) string {
	last := path[strings.LastIndex(path, "/")+1:]
	if pkg := w.run.types[path]; pkg != nil && pkg.Name() == last {
		return last
	}
	switch path {
	case proxyPath, marshalPath, "context", "reflect", "math":
		return last
	}
	return "" // package name and path differ: spell the name out
}

const generationText = `// This file is generation 2 of objgen's output. If this line does not compile,
// the netobj in go.mod is older than the objgen that wrote it: update netobj.
const _ = %s.SupportsGen2

`

// comment writes doc as a comment.
func (w *writer) comment(doc string) {
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "":
			w.printf("//\n")
		case line[0] == '\t' || line[0] == ' ':
			w.printf("//%s\n", line)
		default:
			w.printf("// %s\n", line)
		}
	}
}

// function writes a function whose own names are marks.
func (w *writer) function(f *fn) {
	text, renamed := f.symbols.resolve(f.signature, f.body.String())
	w.body.WriteString(text)
	w.printf("\n")
	if f.visible {
		for _, name := range renamed {
			if w.im.uses(name) {
				w.hidden[name] = true
			}
		}
	}
}

// fn is a function being written.
type fn struct {
	symbols
	w         *writer
	visible   bool // the names of the parameters are seen by users
	signature string
	body      bytes.Buffer
}

func (f *fn) printf(format string, args ...any) { fmt.Fprintf(&f.body, format, args...) }

// capture returns what write writes, instead of writing it.
func (f *fn) capture(write func()) string {
	start := f.body.Len()
	write()
	text := f.body.String()[start:]
	f.body.Truncate(start)
	return text
}

// loop returns a name for the loop variable at a depth of nesting.
func (f *fn) loop(depth int) string { return f.local(string(rune('i' + depth%4))) }

// errorMarks registers the errors of the package.
func (w *writer) errorMarks() {
	if len(w.out.errors) == 0 {
		return
	}
	w.printf("func init() {\n")
	for _, e := range w.out.errors {
		if e.typ == nil {
			w.printf("%s.RegisterError(%q, %s)\n", w.marshalPkg(), e.full, e.name)
		} else {
			w.registerErrorType(e)
		}
	}
	w.printf("}\n\n")
}
