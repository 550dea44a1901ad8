package table

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"testing"
)

// TestLikeMap: whatever is put and deleted, the tables hold what a Go map would.
func TestLikeMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var m Map[uint64, *int]
	var numbered Numbered[uint64, int]
	want := map[uint64]*int{}
	for step := range 200_000 {
		k := random.Uint64N(20_000)
		if step > 100_000 {
			k = random.Uint64N(20_000) | 3 // ever more deletions
		}
		if random.IntN(3) > 0 && step < 150_000 {
			v := new(int)
			want[k] = v
			m.Put(k, v)
			numbered.Put(k, v)
		} else {
			delete(want, k)
			m.Delete(k)
			numbered.Delete(k)
		}
		probe := random.Uint64N(20_000)
		v, ok := m.Get(probe)
		if v != want[probe] || ok != (v != nil) || numbered.Get(probe) != v {
			t.Fatalf("step %d: %d is %v, %v and %v, want %v", step, probe, v, ok, numbered.Get(probe), want[probe])
		}
		if m.Len() != len(want) || numbered.Len() != len(want) {
			t.Fatalf("step %d: lengths %d and %d, want %d", step, m.Len(), numbered.Len(), len(want))
		}
	}
	if len(want) == 0 {
		t.Fatal("nothing is left to compare")
	}
	if got := maps.Collect(m.All()); !maps.Equal(got, want) {
		t.Errorf("the map yields %d entries, want %d", len(got), len(want))
	}
	if got := maps.Collect(numbered.All()); !maps.Equal(got, want) {
		t.Errorf("the numbered table yields %d entries, want %d", len(got), len(want))
	}
}

// TestStop: an iteration that is broken off yields nothing more.
func TestStop(t *testing.T) {
	var m Map[uint64, int]
	var numbered Numbered[uint64, int]
	for k := range uint64(100) {
		m.Put(k, 1)
		numbered.Put(k, new(int))
	}
	yielded := 0
	for range m.All() {
		yielded++
		break
	}
	for range numbered.All() {
		yielded++
		break
	}
	if yielded != 2 {
		t.Errorf("%d entries, want 2", yielded)
	}
}

// heap returns the bytes in use after what is garbage has gone.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestGivesBack: tables that were large and are nearly empty are small again.
func TestGivesBack(t *testing.T) {
	const n = 100_000
	var m Map[uint64, *int]
	var numbered Numbered[uint64, int]
	thing := new(int)
	before := heap()
	for k := range uint64(n) {
		m.Put(k, thing)
		numbered.Put(k, thing)
	}
	full := heap() - before
	for k := range uint64(n - 10) {
		m.Delete(k)
		numbered.Delete(k)
	}
	if left := heap() - before; left > full/20 {
		t.Errorf("%d bytes are left of %d", left, full)
	}
	runtime.KeepAlive(&m)
	runtime.KeepAlive(&numbered)
}

// TestDense: numbers that count up take little more than a pointer each.
func TestDense(t *testing.T) {
	const n = 1 << 20
	var numbered Numbered[uint64, int]
	thing := new(int)
	before := heap()
	for k := range uint64(n) {
		numbered.Put(k, thing)
	}
	if each := float64(heap()-before) / n; each > 11 {
		t.Errorf("%.1f bytes each", each)
	}
	runtime.KeepAlive(&numbered)
}

func BenchmarkPutGetDelete(b *testing.B) {
	thing := new(int)
	b.Run("map", func(b *testing.B) {
		var t Map[uint64, *int]
		for k := range uint64(b.N) {
			t.Put(k, thing)
		}
		for k := range uint64(b.N) {
			t.Get(k)
		}
		for k := range uint64(b.N) {
			t.Delete(k)
		}
	})
	b.Run("numbered", func(b *testing.B) {
		var t Numbered[uint64, int]
		for k := range uint64(b.N) {
			t.Put(k, thing)
		}
		for k := range uint64(b.N) {
			t.Get(k)
		}
		for k := range uint64(b.N) {
			t.Delete(k)
		}
	})
}
