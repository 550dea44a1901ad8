package rich

import (
	"encoding/hex"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/netobj/netobj/marshal"
)

// family is the pair of generated functions for one struct, seen from outside.
type family struct {
	name string
	seed func() []byte // a random value's encoding
	// again decodes data, encodes what came out, and decodes that: both values as
	// text. Nothing is returned for data that does not decode.
	again func(data []byte) (first, second string, err error)
}

func familyOf[T any](encode func(*marshal.Encoder, *T), decode func(*marshal.Decoder, *T)) family {
	read := func(data []byte) (v T, err error) {
		budget := marshal.NewBudget("Test", 1<<20, nil)
		var d marshal.Decoder
		d.Reset(data, nil, nil, budget)
		decode(&d, &v)
		err = d.End()
		d.Release()
		if budget.Used() != 0 {
			panic("the budget is not given back")
		}
		return v, err
	}
	return family{
		name: reflect.TypeFor[T]().Name(),
		seed: func() []byte {
			var v T
			random{rand.New(rand.NewPCG(1, 3)), false}.fill(reflect.ValueOf(&v).Elem(), 3)
			var e marshal.Encoder
			encode(&e, &v)
			return e.Data()
		},
		again: func(data []byte) (string, string, error) {
			v, err := read(data)
			if err != nil {
				return "", "", nil
			}
			var e marshal.Encoder
			encode(&e, &v)
			if err := e.Err(); err != nil {
				return "", "", nil // a time without a place in RFC 3339, a year too far away
			}
			w, err := read(e.Data())
			var f marshal.Encoder
			encode(&f, &w)
			return hex.EncodeToString(e.Data()), hex.EncodeToString(f.Data()), err
		},
	}
}

var families = []family{
	familyOf(encodeBasics, decodeBasics),
	familyOf(encodeNamed, decodeNamed),
	familyOf(encodeSpecial, decodeSpecial),
	familyOf(encodeLists, decodeLists),
	familyOf(encodeTagged, decodeTagged),
	familyOf(encodeNumbered, decodeNumbered),
	familyOf(encodeMixed, decodeMixed),
	familyOf(encodeTuple, decodeTuple),
	familyOf(encodeInherits, decodeInherits),
	familyOf(encodeEmbedding, decodeEmbedding),
	familyOf(encodeEmpties, decodeEmpties),
	familyOf(encodeZeros, decodeZeros),
	familyOf(encodeGeneric, decodeGeneric),
}

// FuzzCodecs gives any message that passes marshal.Check to generated codecs of
// every kind: nothing panics, and what decodes has one encoding for ever.
func FuzzCodecs(f *testing.F) {
	for i, c := range families {
		f.Add(uint8(i), c.seed())
		f.Add(uint8(i), []byte{0x80})
		f.Add(uint8(i), []byte{0xa1, 0x00, 0xf6})
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		if marshal.Check(data, nil) != nil {
			return
		}
		c := families[int(which)%len(families)]
		first, second, err := c.again(data)
		if err != nil {
			t.Fatalf("%s: %s became %s, which does not decode: %v", c.name, diagnose(data), first, err)
		}
		if first != second {
			t.Fatalf("%s: %s\nbecame %s\nand then %s", c.name, diagnose(data), first, second)
		}
	})
}
