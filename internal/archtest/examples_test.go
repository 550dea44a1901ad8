package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// goRun finds the programs that a README tells to run.
var goRun = regexp.MustCompile(`go run \./(\S+)`)

// TestExamples: each example has a README, whose commands run programs that there
// are, and a test.
func TestExamples(t *testing.T) {
	examples, err := os.ReadDir("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		folder := filepath.Join("../../examples", e.Name())
		readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		programs := goRun.FindAllSubmatch(readme, -1)
		if len(programs) == 0 {
			t.Errorf("%s/README.md runs nothing", folder)
		}
		for _, p := range programs {
			if _, err := os.Stat(filepath.Join("../..", string(p[1]), "main.go")); err != nil {
				t.Errorf("%s/README.md: %v", folder, err)
			}
		}
		if tests, _ := filepath.Glob(filepath.Join(folder, "*_test.go")); len(tests) == 0 {
			t.Errorf("%s has no test", folder)
		}
	}
}
