// Package archtest keeps the map of the packages: who may import whom, and what
// a program links that only calls through proxies.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/netobj/netobj"

const (
	yamux   = "github.com/hashicorp/yamux"
	cbor    = "github.com/fxamacker/cbor/v2"
	float16 = "github.com/x448/float16"
	uuid    = "github.com/google/uuid"
	bbolt   = "go.etcd.io/bbolt"
	xtools  = "golang.org/x/tools"
)

// rules says what each package may import besides the standard library, of this
// module (by path below it) and of others. A package without a rule fails the
// test: whoever adds one decides here where it stands.
var rules = map[string][]string{
	"internal/table":          {},
	"internal/buffers":        {},
	"internal/lifetime":       {"internal/table"},
	"internal/wire":           {"marshal"},
	"internal/schema":         {"marshal"},
	"marshal":                 {"internal/buffers", cbor},
	"proxy":                   {"marshal"},
	"transport":               {yamux},
	"transport/transporttest": {"transport"},
	"objects":                 {"proxy", "marshal", "transport", "internal/wire", "internal/lifetime", "internal/table", "internal/buffers", uuid},
	"registry":                {"objects", "proxy", "marshal", uuid},
	"registry/boltstore":      {"registry", bbolt, uuid},
	"registry/storetest":      {"registry", uuid},
	"objtest":                 {"objects", "registry", "transport"},
	"gen":                     {xtools},
	"internal/cli":            {},
	"internal/proctest":       {},
	"internal/mesh":           {"objects", "proxy", "marshal"},
	"internal/sim":            {"objects", "proxy", "marshal", "transport"},
	"internal/doctest":        {},
	"cmd/objgen":              {"gen", "internal/cli"},
	"cmd/objregistry":         {"objects", "registry", "registry/boltstore", "internal/cli"},
	"cmd/objctl":              {"objects", "registry", "proxy", "marshal", "internal/schema", "internal/cli", uuid},
}

// exampleRule is the rule of all examples: they are programs of users, and import
// what a user does and what generated files do.
var exampleRule = []string{"objects", "registry", "proxy", "marshal"}

// owners says which package alone imports a module, so that only one place knows
// it.
var owners = map[string]string{
	cbor:   "marshal",
	yamux:  "transport",
	bbolt:  "registry/boltstore",
	xtools: "gen",
}

// pure lists standard packages that a package must not import, nor those below
// them, because it is a set of rules without clock, goroutine or I/O.
var pure = map[string][]string{
	"internal/lifetime": {"time", "sync", "context", "net", "os", "io", "log", "runtime", "math/rand", "crypto"},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
	Standard   bool
}

func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Module,Standard"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// within returns the path of a package below the module.
func within(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

func TestImports(t *testing.T) {
	for _, p := range list(t, "./...") {
		name := within(p.ImportPath)
		checkOwners(t, name, p.Imports)
		allowed, known := rules[name]
		switch {
		case strings.HasPrefix(name, "examples/"):
			allowed, known = exampleRule, true
		case name == "internal/archtest", strings.Contains(name, "/internal/"):
			continue // packages below another's internal/ belong to it
		}
		if !known {
			t.Errorf("package %s has no rule here: say what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, name, imported, allowed)
		}
	}
}

// fixture has the types of the generator's tests, and among them those of the
// cbor module that a user may have.
const fixture = "gen/internal/rich"

func checkOwners(t *testing.T, name string, imports []string) {
	for _, imported := range imports {
		for owned, owner := range owners {
			if below(imported, owned) && !below(name, owner) && name != fixture {
				t.Errorf("%s imports %s, which is for %s alone", name, imported, owner)
			}
		}
	}
}

// below reports whether path is that of root or lies below it.
func below(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

func checkImport(t *testing.T, name, imported string, allowed []string) {
	for _, p := range pure[name] {
		if below(imported, p) {
			t.Errorf("%s imports %s, but is to stay pure", name, imported)
		}
	}
	own, ours := strings.CutPrefix(imported, module+"/")
	if !ours && !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return // standard library
	}
	for _, a := range allowed {
		if own == a || imported == a || !ours && below(imported, a) {
			return
		}
	}
	if !ours || !strings.HasPrefix(own, name+"/internal/") && !sameExample(name, own) {
		t.Errorf("%s imports %s, which the map does not allow", name, imported)
	}
}

// sameExample reports whether two packages are parts of one example.
func sameExample(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	return x[0] == "examples" && len(x) > 1 && len(y) > 1 && slices.Equal(x[:2], y[:2])
}

// TestRulesAreNeeded finds rules of packages that are gone, and permissions that
// nobody uses.
func TestRulesAreNeeded(t *testing.T) {
	imports := map[string][]string{}
	for _, p := range list(t, "./...") {
		imports[within(p.ImportPath)] = p.Imports
	}
	for name, allowed := range rules {
		all, exists := imports[name]
		if !exists {
			t.Errorf("there is a rule for %s, which does not exist", name)
		}
		for _, a := range allowed {
			if !slices.ContainsFunc(all, func(i string) bool { return within(i) == a || below(i, a) }) {
				t.Errorf("%s may import %s, but does not", name, a)
			}
		}
	}
}

// TestLinkedModules checks what programs link that do nothing but call proxies,
// with a registry and without.
func TestLinkedModules(t *testing.T) {
	want := []string{cbor, uuid, yamux, module, float16}
	slices.Sort(want)
	for _, program := range []string{"./examples/hello/client", "./examples/chat/client"} {
		var got []string
		for _, p := range list(t, "-deps", program) {
			if p.Module != nil && !slices.Contains(got, p.Module.Path) {
				got = append(got, p.Module.Path)
			}
			if slices.Contains(heavy, p.ImportPath) {
				t.Errorf("%s links %s", program, p.ImportPath)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s links %v, it should link %v", program, got, want)
		}
	}
}

// heavy are standard packages that a program should link only if its author
// asked for them.
var heavy = []string{"net/http", "testing", "text/template", "html/template", "go/ast"}
