// Package storetest checks that an implementation of registry.Store keeps the
// store's promises. Every store has a test that runs it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Opener { ... })
//	}
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/registry"
)

// Opener opens the store of one test. Opening it again, after the store was
// closed, gives the same records, unless the store lives in memory.
type Opener struct {
	Open    func() (registry.Store, error)
	Durable bool // records survive Close

	// Hasten, if not nil, makes an open store quick at the price of durability,
	// for checks with thousands of changes.
	Hasten func(registry.Store)
}

// Run runs all checks, each on an empty store of its own that fresh provides.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	for name, check := range map[string]func(*testing.T, registry.Store){
		"Create":      create,
		"Replace":     replace,
		"Delete":      remove,
		"Expire":      expire,
		"List":        list,
		"Spent":       spent,
		"Concurrent":  concurrent,
		"AfterClose":  afterClose,
		"StrangeText": strangeText,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, fresh(t))
			defer s.Close()
			check(t, s)
		})
	}
	t.Run("ManySpent", func(t *testing.T) {
		o := fresh(t)
		s := open(t, o)
		defer s.Close()
		if o.Hasten != nil {
			o.Hasten(s)
		}
		manySpent(t, s)
	})
	t.Run("Reopen", func(t *testing.T) {
		o := fresh(t)
		if !o.Durable {
			t.Skip("the store lives in memory")
		}
		reopen(t, o)
	})
}

// NewRecord returns a complete record of a fresh id.
func NewRecord(name string) registry.Record {
	return registry.Record{
		Name:        name,
		ID:          uuid.Must(uuid.NewV7()),
		Interface:   "example.com/bank.Account",
		Signature:   "Deposit(ctx context.Context, cents int64) (balance int64, err error)\nOwner(ctx context.Context) (Customer, error)",
		Owner:       uuid.New(),
		Incarnation: uuid.New(),
		Principal:   "node:someone",
		BoundAt:     time.Date(2026, 3, 4, 5, 6, 7, 890123456, time.UTC),
	}
}

func create(t *testing.T, s registry.Store) {
	alice := NewRecord("bank/alice")
	do(t, s.Create(alice))
	want(t, s.Create(NewRecord("bank/alice")), registry.ErrBound)
	want(t, s.Create(alice), registry.ErrBound)
	holds(t, s, "", alice)
}

func replace(t *testing.T, s registry.Store) {
	first, second := NewRecord("a"), NewRecord("a")
	do(t, s.Replace(first)) // nothing to replace
	first.Incarnation = uuid.New()
	do(t, s.Replace(first)) // the same binding, renewed
	holds(t, s, "", first)
	do(t, s.Replace(second))
	holds(t, s, "", second)
	want(t, s.Replace(first), registry.ErrSpent)
	holds(t, s, "", second)
}

func remove(t *testing.T, s registry.Store) {
	a, b := NewRecord("a"), NewRecord("b")
	want(t, s.Delete("a", a.ID), registry.ErrNotFound)
	do(t, s.Create(a))
	do(t, s.Create(b))
	want(t, s.Delete("a", b.ID), registry.ErrNotFound)
	do(t, s.Delete("a", a.ID))
	want(t, s.Delete("a", a.ID), registry.ErrNotFound)
	holds(t, s, "", b)
}

func expire(t *testing.T, s registry.Store) {
	a := NewRecord("a")
	want(t, s.Expire("a", a.ID), registry.ErrNotFound)
	do(t, s.Create(a))
	want(t, s.Expire("a", uuid.New()), registry.ErrNotFound)
	do(t, s.Expire("a", a.ID))
	holds(t, s, "")
	do(t, s.Create(a)) // the owner came back
	holds(t, s, "", a)
}

