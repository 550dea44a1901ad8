package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// The bounds of a type's text.
const (
	maxText  = 64 << 10
	maxDepth = 32
)

// Parse reads the text of a type. Its error names the position.
func Parse(text string) (*Type, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("type of %d bytes, at most %d are allowed", len(text), maxText)
	}
	p := parser{text: text}
	t := p.typ(0)
	if p.err == nil && p.off < len(text) {
		p.fail("end of the type")
	}
	if p.err != nil {
		return nil, p.err
	}
	return t, nil
}

// parser reads a type by recursive descent; the first error sticks.
type parser struct {
	text string
	off  int
	err  error
}

func (p *parser) fail(expected string) {
	if p.err == nil {
		rest := p.text[p.off:]
		p.err = fmt.Errorf("type %.60q: expected %s at position %d, found %.20q", p.text, expected, p.off, rest)
	}
}

// accept consumes s if it comes next.
func (p *parser) accept(s string) bool {
	if p.err == nil && strings.HasPrefix(p.text[p.off:], s) {
		p.off += len(s)
		return true
	}
	return false
}

func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.fail(strconv.Quote(s))
	}
}

func (p *parser) typ(depth int) *Type {
	if depth > maxDepth {
		p.fail(fmt.Sprintf("at most %d levels", maxDepth))
	}
	switch {
	case p.err != nil:
		return nil
	case p.accept("[]"):
		return &Type{Kind: List, Elem: p.typ(depth + 1)}
	case p.accept("["):
		t := &Type{Kind: Array, Len: p.number()}
		p.expect("]")
		t.Elem = p.typ(depth + 1)
		return t
	case p.accept("map["):
		t := &Type{Kind: Map, Key: p.typ(depth + 1)}
		p.expect("]")
		t.Elem = p.typ(depth + 1)
		return t
	case p.accept("*"):
		return &Type{Kind: Pointer, Elem: p.typ(depth + 1)}
	case p.accept("ref("):
		return &Type{Kind: Ref, Name: p.name()}
	case p.accept("struct("):
		return p.fields(Struct, depth)
	case p.accept("tuple("):
		return p.fields(Tuple, depth)
	case p.accept("opaque:"):
		t := &Type{Kind: Opaque, Form: p.form()}
		p.expect("(")
		t.Name = p.name()
		return t
	}
	start := p.off
	t, known := plain[p.word()]
	if !known {
		p.off = start
		p.fail("a type")
	}
	return &t
}

// name reads up to the closing parenthesis.
func (p *parser) name() string {
	end := strings.IndexByte(p.text[p.off:], ')')
	if p.err != nil || end < 0 {
		p.fail(`")"`)
		return ""
	}
	name := p.text[p.off : p.off+end]
	p.off += end + 1
	return name
}

func (p *parser) word() string {
	start := p.off
	for p.off < len(p.text) && isWord(rune(p.text[p.off])) {
		p.off++
	}
	return p.text[start:p.off]
}

// form reads how a type with a marshaler of its own travels.
func (p *parser) form() string {
	start := p.off
	form := p.word()
	if form != "text" && form != "bytes" && form != "cbor" {
		p.off = start
		p.fail(`"text", "bytes" or "cbor"`)
	}
	return form
}

func (p *parser) number() int {
	start := p.off
	n, err := strconv.Atoi(p.word())
	if err != nil || n < 0 {
		p.off = start
		p.fail("a length")
	}
	return n
}

func (p *parser) fields(kind Kind, depth int) *Type {
	t := &Type{Kind: kind, Name: p.name()}
	p.expect("{")
	if p.accept("}") {
		return t
	}
	for p.err == nil {
		f := p.field(depth)
		t.Fields = append(t.Fields, f)
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	return t
}

func (p *parser) field(depth int) Field {
	var f Field
	switch {
	case p.accept("#"):
		f.Number = true
		start := p.off
		n, err := strconv.ParseInt(p.word(), 10, 64)
		if err != nil {
			p.off = start
			p.fail("a number")
		}
		f.Name = strconv.FormatInt(n, 10)
	case strings.HasPrefix(p.text[p.off:], `"`):
		f.Name = p.quoted()
	default:
		if f.Name = p.word(); f.Name == "" {
			p.fail("a key")
		}
	}
	f.Omitted = p.accept("?")
	p.expect(":")
	f.Type = p.typ(depth + 1)
	return f
}

// quoted reads a key in JSON quotes.
func (p *parser) quoted() string {
	d := json.NewDecoder(strings.NewReader(p.text[p.off:]))
	token, err := d.Token()
	key, ok := token.(string)
	if err != nil || !ok {
		p.fail("a quoted key")
		return ""
	}
	p.off += int(d.InputOffset())
	return key
}
