package work

import "testing"

// TestSumShowsDamage: a body that was cut, shifted, swapped or mixed up has
// another sum.
func TestSumShowsDamage(t *testing.T) {
	const size = 256 << 10
	bodies := NewBodies(size)
	if bodies.Of(0).Sum == bodies.Of(1).Sum || bodies.Of(0).Sum != bodies.Of(2).Sum {
		t.Error("bodies do not alternate")
	}
	sound := bodies.Of(0)
	swapped := append(append([]byte{}, sound.Data[size/2:]...), sound.Data[:size/2]...)
	for name, damaged := range map[string][]byte{
		"cut":     sound.Data[:size-1],
		"shifted": append([]byte{0}, sound.Data[:size-1]...),
		"swapped": swapped,
		"empty":   nil,
	} {
		if SumOf(damaged) == sound.Sum {
			t.Errorf("a body that is %s has the same sum", name)
		}
	}
}

func TestThings(t *testing.T) {
	var things Things
	a, b := things.New(), things.New()
	if a == b || things.Live() != 2 {
		t.Errorf("%d things, the same: %v", things.Live(), a == b)
	}
	a.Drop()
	if things.Live() != 1 {
		t.Errorf("%d things after one was dropped", things.Live())
	}
}
