package gen

import (
	"go/ast"
	"slices"
	"strings"
)

// Directives on a method. They belong to its declaration: every exported interface
// that embeds the method's own has the method with them.
const (
	markInline     = "inline"     // never blocks: run on the connection's reader
	markLend       = "lend"       // []byte parameters are lent for the call, not copied
	markIdempotent = "idempotent" // may run more than once for a call
)

var methodMarks = []string{markIdempotent, markInline, markLend}

// directiveName is the word behind //objgen:.
func directiveName(c *ast.Comment) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(c.Text, directivePrefix), " ")
	return name
}

// checkMethodMarks checks the directives above the methods of spec, if it is an
// interface, and notes those that may stand there as used.
func checkMethodMarks(spec ast.Spec, used map[*ast.Comment]bool, fs *findings) {
	ts, ok := spec.(*ast.TypeSpec)
	if !ok {
		return
	}
	it, ok := ts.Type.(*ast.InterfaceType)
	if !ok {
		return
	}
	for _, field := range it.Methods.List {
		if len(field.Names) == 0 { // embedded
			continue
		}
		seen := map[string]bool{}
		for _, c := range directives(field.Doc) {
			name := directiveName(c)
			if !slices.Contains(methodMarks, name) {
				continue // reported as a stray
			}
			used[c] = true
			parseDirective(c, fs)
			if seen[name] {
				fs.add(c.Pos(), "remove one", "%s.%s has %s%s twice", ts.Name.Name, field.Names[0].Name, directivePrefix, name)
			}
			seen[name] = true
		}
	}
}

// applyMarks sets what the directives in the comment above m say.
func (b *builder) applyMarks(m *method, doc *ast.CommentGroup, at where) {
	for _, c := range directives(doc) {
		switch directiveName(c) {
		case markIdempotent:
			m.idempotent = true
		case markInline:
			m.inline = true
		case markLend:
			m.lend = true
			if !slices.ContainsFunc(m.params, (*param).lendable) {
				b.fs.add(at.pos, "remove it, or take the bytes as a parameter of their own",
					"%s: %s%s, but no parameter is a []byte", at.path, directivePrefix, markLend)
			}
		}
	}
}

// lendable tells whether the parameter can be part of the message: a []byte, maybe
// with a name, but not one inside of something else.
func (p *param) lendable() bool { return p.shape != nil && p.shape.kind == kindBytes }

// served is the shape by which the serving side decodes p.
func (m *method) served(p *param) *shape {
	if !m.lend || !p.lendable() {
		return p.shape
	}
	lent := *p.shape
	lent.kind = kindLent
	return &lent
}
