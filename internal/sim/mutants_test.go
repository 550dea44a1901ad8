package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var mutate = flag.Bool("sim.mutants", false, "have TestMutants break the runtime, rule by rule")

// mutants are ways to break a rule: in a file, from its root on, one text in place of
// another.
var mutants = []struct{ rule, file, text, broken string }{
	{"O1: a grant is counted when it is sent", "internal/lifetime/exports.go",
		"h.byXID.Get(xid).n++\n", ""},
	{"R2: the batch is emptied with the snapshot", "internal/lifetime/reconcile.go",
		"\tm.batch = nil\n\theld :=", "\theld :="},
	{"R4: what is not stated is not held", "internal/lifetime/reconcile.go",
		"range h.absent(held)", "range map[XID]ObjectID(nil)"},
	{"R4: what is stated is the count", "internal/lifetime/reconcile.go",
		"l.n = e.N", "_ = l"},
	{"H3: a cleanup is that of its generation", "internal/lifetime/imports.go",
		"e == nil || e.gen != gen || e.dead", "e == nil || e.dead"},
	{"H4: nothing is given back while a message names it", "internal/lifetime/imports.go",
		"if e.dead && e.uses == 0 {\n\t\tm.remove", "if e.dead {\n\t\tm.remove"},
	{"S9: nothing is reclaimed under a running method", "internal/lifetime/exports.go",
		"e.listings > 0 || e.pins > 0 || e.running > 0", "e.listings > 0 || e.pins > 0"},
	{"S8: a number names one object", "internal/lifetime/exports.go",
		"\th.last++\n", "\th.last = XID(h.byID.Len() + 1)\n"},
	{"C1: a call that has come is not sent again", "internal/lifetime/results.go",
		"if !t.seen.has(id) {", "if id > 0 {"},
	{"C2: the outcome of what was sent is unknown", "objects/caller.go",
		"\tc.sent = true\n", ""},
	{"G: a lease is as long as it says", "objects/lease.go",
		"l.down.Start(s.id, l.node.cfg.Lease)", "l.down.Start(s.id, l.node.cfg.Lease/4)"},
	{"L3: who has dialled dials again", "objects/resume.go",
		"n.redial(c)", "_ = c"},
	{"T5: a claim keeps its vine", "objects/vines.go",
		"m.table.Use(i.xid)\n", "_ = i\n"},
}

// TestMutants breaks the runtime in each of these ways, in a build of its own, and has
// the simulation find it.
func TestMutants(t *testing.T) {
	if !*mutate {
		t.Skip("it takes minutes, and -sim.mutants is not given")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		t.Run(strings.Fields(m.rule)[0], func(t *testing.T) {
			binary := buildMutant(t, root, m.file, m.text, m.broken)
			begun := time.Now()
			out, err := exec.CommandContext(t.Context(), binary,
				"-test.run=^TestSimulation$", "-test.timeout=10m", "-sim.shrink=false", fmt.Sprint("-sim.steps=", max(*steps, 200_000))).CombinedOutput()
			if err == nil {
				t.Fatalf("%s, is not missed", m.rule)
			}
			_, found, _ := strings.Cut(string(out), "seed ")
			found, _, _ = strings.Cut(found, "\n")
			t.Logf("%s: found in %v: seed %.160s", m.rule, time.Since(begun).Round(time.Second), found)
		})
	}
}

// buildMutant builds this test with one text of one file replaced.
func buildMutant(t *testing.T, root, file, text, broken string) (binary string) {
	t.Helper()
	file = filepath.Join(root, file)
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), text); n != 1 {
		t.Fatalf("%s has %q %d times", file, text, n)
	}
	folder := t.TempDir()
	mutant := filepath.Join(folder, filepath.Base(file))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: mutant}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		mutant:                                []byte(strings.Replace(string(source), text, broken, 1)),
		filepath.Join(folder, "overlay.json"): overlay,
	} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	binary = filepath.Join(folder, "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, "-overlay", filepath.Join(folder, "overlay.json"), "./internal/sim")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	return binary
}
