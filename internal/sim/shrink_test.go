package sim

import (
	"slices"
	"strings"
	"testing"
)

// TestShrink leaves what a failure needs, and nothing else.
func TestShrink(t *testing.T) {
	s := Draw(1, 500)
	needs := []int{3, 77, 78, 499}
	tries := 0
	got := Shrink(s, func(s *Script) bool {
		tries++
		for _, id := range needs {
			if !slices.ContainsFunc(s.Steps, func(s Step) bool { return s.ID == id }) {
				return false
			}
		}
		return true
	})
	var left []int
	for _, step := range got.Steps {
		left = append(left, step.ID)
	}
	if !slices.Equal(left, needs) {
		t.Errorf("%v is left, want %v", left, needs)
	}
	t.Logf("%d tries", tries)
}

// TestScriptText: a script is read as it was written.
func TestScriptText(t *testing.T) {
	s := Draw(7, 300)
	var b strings.Builder
	s.WriteTo(&b)
	got, err := ReadScript(strings.NewReader("# what it is\n" + b.String()))
	if err != nil || got.Seed != s.Seed || got.Nodes != s.Nodes || !slices.Equal(got.Steps, s.Steps) {
		t.Errorf("%+v, %v", got, err)
	}
}
