package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
)

// TestFindLeaks: only what peers alone keep, and nobody calls, is found; ties both
// ways come first.
func TestFindLeaks(t *testing.T) {
	one, two := uuid.UUID{1}, uuid.UUID{2}
	by := func(all ...uuid.UUID) (held []objects.HolderState) {
		for _, u := range all {
			held = append(held, objects.HolderState{Incarnation: u})
		}
		return held
	}
	state := &objects.NodeState{
		Exports: []objects.ExportState{
			{Object: 1, Idle: time.Hour, Holders: by(one), Pins: 1},
			{Object: 2, Idle: time.Hour, Holders: by(one), Running: 1},
			{Object: 3, Idle: time.Minute, Holders: by(one)},
			{Object: 4, Idle: time.Hour},
			{Object: 5, Idle: time.Hour, Holders: by(one)},
			{Object: 6, Idle: 10 * time.Minute, Holders: by(one, two)},
		},
		Imports: []objects.ImportState{{Owner: two}, {Owner: two}, {Owner: one, Broken: "gone"}, {Owner: one, Dropped: true}},
	}
	var got strings.Builder
	for _, l := range findLeaks(state, 10*time.Minute) {
		fmt.Fprintf(&got, "%d by %d, %d back; ", l.Object, l.Incarnation[0], l.HeldBack)
	}
	if want := "6 by 2, 2 back; 5 by 1, 0 back; 6 by 1, 0 back; "; got.String() != want {
		t.Errorf("%s, want %s", got.String(), want)
	}
}
