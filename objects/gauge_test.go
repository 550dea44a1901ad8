package objects

import (
	"log/slog"
	"strings"
	"testing"
)

// TestGauge: it warns at nine tenths, once, and again after less than half was used.
func TestGauge(t *testing.T) {
	var log strings.Builder
	s := &session{log: slog.New(slog.NewTextHandler(&log, nil))}
	g := gauge{of: "Limits.Exports"}
	for _, step := range []struct {
		used     int
		near     bool
		warnings int
	}{{89, false, 0}, {90, true, 1}, {100, true, 1}, {50, false, 1}, {95, true, 1}, {49, false, 1}, {90, true, 2}} {
		near := g.note(s, step.used, 100)
		if n := strings.Count(log.String(), "Limits.Exports"); near != step.near || n != step.warnings {
			t.Errorf("at %d of 100: near %v, %d warnings", step.used, near, n)
		}
	}
}
