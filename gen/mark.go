package gen

import (
	"bytes"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// Directives are comments of the form //objgen:name. They are parsed strictly:
// a typing error must not turn a reference into a value in silence.
const directivePrefix = "//objgen:"

const (
	markExport = "export" // on an interface: generate code, pass it by reference
	markError  = "error"  // on a variable or type: the same error on the other side
)

var declMarks = []string{markExport, markError}

// reserved are the directives that a later objgen will know.
var reserved = map[string]bool{
	"oneway": true, "timeout": true, "serial": true,
}

// spaced is a directive that gofmt and objgen take for prose.
var spaced = regexp.MustCompile(`^//[ \t]+objgen:[a-z]+$`)

// mentionsMark is the cheap test for files that need a closer look.
func mentionsMark(text []byte) bool { return bytes.Contains(text, []byte("objgen:")) }

// decl is a package-level type or variable under a directive.
type decl struct {
	mark string
	pos  token.Pos // of the directive
	name *ast.Ident
	spec ast.Spec
	doc  string
	file *file
}

// marksIn returns the marked declarations of f and reports every directive that
// marks nothing.
func marksIn(f *file, fs *findings) []decl {
	var decls []decl
	used := map[*ast.Comment]bool{}
	for _, d := range f.syntax.Decls {
		gd, ok := d.(*ast.GenDecl)
		if !ok || gd.Tok != token.TYPE && gd.Tok != token.VAR {
			continue
		}
		for _, spec := range gd.Specs {
			doc := specDoc(gd, spec)
			checkMethodMarks(spec, used, fs)
			for _, c := range directives(gd.Doc, doc) {
				mark := parseDirective(c, fs)
				if !slices.Contains(declMarks, mark) {
					continue // reported as a stray
				}
				used[c] = true
				for _, name := range specNames(spec) {
					decls = append(decls, decl{mark, c.Pos(), name, spec, doc.Text(), f})
				}
			}
		}
	}
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			if spaced.MatchString(c.Text) {
				fs.add(c.Pos(), "remove the space: "+directivePrefix+strings.TrimSpace(c.Text[strings.Index(c.Text, ":")+1:]),
					"a directive has no space after the slashes")
			}
			if isDirective(c) && !used[c] {
				reportStray(c, fs)
			}
		}
	}
	return decls
}

// specDoc is the doc comment of one spec: its own, or that of a declaration
// without parentheses.
func specDoc(gd *ast.GenDecl, spec ast.Spec) *ast.CommentGroup {
	var doc *ast.CommentGroup
	switch s := spec.(type) {
	case *ast.TypeSpec:
		doc = s.Doc
	case *ast.ValueSpec:
		doc = s.Doc
	}
	if doc == nil && !gd.Lparen.IsValid() {
		doc = gd.Doc
	}
	return doc
}

func specNames(spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}
	case *ast.ValueSpec:
		return s.Names
	}
	return nil
}

// directives returns the directives of the comment groups, each once. A mark on
// a parenthesized declaration holds for everything in it.
func directives(groups ...*ast.CommentGroup) []*ast.Comment {
	var all []*ast.Comment
	for i, g := range groups {
		if g == nil || i > 0 && g == groups[0] {
			continue
		}
		for _, c := range g.List {
			if isDirective(c) {
				all = append(all, c)
			}
		}
	}
	return all
}

func isDirective(c *ast.Comment) bool { return strings.HasPrefix(c.Text, directivePrefix) }

// parseDirective returns the mark that c sets. It reports anything else and
// returns "".
func parseDirective(c *ast.Comment, fs *findings) string {
	name := directiveName(c)
	arg := strings.TrimSpace(strings.TrimPrefix(c.Text, directivePrefix+name))
	switch {
	case reserved[name]:
		fs.add(c.Pos(), "remove it until objgen supports it", "directive %s%s is reserved for a later version", directivePrefix, name)
	case !slices.Contains(declMarks, name) && !slices.Contains(methodMarks, name):
		fs.add(c.Pos(), suggest(name), "unknown directive %s%s", directivePrefix, name)
	case arg != "":
		fs.add(c.Pos(), "put only "+directivePrefix+name+" on the line", "directive %s%s takes no argument, not %q", directivePrefix, name, arg)
	default:
		return name
	}
	return ""
}

// suggest names the directive that was probably meant.
func suggest(name string) string {
	for _, known := range slices.Concat(declMarks, methodMarks) {
		if len(name) >= 2 && (strings.HasPrefix(known, name[:2]) || strings.HasSuffix(known, name[len(name)-2:])) {
			return "write " + directivePrefix + known
		}
	}
	return "use " + directivePrefix + markExport + " on an interface, " + directivePrefix + markError + " on an error, or " +
		directivePrefix + markIdempotent + ", " + directivePrefix + markInline + " or " + directivePrefix + markLend + " on a method"
}

// reportStray reports a directive that is not part of the doc comment of what it
// can mark.
func reportStray(c *ast.Comment, fs *findings) {
	mark := parseDirective(c, fs)
	switch mark {
	case markExport:
		fs.add(c.Pos(), "put it directly above the interface, outside functions and methods, without a blank line", "%s%s marks no interface", directivePrefix, mark)
	case markError:
		fs.add(c.Pos(), "put it directly above a package-level variable or type, without a blank line", "%s%s marks no error", directivePrefix, mark)
	case markIdempotent, markInline, markLend:
		fs.add(c.Pos(), "put it directly above a method in the declaration of an interface, without a blank line", "%s%s marks no method", directivePrefix, mark)
	}
}
