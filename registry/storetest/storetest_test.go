package storetest_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/storetest"
)

// Stores that break one promise each.
type (
	overwriting  struct{ registry.Store }
	undeleting   struct{ registry.Store }
	anyID        struct{ registry.Store }
	unspending   struct{ registry.Store }
	overspending struct{ registry.Store }
	unsorted     struct{ registry.Store }
	unprefixed   struct{ registry.Store }
	undying      struct{ registry.Store }
	halfRecords  struct{ registry.Store }
	forgetful    struct {
		registry.Store
		removed *int
	}
)

func (s overwriting) Create(r registry.Record) error { return s.Replace(r) }

func (undeleting) Delete(string, uuid.UUID) error { return nil }

func (s anyID) Delete(name string, id uuid.UUID) error {
	if all, _ := s.List(name); len(all) > 0 {
		id = all[0].ID
	}
	return s.Store.Delete(name, id)
}

func (s unspending) Delete(name string, id uuid.UUID) error { return s.Expire(name, id) }

func (s overspending) Expire(name string, id uuid.UUID) error { return s.Delete(name, id) }

func (s unsorted) List(prefix string) ([]registry.Record, error) {
	all, err := s.Store.List(prefix)
	slices.Reverse(all)
	return all, err
}

func (s unprefixed) List(string) ([]registry.Record, error) { return s.Store.List("") }

func (undying) Close() error { return nil }

func (s halfRecords) Create(r registry.Record) error {
	r.Signature = ""
	return s.Store.Create(r)
}

// Replace begins to forget spent ids one change too early.
func (s forgetful) Replace(r registry.Record) error {
	if *s.removed++; *s.removed > registry.SpentKept {
		r.ID = uuid.Must(uuid.NewV7())
	}
	return s.Store.Replace(r)
}

// broken lists the stores, and the check that each must fail.
var broken = map[string]struct {
	store func(registry.Store) registry.Store
	check string
}{
	"overwriting":  {func(s registry.Store) registry.Store { return overwriting{s} }, "Create"},
	"undeleting":   {func(s registry.Store) registry.Store { return undeleting{s} }, "Delete"},
	"anyID":        {func(s registry.Store) registry.Store { return anyID{s} }, "Delete"},
	"unspending":   {func(s registry.Store) registry.Store { return unspending{s} }, "Spent"},
	"overspending": {func(s registry.Store) registry.Store { return overspending{s} }, "Expire"},
	"unsorted":     {func(s registry.Store) registry.Store { return unsorted{s} }, "List"},
	"unprefixed":   {func(s registry.Store) registry.Store { return unprefixed{s} }, "List"},
	"undying":      {func(s registry.Store) registry.Store { return undying{s} }, "AfterClose"},
	"halfRecords":  {func(s registry.Store) registry.Store { return halfRecords{s} }, "StrangeText"},
	"forgetful":    {func(s registry.Store) registry.Store { return forgetful{s, new(int)} }, "ManySpent"},
}

// storeVariable names the broken store that a child process is to test.
const storeVariable = "NETOBJ_BROKEN_STORE"

// TestSuite runs the suite on the store that the parent process chose.
func TestSuite(t *testing.T) {
	make := func(s registry.Store) registry.Store { return s }
	if name := os.Getenv(storeVariable); name != "" {
		make = broken[name].store
	}
	storetest.Run(t, func(*testing.T) storetest.Opener {
		return storetest.Opener{Open: func() (registry.Store, error) { return make(registry.NewMemoryStore()), nil }}
	})
}

// TestSuiteCatches shows that each broken promise fails the suite.
func TestSuiteCatches(t *testing.T) {
	for name, b := range broken {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSuite$")
		cmd.Env = append(os.Environ(), storeVariable+"="+name)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), "--- FAIL: TestSuite/"+b.check) {
			t.Errorf("%s: check %s does not fail: %v\n%s", name, b.check, err, out)
		}
	}
}
