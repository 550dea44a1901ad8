package schema

import (
	"encoding/json"
	"testing"

	"github.com/netobj/netobj/marshal"
)

// FuzzParse: what is parsed prints as text that means the same.
func FuzzParse(f *testing.F) {
	f.Add(order)
	f.Add("map[[]int]struct(x){#1?:*any}")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(parsed.String())
		if err != nil || again.String() != parsed.String() {
			t.Fatalf("%q prints as %q, which gives %v, %v", text, parsed, again, err)
		}
		parsed.Go()
	})
}

// FuzzConvert: what is printed of a value can be typed in again, and means the
// same.
func FuzzConvert(f *testing.F) {
	f.Add(order, `{"ID":1,"When":"2026-01-02T03:04:05Z","Wait":"1m","Owner":"obj://n/7","Hash":"0x01020304","Free":[1e3,{}]}`)
	f.Add("map[float32][]*opaque:cbor(a.B)", `{"NaN":["0x80",null]}`)
	f.Add("[]tuple(a.B){#1:bool,b?:error}", `[{"b":"broken"}]`)
	f.Fuzz(func(t *testing.T, text, in string) {
		typ, err := Parse(text)
		if err != nil {
			return
		}
		once, err := convert(typ, in)
		if err != nil {
			return
		}
		twice, err := convert(typ, once)
		if err != nil || twice != once {
			t.Fatalf("%s: %s is printed as %s, and that as %s, %v", typ, in, once, twice, err)
		}
	})
}

// FuzzRead: whatever a peer sends for whatever type it describes is printed or
// refused.
func FuzzRead(f *testing.F) {
	f.Add(order, []byte{0xa1, 0x62, 'I', 'D', 1})
	f.Add("map[any]struct(){}", []byte{0xa1, 0x81, 0xf6, 0xa0})
	f.Fuzz(func(t *testing.T, text string, item []byte) {
		typ, err := Parse(text)
		if err != nil {
			return
		}
		data := append(marshal.AppendArray(nil, 1), item...)
		if err := marshal.Check(data, nil); err != nil {
			return
		}
		var d marshal.Decoder
		d.Reset(data, nil, nil, nil)
		d.Tuple()
		r := Reader{}
		v := r.Read(d.Next(), typ)
		if d.End() != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatalf("%s: %x is read as %v, which JSON has not: %v", typ, item, v, err)
		}
	})
}
