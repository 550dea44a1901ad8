package rich

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/netobj/netobj/gen/internal/loopback"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// TestCopiesAreWhatArrives holds the generated copying functions against the
// codecs: a copy is what the value would be after a journey, and shares nothing
// with it.
func TestCopiesAreWhatArrives(t *testing.T) {
	compareCopy(t, encodeNamed, decodeNamed, copyNamed)
	compareCopy(t, encodeBasics, decodeBasics, copyBasics)
	compareCopy(t, encodeSpecial, decodeSpecial, copySpecial)
	compareCopy(t, encodeLists, decodeLists, copyLists)
	compareCopy(t, encodeTagged, decodeTagged, copyTagged)
	compareCopy(t, encodeTuple, decodeTuple, copyTuple)
	compareCopy(t, encodeInherits, decodeInherits, copyInherits)
	compareCopy(t, encodeEmbedding, decodeEmbedding, copyEmbedding)
	compareCopy(t, encodeEmpties, decodeEmpties, copyEmpties)
	compareCopy(t, encodeZeros, decodeZeros, copyZeros)
	compareCopy(t, encodeGeneric, decodeGeneric, copyGeneric)
	compareCopy(t, encodeMarshalers, decodeMarshalers, copyMarshalers)
	compareCopy(t, encodeEmbeds, decodeEmbeds, copyEmbeds)
}

func compareCopy[T any](t *testing.T, encode func(*marshal.Encoder, *T), decode func(*marshal.Decoder, *T), copy func(*proxy.Copier, T) T) {
	t.Run(reflect.TypeFor[T]().Name(), func(t *testing.T) {
		var call proxy.Direct
		call.Init(t.Context(), nil, nil, loopback.Runner{})
		for seed := range uint64(300) {
			var v, arrived T
			random{rand.New(rand.NewPCG(seed, 4)), true}.fill(reflect.ValueOf(&v).Elem(), 4)
			var e marshal.Encoder
			encode(&e, &v)
			var d marshal.Decoder
			d.Reset(e.Data(), nil, nil, nil)
			decode(&d, &arrived)
			if err := errors.Join(e.Err(), d.End()); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			before := render(v)
			copied := copy(call.Arg(0), v)
			if got, want := render(copied), render(arrived); got != want {
				t.Fatalf("seed %d:\n got %s\nwant %s\n  of %s", seed, got, want, before)
			}
			wipe(reflect.ValueOf(&copied).Elem())
			if after := render(v); after != before {
				t.Fatalf("seed %d: the copy shares memory\n was %s\n now %s", seed, before, after)
			}
		}
	})
}

// wipe overwrites all memory that is reachable from v.
func wipe(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			wipe(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Cap() {
			wipe(v.Slice(0, v.Cap()).Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			wipe(v.Index(i))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			wipe(it.Value())
		}
		if v.CanInterface() {
			v.Clear()
		}
	case reflect.Struct:
		for i := range v.NumField() {
			wipe(v.Field(i))
		}
	}
	if v.CanSet() {
		v.SetZero()
	}
}

// TestDirectCalls makes the same calls through the codecs and directly.
func TestDirectCalls(t *testing.T) {
	ctx, failed := context.Background(), errors.New("failed beside its results")
	wire, direct := newEcho(failed), Rich(NewRichProxy(loopback.DirectRef(echo{failed})))
	for seed := range uint64(100) {
		results := func(p Rich) [][]any {
			r := random{rand.New(rand.NewPCG(seed, 5)), true}
			call := func(method any, args ...any) []any { return callWith(r, method, args...) }
			return [][]any{call(p.Structs, ctx), call(p.More, ctx), call(p.Plain, ctx), call(p.Owners, ctx), call(p.None)}
		}
		got, want := results(direct), results(wire)
		for i := range want {
			if err, ok := got[i][len(got[i])-1].(error); !ok || err != failed {
				t.Fatalf("seed %d: method %d: error %v, want the very one", seed, i, err)
			}
			for k := range len(want[i]) - 1 {
				if g, w := render(got[i][k]), render(want[i][k]); g != w {
					t.Fatalf("seed %d: method %d, result %d\n got %s\nwant %s", seed, i, k, g, w)
				}
			}
		}
	}
}

// callWith calls a method with args and, for its other parameters, random values.
func callWith(r random, method any, args ...any) (results []any) {
	m := reflect.ValueOf(method)
	var in []reflect.Value
	for i := range m.Type().NumIn() {
		if i < len(args) {
			in = append(in, reflect.ValueOf(args[i]))
			continue
		}
		v := reflect.New(m.Type().In(i)).Elem()
		r.fill(v, 3)
		in = append(in, v)
	}
	call := m.Call
	if m.Type().IsVariadic() {
		call = m.CallSlice
	}
	for _, v := range call(in) {
		results = append(results, v.Interface())
	}
	return results
}

// TestDirectCallsThatCannotBeCopied: what would not travel is not passed on, and a
// result that fails is not half returned.
func TestDirectCallsThatCannotBeCopied(t *testing.T) {
	ctx := context.Background()
	p := NewRichProxy(loopback.DirectRef(echo{}))
	_, _, _, _, _, _, _, _, _, err := p.Plain(ctx, 1, "", nil, [2][]string{}, nil, timeT{}, make(chan int), nil)
	if err == nil || !strings.Contains(err.Error(), "results false, 6: ") || !strings.Contains(err.Error(), "chan int cannot travel") {
		t.Errorf("argument: %v", err)
	}
	q := NewRichProxy(loopback.DirectRef(givesChannel{}))
	a, _, c, _, _, _, v, _, _, err := q.Plain(ctx, 1, "", nil, [2][]string{}, nil, timeT{}, nil, nil)
	if err == nil || !strings.Contains(err.Error(), "results true, 6: ") || a != 0 || c != nil || v != nil {
		t.Errorf("result: %v beside %v, %v, %v", err, a, c, v)
	}
}

// givesChannel returns what cannot travel.
type givesChannel struct{ echo }

func (givesChannel) Plain(context.Context, int8, Text, []byte, [2][]string, map[string][]Point, timeT, any, *bigInt, ...Number) (int8, Text, []byte, [2][]string, map[string][]Point, timeT, any, *bigInt, []Number, error) {
	return 1, "t", []byte("own"), [2][]string{}, nil, timeT{}, make(chan int), nil, nil, nil
}
