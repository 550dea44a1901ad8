package gen

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzTypes makes valid source out of the input, which chooses among names and
// types, so that the generator is tried on far more packages than bytes alone
// would lead to.
func FuzzTypes(f *testing.F) {
	base := fuzzBase(f)
	for i := range 64 {
		f.Add([]byte(strings.Repeat(string(rune('0'+i)), i) + fmt.Sprintf("%x", i*i*i*7919)))
	}
	f.Fuzz(func(t *testing.T, choices []byte) { checkMade(t, base, choices) })
}

func checkMade(t *testing.T, base *loader, choices []byte) {
	text := newSourceMaker(choices).file()
	s, res := generateText(t, base, []byte(text))
	for _, file := range res.Files {
		if len(s.errs) == 0 {
			checkCompiles(t, base, s, file)
		}
	}
	if t.Failed() {
		t.Logf("source:\n%s", text)
	}
}

// sourceMaker writes Go source by choices.
type sourceMaker struct {
	choices []byte
	types   []string // declared so far
	budget  int      // type expressions still allowed
}

func newSourceMaker(choices []byte) *sourceMaker { return &sourceMaker{choices: choices, budget: 200} }

// pick is the next choice below n, 0 when there are none left.
func (m *sourceMaker) pick(n int) int {
	if len(m.choices) == 0 {
		return 0
	}
	c := int(m.choices[0])
	m.choices = m.choices[1:]
	return c % n
}

func (m *sourceMaker) oneOf(words ...string) string { return words[m.pick(len(words))] }

// awkward are names that generated code would like to use itself.
var awkward = []string{
	"a", "p", "c", "e", "d", "v", "n", "i", "j", "in", "err", "ctx", "object", "key", "value", "outer", "b", "x",
	"proxy", "marshal", "context", "time", "big", "url", "len", "nil", "string", "error", "new", "append", "int64", "any", "bool", "init2",
}

func (m *sourceMaker) file() string {
	var decls strings.Builder
	n := 1 + m.pick(5)
	for i := range n {
		name := fmt.Sprintf("%s%d", m.oneOf("T", "t", "encodeT", "AccountProxy", "accountInterface", "proxy", "Serve"), i)
		text := m.decl(name)
		decls.WriteString(text)
		m.types = append(m.types, name)
	}
	decls.WriteString(m.iface())
	return `package p

import (
	"context"
	"math/big"
	"net/netip"
	"net/url"
	"time"

	"github.com/netobj/netobj/proxy"
)

var (
	_ context.Context
	_ big.Int
	_ netip.Addr
	_ url.URL
	_ time.Time
	_ *proxy.Ref
)

type Generic[K comparable, V any] struct {
	Key K
	Val V
	All map[K][]V
}

` + decls.String()
}

func (m *sourceMaker) decl(name string) string {
	switch m.pick(5) {
	case 0:
		return fmt.Sprintf("type %s %s\n\n", name, m.typ(3))
	case 1:
		return fmt.Sprintf("type %s = %s\n\n", name, m.typ(3))
	case 2:
		return fmt.Sprintf("//objgen:error\ntype %s struct {\n%s}\n\nfunc (%s%s) Error() string { return \"\" }\n\n", name, m.fields(), m.oneOf("*", ""), name)
	}
	return fmt.Sprintf("type %s struct {\n%s}\n\n", name, m.fields())
}

func (m *sourceMaker) fields() string {
	var b strings.Builder
	if m.pick(6) == 1 {
		b.WriteString("\t_ struct{} `cbor:\",toarray\"`\n")
	}
	for i := range m.pick(6) {
		tag := m.oneOf("", "", "`cbor:\",omitempty\"`", "`cbor:\",omitzero\"`", fmt.Sprintf("`cbor:\"%d,keyasint\"`", i), "`cbor:\"-\"`", "`json:\"name\"`")
		fmt.Fprintf(&b, "\tF%d %s %s\n", i, m.typ(3), tag)
	}
	return b.String()
}

func (m *sourceMaker) typ(depth int) string {
	m.budget--
	if depth == 0 || m.budget < 0 {
		return m.oneOf("int", "string", "bool", "uint8", "float64")
	}
	if k := m.pick(4); k == 0 && len(m.types) > 0 {
		return m.oneOf("", "*", "[]", "[2]", "map[string]") + m.types[m.pick(len(m.types))]
	}
	switch m.pick(16) {
	case 0:
		return "[]" + m.typ(depth-1)
	case 1:
		return "*" + m.typ(depth-1)
	case 2:
		return fmt.Sprintf("[%d]%s", m.pick(4), m.typ(depth-1))
	case 3:
		return fmt.Sprintf("map[%s]%s", m.oneOf("string", "int", "[2]byte", "time.Duration", "netip.Addr", "bool"), m.typ(depth-1))
	case 4:
		return "struct {\n" + m.fields() + "}"
	case 5:
		return fmt.Sprintf("Generic[%s, %s]", m.oneOf("string", "int"), m.typ(depth-1))
	case 6:
		return m.oneOf("time.Time", "time.Duration", "big.Int", "*big.Int", "url.URL", "netip.Addr", "time.Month")
	case 7:
		return m.oneOf("error", "any", "Account", "*proxy.Ref", "[]error", "map[string]Account")
	case 8:
		return m.oneOf("chan int", "func()", "complex64", "context.Context", "map[any]int", "interface{ M() error }")
	case 9:
		return m.oneOf("[]byte", "[4]byte", "[]int8")
	}
	return m.oneOf("int", "int8", "int16", "int32", "int64", "uint", "uint16", "uint32", "uint64", "float32", "float64", "string", "bool")
}

func (m *sourceMaker) iface() string {
	var b strings.Builder
	b.WriteString("//objgen:export\ntype Account interface {\n")
	for i := range 1 + m.pick(4) {
		fmt.Fprintf(&b, "\tM%d(%s) (%s)\n", i, m.params(true), m.params(false))
	}
	b.WriteString("}\n")
	return b.String()
}

// params are all named or all unnamed; names differ.
func (m *sourceMaker) params(in bool) string {
	named := m.pick(3) > 0
	prefix := ""
	if !in {
		prefix = "r"
	}
	var list []string
	add := func(name, typ string) {
		if named {
			typ = name + " " + typ
		}
		list = append(list, typ)
	}
	if in && m.pick(4) > 0 {
		add(m.oneOf("ctx", "_", "context2"), "context.Context")
	}
	n, start := m.pick(4), m.pick(len(awkward))
	for i := range n {
		typ := m.typ(3)
		if in && i == n-1 && m.pick(4) == 1 {
			typ = "..." + typ
		}
		name := prefix + awkward[(start+i)%len(awkward)]
		if name == "ctx" {
			name = "ctx2"
		}
		add(name, typ)
	}
	if !in {
		add(m.oneOf("_", "failed"), "error")
	}
	return strings.Join(list, ", ")
}

// TestRandomTypes runs some hundred made packages on every test run.
func TestRandomTypes(t *testing.T) {
	base, err := load(context.Background(), &Config{}, fuzzImports)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(200) {
		random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
		choices := make([]byte, 50+seed*2)
		if _, err := random.Read(choices); err != nil {
			t.Fatal(err)
		}
		checkMade(t, base, choices)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
