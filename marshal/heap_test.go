//go:build !race

// The race detector pads small allocations.

package marshal

import (
	"runtime"
	"testing"
)

func sliceOf[T any](read func(*Decoder) T) func(*Decoder) any {
	return func(d *Decoder) any {
		s := MakeSlice[T](d)
		for i := range s {
			s[i] = read(d)
		}
		return s
	}
}

func mapOf[K comparable, V any](key func(*Decoder) K, value func(*Decoder) V) func(*Decoder) any {
	return func(d *Decoder) any {
		m, n := MakeMap[K, V](d)
		for range n {
			k := key(d)
			m[k] = value(d)
		}
		return m
	}
}

// TestBudgetCoversTheHeap decodes what takes the most memory for its bytes, and
// holds what was taken from the budget against what the heap has grown by.
func TestBudgetCoversTheHeap(t *testing.T) {
	const n = 1 << 14
	type wide [64]int64
	keys := AppendMap(nil, n)
	for i := range n {
		keys = AppendNil(AppendUint(keys, uint64(i)))
	}
	anyOf := (*Decoder).Any
	for name, c := range map[string]struct {
		data   []byte
		decode func(*Decoder) any
	}{
		"nulls into wide structs": {many(n, []byte{itemNull}), sliceOf(func(d *Decoder) (w wide) { d.Skip(); return w })},
		"empty maps":              {many(n, []byte{0xa0}), sliceOf(func(d *Decoder) any { m, _ := MakeMap[string, wide](d); return m })},
		"maps of one pair":        {many(n, []byte{0xa1, 0x60, itemNull}), sliceOf(mapOf((*Decoder).String, (*Decoder).Int8))},
		"maps of one wide pair":   {many(n/16, []byte{0xa1, 0x60, itemNull}), sliceOf(mapOf((*Decoder).String, func(d *Decoder) (w wide) { d.Skip(); return w }))},
		"maps of nine pairs":      {many(n/16, []byte{0xa9, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8, 0}), sliceOf(mapOf((*Decoder).Int, (*Decoder).Int))},
		"a large map":             {keys, mapOf((*Decoder).Int, (*Decoder).String)},
		"pointers to bytes":       {many(n, []byte{0}), sliceOf(func(d *Decoder) *uint8 { p := New[uint8](d); *p = d.Uint8(); return p })},
		"short texts":             {many(n, []byte{0x62, 'a', 'b'}), sliceOf((*Decoder).String)},
		"empty byte strings":      {many(n, []byte{0x40}), sliceOf((*Decoder).Bytes)},
		"short byte strings":      {many(n, []byte{0x41, 1}), sliceOf((*Decoder).Bytes)},
		"small big integers":      {many(n, []byte{1}), sliceOf((*Decoder).BigInt)},
		"big integers":            {many(n, []byte{0xc2, 0x41, 1}), sliceOf((*Decoder).BigInt)},
		"times with offsets":      {many(n, append([]byte{0xc0, 0x78, 25}, "2026-01-02T03:04:05+07:01"...)), sliceOf((*Decoder).Time)},
		"errors":                  {many(n, []byte{0x80}), sliceOf((*Decoder).Error)},
		"errors that wrap one":    {many(n, []byte{0x84, 0x60, itemNull, itemNull, 0x81, 0x80}), sliceOf((*Decoder).Error)},
		"any: empty maps":         {many(n, []byte{0xa0}), sliceOf(anyOf)},
		"any: maps of one pair":   {many(n, []byte{0xa1, 0x60, itemNull}), anyOf},
		"any: empty lists":        {many(n, []byte{0x80}), anyOf},
		"any: lists of one":       {many(n, []byte{0x81, 0}), anyOf},
		"any: big integers":       {many(n, []byte{0xc2, 0x41, 1}), anyOf},
		"any: large integers":     {many(n, []byte{0x1b, 255, 255, 255, 255, 255, 255, 255, 255}), anyOf},
		"any: integers":           {many(n, []byte{0x19, 1, 0}), anyOf},
		"any: empty byte strings": {many(n, []byte{0x40}), anyOf},
		"any: times with offsets": {many(n, append([]byte{0xc0, 0x78, 25}, "2026-01-02T03:04:05+07:01"...)), anyOf},
		"any: maps of nine":       {many(n/16, []byte{0xa9, 0x61, 'a', 0, 0x61, 'b', 0, 0x61, 'c', 0, 0x61, 'd', 0, 0x61, 'e', 0, 0x61, 'f', 0, 0x61, 'g', 0, 0x61, 'h', 0, 0x61, 'i', 0}), anyOf},
	} {
		t.Run(name, func(t *testing.T) {
			budget := NewBudget("DecodeBudget", 1<<40, nil)
			var d Decoder
			d.Reset(c.data, nil, nil, budget)
			before := heap()
			v := c.decode(&d)
			grown := heap() - before
			runtime.KeepAlive(v)
			if err := d.Err(); err != nil {
				t.Fatal(err)
			}
			taken := budget.Used()
			t.Logf("%s: %d bytes: heap %d, taken %d, ratio %.2f", name, len(c.data), grown, taken, float64(taken)/float64(grown))
			if slack := int64(16 << 10); grown > taken+slack {
				t.Errorf("%d bytes took %d of heap and %d of the budget", len(c.data), grown, taken)
			}
		})
	}
}
