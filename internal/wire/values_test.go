package wire_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/schema"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
)

// valueVector is a Go value as it travels inside arguments and results.
type valueVector struct {
	Name       string `json:"name"`
	Go         string `json:"go"`
	Type       string `json:"type"` // as descriptors write it
	Hex        string `json:"hex"`
	Diagnostic string `json:"diagnostic"`
}

// value is a Go value with its codec, of which that of generated code does the
// same.
type value struct {
	name, code, schema string
	v                  any
	encode             func(e *marshal.Encoder)
	decode             func(d *marshal.Decoder) any
}

// plainValue is a value with an encoder and a decoder method.
func plainValue[T any](name, code, schema string, v T, encode func(*marshal.Encoder, T), decode func(*marshal.Decoder) T) value {
	return value{name, code, schema, v, func(e *marshal.Encoder) { encode(e, v) }, func(d *marshal.Decoder) any { return decode(d) }}
}

func signed[T int | int8 | int64 | time.Duration](e *marshal.Encoder, v T) { e.Int(int64(v)) }

// structValue is a value whose form follows from its type and tags.
func structValue[T any](name, code, schema string, v T) value {
	return value{name, code, schema, v, func(e *marshal.Encoder) { e.Value(v) }, func(d *marshal.Decoder) any {
		var v T
		d.Value(&v)
		return v
	}}
}

func anyValue(name, code string, v any) value {
	return value{name, code, "any", v, func(e *marshal.Encoder) { e.Any(v) }, func(d *marshal.Decoder) any { return d.Any() }}
}

// errorValue is an error of which errors.Is finds target on the other side.
func errorValue(name, code string, err, target error) value {
	return value{name, code, "error", err, func(e *marshal.Encoder) { e.Error(err) }, func(d *marshal.Decoder) any {
		got := d.Error()
		if got == nil || got.Error() != err.Error() || target != nil && !errors.Is(got, target) {
			return got
		}
		return err
	}}
}

type (
	item struct {
		ID    int64
		Name  string
		Price float64
	}
	tagged struct {
		ID     int    `cbor:"id"`
		Note   string `json:"note,omitempty"`
		Secret string `json:"-"`
	}
	numberedFields struct {
		ID   int    `cbor:"1,keyasint"`
		Name string `cbor:"2,keyasint,omitempty"`
	}
	inOrder struct {
		_    struct{} `cbor:",toarray"`
		ID   int
		Name string
	}
	outer struct {
		item
		More bool
	}
)

