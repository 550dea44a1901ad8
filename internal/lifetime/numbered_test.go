package lifetime

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestNumbered: whatever is put and deleted, it holds what a Go map would.
func TestNumbered(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, next := range map[string]func(last CallID) CallID{
		"neighbours":        func(last CallID) CallID { return last + 1 },
		"gaps":              func(last CallID) CallID { return last + CallID(random.IntN(100)) + 1 },
		"far from another":  func(last CallID) CallID { return last + 1<<20 },
		"all in one place":  func(last CallID) CallID { return last + greatestRing },
		"one that stays on": func(last CallID) CallID { return last + 1 },
	} {
		var got numbered[int]
		want := map[CallID]int{}
		var last CallID
		for step := range 200_000 {
			most := 1 + step%5000
			switch random.IntN(3) {
			case 0, 1:
				if len(want) < most {
					last = next(last)
					got.Put(last, step)
					want[last] = step
					break
				}
				fallthrough
			default:
				for id := range want {
					if name == "one that stays on" && id == 1 {
						continue
					}
					if random.IntN(4) == 0 {
						got.Put(id, -step)
						want[id] = -step
						break
					}
					got.Delete(id)
					got.Delete(id)
					delete(want, id)
					break
				}
			}
			probe := last - CallID(random.IntN(10))
			if v, ok := got.Get(probe); v != want[probe] || ok != contains(want, probe) || got.Len() != len(want) {
				t.Fatalf("%s, step %d: %d is %d, %v; %d of %d", name, step, probe, v, ok, got.Len(), len(want))
			}
		}
		if !maps.Equal(maps.Collect(got.All()), want) || !slices.Equal(got.IDs(), slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s: %d are left, want %d", name, got.Len(), len(want))
		}
		for id := range want {
			got.Delete(id)
		}
		if got.Len() != 0 || len(got.ring) > keptRing {
			t.Errorf("%s: %d are left in a ring of %d", name, got.Len(), len(got.ring))
		}
	}
}

func contains(m map[CallID]int, id CallID) bool { _, ok := m[id]; return ok }
