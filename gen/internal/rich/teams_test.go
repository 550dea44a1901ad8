package rich

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/netobj/netobj/gen/internal/loopback"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

func (e echo) Teams(_ context.Context, a Team, b map[Text]Named2, c *Seats, d List[Object], f struct{ Object }, g ...*Object) (Team, map[Text]Named2, *Seats, List[Object], struct{ Object }, []*Object, error) {
	return a, b, c, d, f, g, e.err
}

// TestTeams passes references in named types, generic ones, tuples and embedded
// fields; the same ones come back.
func TestTeams(t *testing.T) {
	ctx := context.Background()
	var a, b Object = object("a"), object("b")
	seats := Seats{7: a, 8: nil}
	named := Named2{
		Object: a,
		Team:   Team{b, nil},
		Seats:  &seats,
		Pairs:  Pairs{nil, &a},
		List:   List[List[Object]]{Name: "l", Items: []List[Object]{{Items: []Object{nil, a}, First: &b}, {}}},
		Tuple:  Tuple2{Object: b, Ptr: &a, M: map[int][]Object{-1: {a, nil}, 2: nil}},
		Opt:    &b,
		Zero:   a,
		Zeros:  Team{a},
		Embeds: &Tuple2{},
	}
	by := map[Text]Named2{"full": named, "empty": {}}
	list := List[Object]{Items: []Object{b, nil}, First: &a}
	a2, by2, seats2, list2, anon, many, err := newEcho(nil).Teams(ctx, named.Team, by, &seats, list, struct{ Object }{b}, &a, nil, &b)
	if err != nil {
		t.Fatal(err)
	}
	for i, pair := range [][2]any{{a2, named.Team}, {by2, by}, {seats2, &seats}, {list2, list}, {anon.Object, b}, {many, []*Object{&a, nil, &b}}} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("result %d:\n got %+v\nwant %+v", i, pair[0], pair[1])
		}
	}
	a2, by2, seats2, list2, anon, many, err = newEcho(nil).Teams(ctx, nil, nil, nil, List[Object]{}, struct{ Object }{})
	if a2 != nil || by2 != nil || seats2 != nil || list2.Items != nil || list2.First != nil || anon.Object != nil || many != nil || err != nil {
		t.Errorf("nil did not stay nil: %v, %v, %v, %+v, %v, %v, %v", a2, by2, seats2, list2, anon, many, err)
	}
}

// TestProxiesPass sends proxies, which go on as what they stand for.
func TestProxiesPass(t *testing.T) {
	var remote Object = NewObjectProxy(loopback.Ref(object("remote")))
	var nobody *proxy.Ref
	got, err := sent(remote)
	if err != nil || got != remote.(*ObjectProxy).ProxyRef() {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := sent(NewObjectProxy(nobody)); err == nil {
		t.Error("a proxy of nothing was sent")
	}
}

// sent encodes o as an argument and returns what goes out for it.
func sent(o Object) (any, error) {
	var args marshal.Encoder
	proxy.PutRef(&args, o)
	for _, s := range args.Slots() {
		return s.Object, args.Err()
	}
	return nil, args.Err()
}

// TestOwners makes calls with types that have marshalers of their own.
func TestOwners(t *testing.T) {
	for seed := range uint64(100) {
		r := random{rand.New(rand.NewPCG(seed, 4)), true}
		m, e, c, b, s := fill[*Marshalers](r), fill[Embeds](r), fill[AsCBOR](r), fill[[]AsBinary](r), fill[[]AsText](r)
		e.Blob, e.Tuple.Name = nil, "" // left out by its tag; hidden by another Name
		if e.List != nil {
			e.List.Name = ""
		}
		m2, e2, c2, b2, s2, err := newEcho(nil).Owners(context.Background(), m, e, c, b, s...)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for n, pair := range [][2]any{{m2, m}, {e2, e}, {c2, c}, {b2, b}, {s2, s}} {
			same(t, fmt.Sprintf("seed %d: result %d", seed, n), pair[0], pair[1])
		}
	}
}