func bigInt(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

var (
	newYear = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	delhi   = time.Date(2026, 1, 2, 3, 4, 5, 600000000, time.FixedZone("", 5*3600+1800))
)

var values = []value{
	plainValue("true", "true", "bool", true, (*marshal.Encoder).Bool, (*marshal.Decoder).Bool),
	plainValue("small int", "int(7)", "int", 7, signed[int], (*marshal.Decoder).Int),
	plainValue("negative int", "int8(-128)", "int8", int8(-128), signed[int8], (*marshal.Decoder).Int8),
	plainValue("least int64", "int64(math.MinInt64)", "int64", int64(math.MinInt64), signed[int64], (*marshal.Decoder).Int64),
	plainValue("largest uint64", "uint64(math.MaxUint64)", "uint64", uint64(math.MaxUint64), (*marshal.Encoder).Uint, (*marshal.Decoder).Uint64),
	plainValue("float64", "1.5", "float64", 1.5, (*marshal.Encoder).Float64, (*marshal.Decoder).Float64),
	plainValue("float32", "float32(1.5)", "float32", float32(1.5), (*marshal.Encoder).Float32, (*marshal.Decoder).Float32),
	plainValue("infinity", "math.Inf(-1)", "float64", math.Inf(-1), (*marshal.Encoder).Float64, (*marshal.Decoder).Float64),
	plainValue("text", `"größe"`, "string", "größe", (*marshal.Encoder).String, (*marshal.Decoder).String),
	plainValue("bytes", "[]byte{1, 2}", "bytes", []byte{1, 2}, (*marshal.Encoder).Bytes, (*marshal.Decoder).Bytes),
	plainValue("nil bytes", "[]byte(nil)", "bytes", []byte(nil), (*marshal.Encoder).Bytes, (*marshal.Decoder).Bytes),
	plainValue("empty bytes", "[]byte{}", "bytes", []byte{}, (*marshal.Encoder).Bytes, (*marshal.Decoder).Bytes),
	structValue("list", "[]int{1, -1}", "[]int", []int{1, -1}),
	structValue("nil list", "[]int(nil)", "[]int", []int(nil)),
	structValue("array", "[2]string{\"a\", \"b\"}", "[2]string", [2]string{"a", "b"}),
	structValue("map", "map[string]int{\"b\": 1, \"aa\": 2, \"a\": 3}: keys in the bytewise order of their encoding", "map[string]int", map[string]int{"b": 1, "aa": 2, "a": 3}),
	structValue("map of ints", "map[int]bool{-1: true, 10: false}", "map[int]bool", map[int]bool{-1: true, 10: false}),
	structValue("pointer", "new(7)", "*int", new(7)),
	structValue("nil pointer", "(*int)(nil)", "*int", (*int)(nil)),
	plainValue("time", "2026-01-02 03:04:05.678901234 UTC", "time", newYear, (*marshal.Encoder).Time, (*marshal.Decoder).Time),
	plainValue("time in a zone", "2026-01-02 03:04:05.6 +05:30", "time", delhi, (*marshal.Encoder).Time, (*marshal.Decoder).Time),
	plainValue("zero time", "time.Time{}", "time", time.Time{}, (*marshal.Encoder).Time, (*marshal.Decoder).Time),
	plainValue("duration", "1500 * time.Millisecond: nanoseconds", "duration", 1500*time.Millisecond, signed[time.Duration],
		func(d *marshal.Decoder) time.Duration { return time.Duration(d.Int64()) }),
	plainValue("small big.Int", "big.NewInt(-7)", "bigint", big.NewInt(-7), (*marshal.Encoder).BigInt, (*marshal.Decoder).BigInt),
	plainValue("big.Int of 2^64", "2^64", "bigint", bigInt("18446744073709551616"), (*marshal.Encoder).BigInt, (*marshal.Decoder).BigInt),
	plainValue("big.Int of -2^64-1", "-2^64-1", "bigint", bigInt("-18446744073709551617"), (*marshal.Encoder).BigInt, (*marshal.Decoder).BigInt),
	structValue("struct", "Item{7, \"bolt\", 0.5}: a map in the order of the encoded keys", "struct(example.com/shop.Item){ID:int64,Name:string,Price:float64}", item{7, "bolt", 0.5}),
	structValue("struct with tags", "struct{ID int `cbor:\"id\"`; Note string `json:\"note,omitempty\"`; Secret string `json:\"-\"`}{1, \"\", \"x\"}",
		"struct(example.com/shop.Tagged){id:int,note?:string}", tagged{ID: 1}),
	structValue("struct with numbers", "struct{ID int `cbor:\"1,keyasint\"`; Name string `cbor:\"2,keyasint,omitempty\"`}{1, \"a\"}",
		"struct(example.com/shop.Numbered){#1:int,#2?:string}", numberedFields{1, "a"}),
	structValue("struct in order", "struct{_ struct{} `cbor:\",toarray\"`; ID int; Name string}{ID: 1, Name: \"a\"}", "tuple(example.com/shop.InOrder){ID:int,Name:string}", inOrder{ID: 1, Name: "a"}),
	structValue("struct that embeds", "struct{Item; More bool}{Item{7, \"bolt\", 0.5}, true}", "struct(example.com/shop.Outer){ID:int64,More:bool,Name:string,Price:float64}", outer{item{7, "bolt", 0.5}, true}),
	structValue("address", "netip.MustParseAddr(\"10.0.0.5\"): its binary form", "opaque:bytes(net/netip.Addr)", netip.MustParseAddr("10.0.0.5")),
	anyValue("nil of any", "any(nil)", nil),
	anyValue("any", "map[string]any{\"list\": []any{int64(1), \"a\", 1.5, true, nil}}", map[string]any{"list": []any{int64(1), "a", 1.5, true, nil}}),
	errorValue("unknown error", "errors.New(\"no such account\")", errors.New("no such account"), nil),
	errorValue("sentinel", "io.EOF", io.EOF, io.EOF),
	errorValue("wrapped sentinel", "fmt.Errorf(\"call: %w\", context.Canceled)", fmt.Errorf("call: %w", context.Canceled), context.Canceled),
	errorValue("joined errors", "errors.Join(io.EOF, errors.New(\"x\"))", errors.Join(io.EOF, errors.New("x")), io.EOF),
	errorValue("error with fields", "&fs.PathError{Op: \"open\", Path: \"/x\", Err: fs.ErrNotExist}", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, fs.ErrNotExist),
	errorValue("error of the runtime", "an objects.Error with code 1",
		&objects.Error{Code: objects.CodeGone, Op: "bank.Account.Deposit", Object: "7f", Peer: "tcp://10.0.0.5:7070", Outcome: objects.FailedThere,
			Cause: errors.New("its owner restarted"), Hint: "look the name up again"}, objects.ErrGone),
	{"nil error", "error(nil)", "error", nil, func(e *marshal.Encoder) { e.Error(nil) }, func(d *marshal.Decoder) any {
		if err := d.Error(); err != nil {
			return err
		}
		return nil
	}},
	{"reference", "entry 0 of the message's reference table", "ref(example.com/bank.Account)", "an account",
		func(e *marshal.Encoder) { e.Ref("an account", account) }, func(d *marshal.Decoder) any { slot, _ := d.Ref(); return slot.Object }},
	{"nil reference", "Account(nil)", "ref(example.com/bank.Account)", false,
		func(e *marshal.Encoder) { e.Ref(nil, account) }, func(d *marshal.Decoder) any { _, ok := d.Ref(); return ok }},
}

// equal compares values; of times it is the moment and the offset.
func equal(a, b any) bool {
	x, ok := a.(time.Time)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	y, _ := b.(time.Time)
	_, xo := x.Zone()
	_, yo := y.Zone()
	return x.Equal(y) && xo == yo
}

func TestValueVectorsAreWhatIsSent(t *testing.T) {
	file := struct {
		About  string        `json:"about"`
		Values []valueVector `json:"values"`
	}{About: "Go values as they stand in the bodies of calls and returns; type is the schema text of descriptors."}
	for _, v := range values {
		b := encoded(v.encode)
		mode := plainDiagnostics
		if v.schema == "error" {
			mode = diagnostics
		}
		text, err := mode.Diagnose(b)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		file.Values = append(file.Values, valueVector{v.name, v.code, v.schema, hex.EncodeToString(b), text})
	}
	compareFile(t, "values", file)
}

func TestValueVectorsReadBack(t *testing.T) {
	read := map[string]bool{}
	for _, vector := range readValues(t) {
		read[vector.Name] = true
		for _, v := range values {
			if v.name == vector.Name {
				b, err := hex.DecodeString(vector.Hex)
				if err != nil {
					t.Fatal(err)
				}
				v.readBack(t, b)
			}
		}
	}
	for _, v := range values {
		if typ, err := schema.Parse(v.schema); err != nil || typ.String() != v.schema {
			t.Errorf("%s: type %s reads as %v, error %v", v.name, v.schema, typ, err)
		}
		if !read[v.name] {
			t.Errorf("%s has no vector", v.name)
		}
	}
}

func (v *value) readBack(t *testing.T, b []byte) {
	if err := marshal.Check(b, nil); err != nil {
		t.Errorf("%s: %v", v.name, err)
	}
	var d marshal.Decoder
	d.Reset(b, []marshal.Slot{{Object: "an account", Iface: account}}, nil, nil)
	got := v.decode(&d)
	if err := d.End(); err != nil || !equal(got, v.v) {
		t.Errorf("%s: read as %v, error %v", v.name, got, err)
	}
}
