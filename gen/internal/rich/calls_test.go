package rich

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/netobj/netobj/gen/internal/loopback"
	"github.com/netobj/netobj/proxy"
)

// echo gives back what it gets.
type echo struct{ err error }

func (e echo) Structs(_ context.Context, a Basics, b *Named, c Special, d Lists, f Tagged, g Numbered, h Mixed) (Basics, *Named, Special, Lists, Tagged, Numbered, Mixed, error) {
	return a, b, c, d, f, g, h, e.err
}

func (e echo) More(_ context.Context, a Tuple, b Inherits, c Embedding, d Empties, f []Zeros, g map[string]Generic) (Tuple, Inherits, Embedding, Empties, []Zeros, map[string]Generic, error) {
	return a, b, c, d, f, g, e.err
}

func (e echo) Plain(_ context.Context, a int8, b Text, c []byte, d [2][]string, f map[string][]Point, g0 timeT, g any, h *bigInt, i ...Number) (int8, Text, []byte, [2][]string, map[string][]Point, timeT, any, *bigInt, []Number, error) {
	return a, b, c, d, f, g0, g, h, i, e.err
}

func (e echo) Objects(_ context.Context, o Object, p Passed, others ...Object) (Object, Passed, []Object, error) {
	return o, p, others, e.err
}

func (e echo) Errors(_ context.Context, a error, b []error, c *Failure) (error, []error, *Failure, error) {
	return a, b, c, e.err
}

func (e echo) Owners(_ context.Context, m *Marshalers, a Embeds, b AsCBOR, c []AsBinary, d ...AsText) (*Marshalers, Embeds, AsCBOR, []AsBinary, []AsText, error) {
	return m, a, b, c, d, e.err
}

func (e echo) None() error { return e.err }

type object string

func (o object) Name(context.Context) (string, error) { return string(o), nil }

func newEcho(err error) Rich {
	return NewRichProxy(loopback.Ref(echo{err}))
}

// fill returns a random value.
func fill[T any](r random) T {
	var v T
	r.fill(reflect.ValueOf(&v).Elem(), 3)
	return v
}

// same compares values by their text.
func same(t *testing.T, label string, got, want any) {
	t.Helper()
	if g, w := render(got), render(want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", label, g, w)
	}
}

