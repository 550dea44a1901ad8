package objects_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// trio is three nodes: an owner, an introducer that holds the owner's root, and a user
// who gets it from the introducer.
type trio struct {
	kit                     *objtest.Kit
	owner, introducer, user *objects.Node
	local                   *thing       // the root at its owner
	near                    sample.Thing // as the introducer sees it
	far                     sample.Thing // as the user does
}

func newTrio(t *testing.T, config objects.Config) *trio {
	t.Helper()
	return trioOf(t, objtest.NewConfig(t, config), "pipe://owner", "pipe://introducer", "pipe://user")
}

// newTrioAt has all three listen at url.
func newTrioAt(t *testing.T, config objects.Config, url string) *trio {
	t.Helper()
	return trioOf(t, objtest.NewConfig(t, config), url, url, url)
}

func trioOf(t *testing.T, kit *objtest.Kit, owner, introducer, user string) *trio {
	t.Helper()
	m := &trio{kit: kit, local: &thing{name: "root"}}
	m.owner, m.introducer, m.user = m.kit.NodeAt(owner), m.kit.NodeAt(introducer), m.kit.NodeAt(user)
	m.near = lend(t, m.owner, m.introducer, m.local)
	m.far = m.introduce(t, m.near)
	return m
}

// introduce passes v from the introducer to the user.
func (m *trio) introduce(t *testing.T, v sample.Thing) sample.Thing {
	t.Helper()
	return lend(t, m.introducer, m.user, v)
}

// routesOf returns how node n reaches what it holds.
func routesOf(n *objects.Node) (routes []string) {
	for _, i := range objects.Snapshot(n).Imports {
		routes = append(routes, i.Route)
	}
	return routes
}

func add(t *testing.T, v sample.Thing) error {
	t.Helper()
	sum, err := v.Add(t.Context(), 1, 2)
	if err == nil && sum != 3 {
		err = fmt.Errorf("1 + 2 = %d", sum)
	}
	return err
}

// TestT3AnIntroducedObjectIsReachedDirectly: the vine is given back, and the introducer
// may die.
func TestT3AnIntroducedObjectIsReachedDirectly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		if err := add(t, m.far); err != nil {
			t.Fatal(err)
		}
		if !objects.Direct(t.Context(), m.far) {
			t.Error("not reached directly")
		}
		settled()
		if n := m.introducer.Stats().Exports; n != 0 {
			t.Errorf("the introducer exports %d objects: the vine was not given back", n)
		}
		if routes := routesOf(m.user); len(routes) != 1 || routes[0] != "direct" {
			t.Errorf("routes: %v", routes)
		}
		objects.Release(m.near)
		m.introducer.Close()
		settled()
		if err := add(t, m.far); err != nil {
			t.Errorf("after the introducer's end: %v", err)
		}
		if objects.Alive(m.far).Err() != nil || m.local.unreferenced.Load() != 0 {
			t.Error("the object, or the reference, ended with the introducer")
		}
		objects.Release(m.far)
		settled()
		if m.local.unreferenced.Load() != 1 {
			t.Error("the last reference is given back, and the object was not told")
		}
	})
}

// TestT3CallsStayOnTheVine where the owner may not be dialled.
func TestT3CallsStayOnTheVine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, forwarding)
		if err := add(t, m.far); err != nil || objects.Direct(t.Context(), m.far) {
			t.Errorf("%v", err)
		}
		if routes := routesOf(m.user); len(routes) != 1 || routes[0] != "vine" {
			t.Errorf("routes: %v", routes)
		}
		objects.Release(m.near)
		m.introducer.Close()
		if err := add(t, m.far); !errors.Is(err, objects.ErrGone) {
			t.Errorf("after the introducer's end: %v", err)
		}
	})
}

// TestH2IntroducedObjectsHaveOneProxy: whoever an object comes from, and before and
// after the claim.
func TestH2IntroducedObjectsHaveOneProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		again := m.introduce(t, m.near)
		if again != m.far {
			t.Error("introduced again, another proxy")
		}
		if err := add(t, m.far); err != nil {
			t.Fatal(err)
		}
		if again := m.introduce(t, m.near); again != m.far {
			t.Error("introduced again after the claim, another proxy")
		}
		if straight := lend(t, m.owner, m.user, m.local); straight != m.far {
			t.Error("from the owner, another proxy")
		}
		back, err := m.far.Same(t.Context(), m.far)
		if err != nil || back != m.far {
			t.Errorf("there and back: %v, %v", back, err)
		}
		settled()
		if n := m.introducer.Stats().Exports; n != 0 {
			t.Errorf("the introducer exports %d objects", n)
		}
	})
}

// TestH2AnObjectHeldDirectlyIsNotClaimed: its proxy is used again.
func TestH2AnObjectHeldDirectlyIsNotClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		straight := lend(t, m.owner, m.user, m.local.made[0])
		if far := m.introduce(t, made); far != straight {
			t.Error("another proxy")
		}
		settled()
		if n := m.introducer.Stats().Exports; n != 0 {
			t.Errorf("the introducer exports %d objects", n)
		}
	})
}

// TestT6TheIntroducerMayDieBeforeTheClaim: the object lives for the lease.
func TestT6TheIntroducerMayDieBeforeTheClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		if err := add(t, m.far); err != nil { // there is a session now
			t.Fatal(err)
		}
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m.kit.Part(m.owner) // the claim cannot be made
		far := m.introduce(t, made)
		m.kit.Part(m.introducer)
		alive := objects.Alive(far)
		<-time.After(5 * time.Second)
		m.kit.Heal(m.owner)
		if err := add(t, far); err != nil || !objects.Direct(t.Context(), far) || alive.Err() != nil {
			t.Errorf("%v, %v", err, context.Cause(alive))
		}
		objects.Release(far)
	})
}

// TestIntroductionsGoInCircles: A passes an object of B to C, who passes it on to B,
// who owns it, and back to A.
func TestIntroductionsGoInCircles(t *testing.T) {
	for name, config := range map[string]objects.Config{"direct": quiet, "vine": forwarding} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTrio(t, config)
				if err := add(t, m.far); err != nil {
					t.Fatal(err)
				}
				if back := lend(t, m.user, m.introducer, m.far); back != m.near {
					t.Error("the introducer gets another proxy")
				}
				home := lend(t, m.user, m.owner, m.far)
				if home != sample.Thing(m.local) && name == "direct" {
					t.Errorf("the owner gets %v", home)
				}
				if err := add(t, home); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
