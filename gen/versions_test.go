package gen_test

import (
	"bytes"
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/netobj/netobj/gen/internal/loopback"
	"github.com/netobj/netobj/gen/testdata/good/versions/newer"
	"github.com/netobj/netobj/gen/testdata/good/versions/older"
	"github.com/netobj/netobj/proxy"
)

// olderShop serves older.Shop and remembers what it got.
type olderShop struct {
	item older.Item
	list []older.Spot
	code *older.Code
	name string
}

func (s *olderShop) Put(_ context.Context, i older.Item, list []older.Spot, c *older.Code) (int, error) {
	s.item, s.list, s.code = i, list, c
	return 7, nil
}

func (s *olderShop) Get(_ context.Context, name string) (older.Item, older.Spot, map[string]older.Code, error) {
	s.name = name
	return older.Item{Name: name, Price: 5}, older.Spot{X: 1}, map[string]older.Code{"a": {Number: 2}}, nil
}

func (s *olderShop) Ping(context.Context) error { return nil }

// newerShop serves newer.Shop and remembers what it got.
type newerShop struct {
	item newer.Item
	list []newer.Spot
	code *newer.Code
	at   time.Time
	by   newer.Shop
	more []newer.Item
}

var full = newer.Item{
	Added: time.Unix(1, 2).UTC(), Name: "cup", Price: 300,
	Tags: map[string][]newer.Tag{"colour": {{Text: "blue"}, {}}},
}

func (s *newerShop) Put(_ context.Context, i newer.Item, list []newer.Spot, c *newer.Code, at time.Time, by newer.Shop, more ...newer.Item) (int, []newer.Item, error) {
	s.item, s.list, s.code, s.at, s.by, s.more = i, list, c, at, by, more
	return 8, []newer.Item{full}, nil
}

func (s *newerShop) Get(_ context.Context, name string, exact bool) (newer.Item, newer.Spot, map[string]newer.Code, newer.Shop, newer.Tag, error) {
	y := 2
	item := full
	item.Name, item.Shop = name, s
	return item, newer.Spot{X: 1, Y: &y, Note: newer.Tag{Text: "n"}}, map[string]newer.Code{"a": {Number: 2, Cause: []string{"c"}}}, s, newer.Tag{Text: "t"}, nil
}

func (s *newerShop) Ping(_ context.Context, payload []byte) ([]byte, error) {
	return append(payload, "echo"...), nil
}

func described(t *testing.T, version string) *proxy.Interface {
	t.Helper()
	i := proxy.InterfaceNamed("github.com/netobj/netobj/gen/testdata/good/versions/" + version + ".Shop")
	if i == nil {
		t.Fatalf("%s.Shop is not registered", version)
	}
	return i
}

// TestOldPeerCallsNewer: what the old peer does not send is zero at the newer
// one, and what it does not know of the results it skips.
func TestOldPeerCallsNewer(t *testing.T) {
	ctx := context.Background()
	s := &newerShop{at: time.Now(), by: new(newerShop), more: []newer.Item{full}}
	p := older.NewShopProxy(loopback.RefTo(s, described(t, "newer")))
	n, err := p.Put(ctx, older.Item{Name: "pot", Price: 9}, []older.Spot{{X: 1}, {X: 2}}, &older.Code{Number: 3})
	if n != 8 || err != nil {
		t.Errorf("Put: %d, %v", n, err)
	}
	want := newerShop{item: newer.Item{Name: "pot", Price: 9}, list: []newer.Spot{{X: 1}, {X: 2}}, code: &newer.Code{Number: 3}}
	if !reflect.DeepEqual(*s, want) {
		t.Errorf("Put was served with\n%+v, want\n%+v", *s, want)
	}
	i, spot, by, err := p.Get(ctx, "cup")
	if i != (older.Item{Name: "cup", Price: 300}) || spot != (older.Spot{X: 1}) || by["a"].Number != 2 || err != nil {
		t.Errorf("Get: %+v, %+v, %+v, %v", i, spot, by, err)
	}
	if err := p.Ping(ctx); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

// TestNewPeerCallsOlder: the old peer skips what it does not know, references
// included, and what it does not send is zero at the newer one.
func TestNewPeerCallsOlder(t *testing.T) {
	ctx := context.Background()
	s := new(olderShop)
	p := newer.NewShopProxy(loopback.RefTo(s, described(t, "older")))
	item, y := full, 4
	item.Shop = new(newerShop)
	n, left, err := p.Put(ctx, item, []newer.Spot{{X: 1, Y: &y, Note: newer.Tag{Text: "n"}}, {X: 2}},
		&newer.Code{Number: 3, Cause: []string{"x"}}, time.Now(), new(newerShop), item, item)
	if n != 7 || left != nil || err != nil {
		t.Errorf("Put: %d, %+v, %v", n, left, err)
	}
	want := olderShop{item: older.Item{Name: "cup", Price: 300}, list: []older.Spot{{X: 1}, {X: 2}}, code: &older.Code{Number: 3}}
	if !reflect.DeepEqual(*s, want) {
		t.Errorf("Put was served with\n%+v, want\n%+v", *s, want)
	}
	i, spot, by, owner, tag, err := p.Get(ctx, "pot", true)
	if !reflect.DeepEqual(i, newer.Item{Name: "pot", Price: 5}) || spot != (newer.Spot{X: 1}) || owner != nil || tag != (newer.Tag{}) || err != nil {
		t.Errorf("Get: %+v, %+v, %v, %+v, %v", i, spot, owner, tag, err)
	}
	if s.name != "pot" || !reflect.DeepEqual(by, map[string]newer.Code{"a": {Number: 2}}) {
		t.Errorf("Get was served with %q and gave %+v", s.name, by)
	}
	if echo, err := p.Ping(ctx, bytes.Repeat([]byte("x"), 1000)); echo != nil || err != nil {
		t.Errorf("Ping: %q, %v", echo, err)
	}
}