// TestCalls makes calls through proxy and serving side with random values.
func TestCalls(t *testing.T) {
	ctx := context.Background()
	failed := errors.New("failed beside its results")
	p := newEcho(failed)
	for seed := range uint64(100) {
		r := random{rand.New(rand.NewPCG(seed, 2)), true}
		a, b, d := fill[Basics](r), fill[*Named](r), fill[Lists](r)
		e, f, g := fill[Tagged](r), fill[Numbered](r), fill[Mixed](r)
		e.Skipped = "" // it stays behind
		a2, b2, _, d2, e2, f2, g2, err := p.Structs(ctx, a, b, fill[Special](r), d, e, f, g)
		if err == nil || err.Error() != failed.Error() {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for i, pair := range [][2]any{{a2, a}, {b2, b}, {d2, d}, {e2, e}, {f2, f}, {g2, g}} {
			same(t, fmt.Sprintf("seed %d: result %d", seed, i), pair[0], pair[1])
		}
	}
}

func TestPlainCalls(t *testing.T) {
	for seed := range uint64(100) {
		r := random{rand.New(rand.NewPCG(seed, 3)), true}
		a, b, c, d, e := fill[int8](r), fill[Text](r), fill[[]byte](r), fill[[2][]string](r), fill[map[string][]Point](r)
		f, g, h, i := fill[timeT](r), fill[any](r), fill[*bigInt](r), fill[[]Number](r)
		a2, b2, c2, d2, e2, f2, g2, h2, i2, err := newEcho(nil).Plain(context.Background(), a, b, c, d, e, f, g, h, i...)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for n, pair := range [][2]any{{a2, a}, {b2, b}, {c2, c}, {d2, d}, {e2, e}, {f2, f}, {g2, g}, {h2, h}, {i2, i}} {
			same(t, fmt.Sprintf("seed %d: result %d", seed, n), pair[0], pair[1])
		}
	}
}

// TestReferences passes objects in every position and gets the same ones back.
func TestReferences(t *testing.T) {
	var a, b Object = object("a"), object("b")
	remote := NewObjectProxy(loopback.Ref(object("remote")))
	passed := Passed{
		One:    a,
		Many:   []Object{b, nil, a},
		ByName: map[string]Object{"a": a, "nil": nil},
		Two:    [2]Object{b, nil},
		Ptr:    &b,
		Errs:   map[string]error{"eof": io.EOF, "nil": nil},
		Nested: []map[string][]*Passed2{{"x": {nil, {Object: b}}}},
	}
	o, p, others, err := newEcho(nil).Objects(context.Background(), a, passed, b, nil, a)
	if err != nil {
		t.Fatal(err)
	}
	if o != a || !reflect.DeepEqual(others, []Object{b, nil, a}) {
		t.Errorf("got %v and %v", o, others)
	}
	if !reflect.DeepEqual(p, passed) {
		t.Errorf("got %+v, want %+v", p, passed)
	}
	if name, err := remote.Name(context.Background()); name != "remote" || err != nil {
		t.Errorf("%q, %v", name, err)
	}
	o, p, others, err = newEcho(nil).Objects(context.Background(), nil, Passed{})
	if o != nil || others != nil || err != nil || !reflect.DeepEqual(p, Passed{}) {
		t.Errorf("nil did not stay nil: %v, %v, %v, %v", o, p, others, err)
	}
}

// TestErrors sends errors as values.
func TestErrors(t *testing.T) {
	failure := &Failure{Code: 7, Where: Point{1, 2}, Cause: io.ErrUnexpectedEOF}
	list := []error{nil, ErrSentinel, fmt.Errorf("wrapped: %w", ErrSentinel), errors.Join(failure, io.EOF)}
	a, b, c, err := newEcho(nil).Errors(context.Background(), failure, list, failure)
	if err != nil {
		t.Fatal(err)
	}
	var got *Failure
	if !errors.As(a, &got) || !reflect.DeepEqual(got, failure) || !errors.Is(a, io.ErrUnexpectedEOF) || !reflect.DeepEqual(c, failure) {
		t.Errorf("got %#v and %#v", a, c)
	}
	if b[0] != nil || b[1] != ErrSentinel || !errors.Is(b[2], ErrSentinel) || b[2].Error() != list[2].Error() {
		t.Errorf("got %#v", b)
	}
	if !errors.Is(b[3], io.EOF) || !errors.As(b[3], &got) {
		t.Errorf("got %#v", b[3])
	}
	a, b, c, err = newEcho(nil).Errors(context.Background(), nil, nil, nil)
	if a != nil || b != nil || c != nil || err != nil {
		t.Errorf("nil did not stay nil: %v, %v, %v, %v", a, b, c, err)
	}
	if err := newEcho(ErrSentinel).None(); err != ErrSentinel {
		t.Error(err)
	}
}

// TestMoreParameters serves calls of older and newer peers.
func TestMoreParameters(t *testing.T) {
	method := &objectInterface.Methods[0]
	for _, args := range [][]byte{{0x80}, {0x82, 0x01, 0x61, 'x'}} {
		var in proxy.Incoming
		in.Args.Reset(args, nil, nil, nil)
		in.Args.Tuple()
		if err := method.Serve(context.Background(), object("o"), &in); err != nil {
			t.Errorf("% x: %v", args, err)
		}
	}
	var in proxy.Incoming
	in.Args.Reset([]byte{0x81, 0x05}, nil, nil, nil) // Plain wants nine arguments
	in.Args.Tuple()
	plain := plainMethod(t)
	if err := plain.Serve(context.Background(), echo{}, &in); err != nil {
		t.Errorf("%s: %v", plain.Name, err)
	}
}

// TestUnsuitable passes an argument of the wrong type: the method does not run.
func TestUnsuitable(t *testing.T) {
	var in proxy.Incoming
	in.Args.Reset([]byte{0x81, 0x61, 'x'}, nil, nil, nil) // text for an int8
	in.Args.Tuple()
	if err := plainMethod(t).Serve(context.Background(), nil, &in); err == nil {
		t.Error("no error")
	}
}

func plainMethod(t *testing.T) *proxy.Method {
	t.Helper()
	for i := range richInterface.Methods {
		if m := &richInterface.Methods[i]; m.Name == "Plain" {
			return m
		}
	}
	t.Fatal("Rich has no method Plain")
	return nil
}
