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
	"internal/lifetime":       {},
	"internal/wire":           {"marshal"},
	"internal/schema":         {"marshal"},
	"marshal":                 {cbor},
	"proxy":                   {"marshal"},
	"transport":               {yamux},
	"transport/transporttest": {"transport"},
	"objects":                 {"proxy", "marshal", "transport", "internal/wire", "internal/lifetime", uuid},
	"registry":                {"objects", "proxy", "marshal", uuid},
	"registry/boltstore":      {"registry", bbolt, uuid},
	"registry/storetest":      {"registry", uuid},
	"objtest":                 {"objects", "registry", "transport"},
	"gen":                     {xtools},
	"internal/cli":            {},
	"internal/proctest":       {},
	"internal/doctest":        {},
	"cmd/objgen":              {"gen", "internal/cli"},
	"cmd/objregistry":         {"objects", "registry", "registry/boltstore", "internal/cli"},
	"cmd/objctl":              {"objects", "registry", "proxy", "marshal", "internal/schema", "internal/cli", uuid},
}

// pure lists standard packages that a package must not import, because it is a
// set of rules without clock, goroutine or I/O.
var pure = map[string][]string{
	"internal/lifetime": {"time", "sync", "sync/atomic", "context", "net", "os", "io"},
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

func TestImports(t *testing.T) {
	for _, p := range list(t, "./...") {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if strings.HasPrefix(name, "examples/") || strings.Contains(name, "internal/") && !strings.HasPrefix(name, "internal/") || name == "internal/archtest" {
			continue // examples are users; packages below another's internal/ belong to it
		}
		allowed, known := rules[name]
		if !known {
			t.Errorf("package %s has no rule here: say what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, name, imported, allowed)
		}
	}
}

func checkImport(t *testing.T, name, imported string, allowed []string) {
	if slices.Contains(pure[name], imported) {
		t.Errorf("%s imports %s, but is to stay pure", name, imported)
	}
	own, ours := strings.CutPrefix(imported, module+"/")
	if !ours && !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return // standard library
	}
	for _, a := range allowed {
		if own == a || imported == a || !ours && strings.HasPrefix(imported, a+"/") {
			return
		}
	}
	if !strings.HasPrefix(own, name+"/internal/") || !ours {
		t.Errorf("%s imports %s, which the map does not allow", name, imported)
	}
}

// TestLinkedModules checks what a program links that imports nothing but
// generated proxies and the packages they need.
func TestLinkedModules(t *testing.T) {
	want := []string{cbor, uuid, yamux, module, float16}
	slices.Sort(want)
	var got []string
	for _, p := range list(t, "-deps", "./objects", "./proxy", "./registry") {
		if p.Module != nil && !slices.Contains(got, p.Module.Path) {
			got = append(got, p.Module.Path)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("a proxy-only program links %v, it should link %v", got, want)
	}
}