func list(t *testing.T, s registry.Store) {
	var all []registry.Record
	for _, name := range []string{"b/2", "a", "b", "b/1", "bc", "ü"} {
		r := NewRecord(name)
		all = append(all, r)
		do(t, s.Create(r))
	}
	slices.SortFunc(all, func(x, y registry.Record) int {
		return slices.Compare([]byte(x.Name), []byte(y.Name))
	})
	holds(t, s, "", all...)
	holds(t, s, "b", all[1:5]...)
	holds(t, s, "b/", all[2:4]...)
	holds(t, s, "b/2", all[3])
	holds(t, s, "ü", all[5])
	holds(t, s, "z")
}

func spent(t *testing.T, s registry.Store) {
	a := NewRecord("a")
	do(t, s.Create(a))
	do(t, s.Delete("a", a.ID))
	want(t, s.Create(a), registry.ErrSpent)
	want(t, s.Replace(a), registry.ErrSpent)
	holds(t, s, "")
	do(t, s.Create(NewRecord("a")))
}

func manySpent(t *testing.T, s registry.Store) {
	first := NewRecord("a")
	do(t, s.Create(first))
	for range registry.SpentKept {
		do(t, s.Replace(NewRecord("a")))
	}
	want(t, s.Replace(first), registry.ErrSpent)
	want(t, s.Create(first), registry.ErrBound)
}

func concurrent(t *testing.T, s registry.Store) {
	var tasks sync.WaitGroup
	for i := range 4 {
		tasks.Go(func() {
			for k := range 5 {
				r := NewRecord(fmt.Sprintf("%d/%d", i, k))
				if err := s.Create(r); err != nil {
					t.Error(err)
				}
				if found, err := s.List(r.Name); err != nil || len(found) != 1 {
					t.Errorf("%v, %v", found, err)
				}
				if err := s.Delete(r.Name, r.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	tasks.Wait()
	holds(t, s, "")
}

func afterClose(t *testing.T, s registry.Store) {
	do(t, s.Close())
	a := NewRecord("a")
	for verb, err := range map[string]error{
		"Create":  s.Create(a),
		"Replace": s.Replace(a),
		"Delete":  s.Delete("a", a.ID),
		"Expire":  s.Expire("a", a.ID),
	} {
		if err == nil || errors.Is(err, registry.ErrNotFound) {
			t.Errorf("%s on a closed store: %v", verb, err)
		}
	}
	if _, err := s.List(""); err == nil {
		t.Error("List on a closed store succeeds")
	}
	do(t, s.Close())
}

func strangeText(t *testing.T, s registry.Store) {
	r := NewRecord("<ü>\"\u2028&/名/😀")
	r.Signature = "Do(x struct{ A string `json:\"<a>\"` }) error"
	r.BoundAt = time.Time{}
	do(t, s.Create(r))
	holds(t, s, "<", r)
}

func reopen(t *testing.T, o Opener) {
	s := open(t, o)
	a, b, c := NewRecord("a"), NewRecord("b"), NewRecord("c")
	do(t, s.Create(a))
	do(t, s.Create(b))
	do(t, s.Delete("a", a.ID))
	do(t, s.Create(c))
	do(t, s.Expire("c", c.ID))
	do(t, s.Close())

	s = open(t, o)
	defer s.Close()
	holds(t, s, "", b)
	want(t, s.Create(a), registry.ErrSpent)
	do(t, s.Create(c))
	holds(t, s, "", b, c)
}

func open(t *testing.T, o Opener) registry.Store {
	t.Helper()
	s, err := o.Open()
	do(t, err)
	return s
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error %v, want %v", got, want)
	}
}

func holds(t *testing.T, s registry.Store, prefix string, want ...registry.Record) {
	t.Helper()
	got, err := s.List(prefix)
	do(t, err)
	if !slices.EqualFunc(got, want, same) {
		t.Fatalf("List(%q) is\n%+v\nwant\n%+v", prefix, got, want)
	}
}

func same(a, b registry.Record) bool {
	sameTime := a.BoundAt.Equal(b.BoundAt)
	a.BoundAt, b.BoundAt = time.Time{}, time.Time{}
	return sameTime && a == b
}
