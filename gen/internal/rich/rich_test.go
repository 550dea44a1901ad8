package rich

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/netobj/netobj/marshal"
)

// The canonical form, as package marshal documents it.
func modes(t *testing.T) (cbor.EncMode, cbor.DecMode) {
	t.Helper()
	enc, err := cbor.EncOptions{
		Sort:          cbor.SortBytewiseLexical,
		Time:          cbor.TimeRFC3339Nano,
		TimeTag:       cbor.EncTagRequired,
		IndefLength:   cbor.IndefLengthForbidden,
		TextMarshaler: cbor.TextMarshalerTextString,
	}.EncMode()
	if err != nil {
		t.Fatal(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		IntDec:            cbor.IntDecConvertSignedOrBigInt,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		TextUnmarshaler:   cbor.TextUnmarshalerTextString,
	}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	return enc, dec
}

// TestSameAsFxamacker holds the generated codecs against fxamacker/cbor: they
// write the same bytes for random values, and each reads what the other wrote.
func TestSameAsFxamacker(t *testing.T) {
	compare(t, encodeBasics, decodeBasics)
	compare(t, encodeNamed, decodeNamed)
	compare(t, encodeSpecial, decodeSpecial)
	compare(t, encodeLists, decodeLists)
	compare(t, encodeTagged, decodeTagged)
	compare(t, encodeNumbered, decodeNumbered)
	compare(t, encodeMixed, decodeMixed)
	compare(t, encodeTuple, decodeTuple)
	compare(t, encodeInherits, decodeInherits)
	compare(t, encodeEmbedding, decodeEmbedding)
	compare(t, encodeEmpties, decodeEmpties)
	compare(t, encodeZeros, decodeZeros)
	compare(t, encodeGeneric, decodeGeneric)
}

func compare[T any](t *testing.T, encode func(*marshal.Encoder, *T), decode func(*marshal.Decoder, *T)) {
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		enc, dec := modes(t)
		for seed := range uint64(300) {
			var v T
			random{rand.New(rand.NewPCG(seed, 1)), false}.fill(reflect.ValueOf(&v).Elem(), 4)
			want, err := enc.Marshal(&v)
			if err != nil {
				t.Fatalf("seed %d: fxamacker: %v", seed, err)
			}
			var e marshal.Encoder
			encode(&e, &v)
			if err := e.Err(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !bytes.Equal(e.Data(), want) {
				t.Fatalf("seed %d: %+v\n got %s\nwant %s", seed, v, diagnose(e.Data()), diagnose(want))
			}
			var ours, theirs T
			if err := dec.Unmarshal(want, &theirs); err != nil {
				t.Fatalf("seed %d: fxamacker cannot read: %v", seed, err)
			}
			if err := marshal.Check(want, nil); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			var d marshal.Decoder
			d.Reset(want, nil, nil, nil)
			decode(&d, &ours)
			if err := d.End(); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, diagnose(want))
			}
			if a, b := render(ours), render(theirs); a != b {
				t.Fatalf("seed %d: decoded from %s\n got %s\nwant %s", seed, diagnose(want), a, b)
			}
		}
	})
}

func diagnose(data []byte) string {
	text, err := cbor.Diagnose(data)
	if err != nil {
		return fmt.Sprintf("%x (%v)", data, err)
	}
	return text
}

// TestZero decodes nothing, and null, and what an older and a newer peer sent.
func TestZero(t *testing.T) {
	var d marshal.Decoder
	d.Reset([]byte{0xf6}, nil, nil, nil)
	v := Basics{}
	decodeBasics(&d, &v)
	if err := d.End(); err != nil || !reflect.DeepEqual(v, Basics{}) {
		t.Errorf("null: %v, %v", v, err)
	}
	d.Reset([]byte{0x81, 0x61, 'a'}, nil, nil, nil) // a tuple of one
	var short Tuple
	decodeTuple(&d, &short)
	if err := d.End(); err != nil || short.Name != "a" || short.Last != nil {
		t.Errorf("short tuple: %+v, %v", short, err)
	}
	d.Reset([]byte{0x84, 0x01, 0xa0, 0x82, 0x01, 0x02, 0x03}, nil, nil, nil)
	var long Inner
	decodeInner(&d, &long)
	if err := d.End(); err != nil || long.A != 1 {
		t.Errorf("long tuple: %+v, %v", long, err)
	}
	d.Reset([]byte{0xa2, 0x61, 'X', 0x05, 0x63, 'n', 'e', 'w', 0x82, 0x01, 0x02}, nil, nil, nil)
	var p Point
	decodePoint(&d, &p)
	if err := d.End(); err != nil || p != (Point{X: 5}) {
		t.Errorf("new field: %+v, %v", p, err)
	}
}
