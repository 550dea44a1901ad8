package marshal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// seeds are messages of every kind: good, cut off, and over the edge.
func seeds(f *testing.F, add func(data []byte)) {
	f.Helper()
	for text := range strings.FieldsSeq(`
		00 1864 3bffffffffffffffff 40 43010203 60 63c3a961 80 83010203 a0 a16161f6 f4 f5 f6 f7
		f97c00 f97e00 f90001 fa7f800000 fb3ff8000000000000 c24101 c349010000000000000000
		c074323032362d30312d30325430333a30343a30355a c0781932303236 c1fb41d452d9e20b0000
		a2616101616102 a3616201616180616203 a10102 a1a10102f6 818181818181818181818181818181818181818181818181818181818181818181818101
		9f0102ff bf616101ff 7f6161ff d9010201 62fffe 9bffffffffffffffff bbffffffffffffffff 5bffffffffffffffff 1c fc e0 f814 f8ff
		8463627567f6f68184646f6f7073666f2e454f46f680 8460f6f680`) {
		data, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		add(data)
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 10 {
		var e Encoder
		encodeOrder(&e, randomOrder(r))
		add(e.Data())
	}
}

// FuzzCheck: what Check lets through, fxamacker/cbor finds well formed and free
// of duplicates too, and it comes out of a decoder and an encoder as it went in.
func FuzzCheck(f *testing.F) {
	seeds(f, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		for offset := range min(len(data)+2, 64) {
			pathAt(data, offset) // whatever the bytes are
		}
		LargestElement(data)
		if err := Check(data, nil); err != nil {
			if bad := err.(*Error); bad.Offset < 0 || bad.Offset > len(data) || bad.Reason == "" {
				t.Fatalf("%x: %#v", data, bad)
			}
			return
		}
		if err := decMode.Wellformed(data); err != nil {
			t.Fatalf("%x passes, but: %v", data, err)
		}
		if end := skip(data, 0); end != len(data) {
			t.Fatalf("%x is passed over up to byte %d", data, end)
		}
		var d Decoder
		d.Reset(data, nil, nil, NewBudget("DecodeBudget", 1<<20, nil))
		v := d.Any()
		if d.End() != nil {
			return // a time that is none, a key that is no text, or too much memory
		}
		var e Encoder
		if e.Any(v); e.Err() != nil {
			return // a float in tag 0 and the like, which the library reads
		}
		once := bytes.Clone(e.Data())
		d.Reset(once, nil, nil, nil)
		v = d.Any()
		e.Reset(nil)
		if e.Any(v); d.End() != nil || e.Err() != nil || !bytes.Equal(e.Data(), once) {
			t.Fatalf("%x\nbecame %x\nand then %x; %v, %v", data, once, e.Data(), d.Err(), e.Err())
		}
	})
}

// reads are all ways to read one value.
var reads = []func(d *Decoder){
	func(d *Decoder) { d.Bool() },
	func(d *Decoder) { d.Int8() },
	func(d *Decoder) { d.Int64() },
	func(d *Decoder) { d.Uint16() },
	func(d *Decoder) { d.Uint64() },
	func(d *Decoder) { d.Float32() },
	func(d *Decoder) { d.Float64() },
	func(d *Decoder) { _ = d.String() },
	func(d *Decoder) { d.Bytes() },
	func(d *Decoder) { d.View() },
	func(d *Decoder) { d.BytesInto(make([]byte, 3)) },
	func(d *Decoder) { d.RawItem() },
	func(d *Decoder) { d.Time() },
	func(d *Decoder) { d.BigInt() },
	func(d *Decoder) { d.Any() },
	func(d *Decoder) { d.Ref() },
	func(d *Decoder) { d.Error() },
	func(d *Decoder) { d.Key() },
	func(d *Decoder) { d.IntKey() },
	func(d *Decoder) { d.Skip() },
	func(d *Decoder) { d.Next() },
	func(d *Decoder) { d.Map() },
	func(d *Decoder) { d.Array() },
	func(d *Decoder) { New[order](d) },
	func(d *Decoder) { MakeSlice[order](d) },
	func(d *Decoder) { MakeMap[string, order](d) },
	func(d *Decoder) { decodeLine(d, new(line)) },
	func(d *Decoder) { decodeOrder(d, new(order)) },
	func(d *Decoder) { d.Give(); d.Bytes() },
}

// FuzzDecoder reads any bytes, checked or not, in any order of calls: nothing
// panics, errors have a place, and the budget is neither overdrawn nor left taken.
func FuzzDecoder(f *testing.F) {
	seeds(f, func(data []byte) {
		f.Add(data, []byte{27, 26, 16, 14})
		f.Add(data, []byte{20, 7, 20, 8, 20, 12})
	})
	f.Fuzz(func(t *testing.T, data, program []byte) {
		const limit = 1 << 20
		budget := NewBudget("DecodeBudget", limit, nil)
		var d Decoder
		d.Reset(data, []Slot{{Object: 1, Iface: "test.Object"}}, nil, budget)
		for _, op := range program[:min(len(program), 64)] {
			before := d.off
			reads[int(op)%len(reads)](&d)
			if d.off < before || d.off > len(data) {
				t.Fatalf("read %d went from byte %d to %d of %d", op, before, d.off, len(data))
			}
			if used := budget.Used(); used > limit {
				t.Fatalf("%d bytes are taken of %d", used, limit)
			}
		}
		d.End()
		if bad := d.err; bad != nil && (bad.Offset < 0 || bad.Offset > len(data) || bad.Error() == "") {
			t.Fatalf("%#v", bad)
		}
		d.Release()
		if budget.Used() != 0 {
			t.Fatalf("%d bytes are still taken", budget.Used())
		}
	})
}

// FuzzError: an error tree that arrived goes on as it came.
func FuzzError(f *testing.F) {
	seeds(f, func(data []byte) { f.Add(data) })
	for _, err := range []error{
		errors.Join(errors.New("a"), fmt.Errorf("b: %w", panicky{})),
		overdrawn{[]int64{1, 2}},
	} {
		var e Encoder
		e.Error(err)
		f.Add(e.Data())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if Check(data, nil) != nil {
			return
		}
		var d Decoder
		d.Reset(data, nil, nil, NewBudget("DecodeBudget", 1<<20, nil))
		err := d.Error()
		if d.End() != nil || err == nil {
			return
		}
		var e Encoder
		e.Error(err)
		if e.Err() != nil {
			return // as deep as can be, and now one deeper
		}
		d.Reset(e.Data(), nil, nil, nil)
		again := d.Error()
		if d.End() != nil || again == nil || again.Error() != err.Error() && len(err.Error()) <= maxErrorText {
			t.Fatalf("%v became %v, %v", err, again, d.Err())
		}
	})
}

// FuzzValues: random values have the bytes that fxamacker/cbor gives them, and
// come back.
func FuzzValues(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Add(uint64(1<<63), uint64(0))
	f.Fuzz(func(t *testing.T, a, b uint64) { checkOracle(t, randomOrder(rand.New(rand.NewPCG(a, b)))) })
}
