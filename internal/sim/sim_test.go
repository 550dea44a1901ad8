package sim

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	steps  = flag.Int("sim.steps", 50_000, "how many steps TestSimulation takes")
	seed   = flag.Uint64("sim.seed", 1, "the seed of its first script; those of the next ones count up")
	shrink = flag.Bool("sim.shrink", true, "have TestSimulation make a script that fails short")
	script = flag.String("sim.script", "", "a file with the script that TestScript carries out, telling all that happens")
)

// scriptSteps is the length of one script.
const scriptSteps = 1000

// alone has the process run one goroutine at a time, and collect garbage when it is told
// to, so that a run depends on its script alone.
func alone(t *testing.T) {
	procs, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(procs)
		debug.SetGCPercent(percent)
	})
}

// run carries out a script in a bubble of its own.
func run(t *testing.T, s *Script, log io.Writer) (result Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, s.Seed)
		result = Run(s, log)
	})
	return result
}

// TestSimulation carries out the scripts of seeds, until there were -sim.steps steps.
// Each fault must have fired once in a thousand of them.
func TestSimulation(t *testing.T) {
	if raceDetector {
		*steps = min(*steps, 10_000)
	}
	alone(t)
	begun := time.Now()
	count := map[string]int{}
	done := 0
	for next := *seed; done < *steps; next++ {
		s := Draw(next, min(scriptSteps, *steps-done))
		result := run(t, s, nil)
		if result.Bad != nil {
			t.Errorf("seed %d: %v", next, result.Bad)
			if *shrink {
				t.Log(shrunk(t, s, result.Bad))
			}
			return
		}
		done += len(s.Steps)
		for what, n := range result.Count {
			count[what] += n
		}
	}
	t.Logf("%d steps from seed %d on, in %v", done, *seed, time.Since(begun).Round(time.Second))
	for _, fault := range Faults {
		t.Logf("%8d %s", count[fault], fault)
		if count[fault] < done/1000 && done >= 50_000 {
			t.Errorf("%s fired %d times in %d steps", fault, count[fault], done)
		}
		delete(count, fault)
	}
	for _, what := range sortedKeys(count) {
		t.Logf("%8d (%s)", count[what], what)
	}
}

// shrunk makes a script that fails short, each try in a process of its own, for it may
// hang or panic; and says where the short one is.
func shrunk(t *testing.T, s *Script, bad *Violation) string {
	file := filepath.Join(t.ArtifactDir(), "short.script")
	tries, until := 0, time.Now().Add(time.Minute)
	short := Shrink(s, func(s *Script) bool {
		tries++
		return time.Now().Before(until) && fails(t, s, bad.Rule+":")
	})
	write(t, short, file)
	return fmt.Sprintf("%d of these steps break %s as well (%d tries); they are in %s, see -run TestScript -sim.script:\n%s",
		len(short.Steps), bad.Rule, tries, file, text(short))
}

func text(s *Script) string {
	var b strings.Builder
	s.WriteTo(&b)
	return b.String()
}

func write(t *testing.T, s *Script, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text(s)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fails reports whether a script fails with what says why.
func fails(t *testing.T, s *Script, why string) bool {
	file := filepath.Join(t.TempDir(), "try.script")
	write(t, s, file)
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestScript$", "-test.timeout=60s", "-sim.script="+file).CombinedOutput()
	return err != nil && bytes.Contains(out, []byte(why))
}

// TestScript shows what happens in one script.
func TestScript(t *testing.T) {
	if *script == "" {
		t.Skip("no -sim.script is given")
	}
	alone(t)
	if result := run(t, read(t, *script), os.Stdout); result.Bad != nil {
		t.Error(result.Bad)
	}
}

func read(t *testing.T, file string) *Script {
	t.Helper()
	f, err := os.Open(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := ReadScript(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestKnown carries out the scripts that have failed once, and must not again.
func TestKnown(t *testing.T) {
	alone(t)
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".script"), func(t *testing.T) {
			if result := run(t, read(t, file), nil); result.Bad != nil {
				t.Error(result.Bad)
			}
		})
	}
}

// TestReplay: a script runs the same each time.
func TestReplay(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector goroutines run in a random order")
	}
	alone(t)
	for next := *seed; next < *seed+5; next++ {
		s := Draw(next, scriptSteps)
		first, second := run(t, s, nil), run(t, s, nil)
		if first.Hash != second.Hash {
			t.Errorf("seed %d runs as %x, and then as %x", next, first.Hash, second.Hash)
		}
	}
}
