package lifetime

import (
	"errors"
	"slices"
	"testing"
)

// resume takes session 1 over to connection c, as both ends do.
func resume(t *testing.T, x *Exports[string], m *Imports, c Conn) (gone []Reclaimed[string], unknown []XID) {
	t.Helper()
	x.Fence(1)
	m.Fence()
	gone, unknown, err := x.Reconcile(1, c, m.Snapshot(c))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(x.Check(), m.Check()); err != nil {
		t.Fatal(err)
	}
	return gone, unknown
}

func TestR1NothingOfAnOldConnectionCounts(t *testing.T) {
	x, m := newOwner(9), NewImports(9)
	o := x.Add("a")
	xid := mustGrant(t, x, 1, o)
	mustGrant(t, x, 1, o)
	receive(t, m, o, xid)
	gen := m.Renew(xid)
	refused := func(when string) {
		t.Helper()
		if err := m.Receive(FirstConn, o, xid); !errors.Is(err, ErrStale) {
			t.Errorf("%s: a grant of the old connection: %v", when, err)
		}
		if _, err := x.Grant(1, FirstConn, o); !errors.Is(err, ErrStale) {
			t.Errorf("%s: granted on the old connection: %v", when, err)
		}
		if _, err := x.Release(1, FirstConn, xid, 1); !errors.Is(err, ErrStale) {
			t.Errorf("%s: a release of the old connection: %v", when, err)
		}
		before := x.Grants(1, o)
		if x.Ungrant(1, FirstConn, xid); x.Grants(1, o) != before {
			t.Errorf("%s: a grant for the old connection was taken back", when)
		}
	}
	x.Fence(1)
	m.Fence()
	refused("between the connections")
	if _, _, err := x.Reconcile(1, 2, m.Snapshot(2)); err != nil {
		t.Fatal(err)
	}
	refused("on the new one")
	if x.Grants(1, o) != 1 {
		t.Errorf("the owner counts %d", x.Grants(1, o))
	}
	m.Cleanup(xid, gen)
	if m.Batch(FirstConn, 9) != nil || m.Pending() != 1 {
		t.Error("a batch is taken for the old connection")
	}
	if gone, err := x.Release(1, 2, xid, 1); err != nil || len(gone) != 1 {
		t.Errorf("%v, %v", gone, err)
	}
}

func TestR2TheSnapshotHoldsWhatIsHeldAndEmptiesTheBatch(t *testing.T) {
	m := NewImports(9)
	for xid := range XID(4) {
		receive(t, m, 10, xid+1)
		m.Renew(xid + 1)
	}
	receive(t, m, 10, 3)
	m.Cleanup(4, 4) // before the fence
	m.Fence()
	m.Cleanup(1, 1) // between fence and snapshot
	m.Use(2)
	m.Cleanup(2, 2) // a message still names it
	if held := m.Snapshot(2); !slices.Equal(held, []Held{{2, 1}, {3, 2}}) {
		t.Errorf("held %v", held)
	}
	if m.Pending() != 0 {
		t.Error("what the statement leaves out is returned once more")
	}
	m.Unuse(2)
	if b := m.Batch(2, 9); !slices.Equal(b, []Release{{2, 1}}) {
		t.Errorf("batch %v", b)
	}
}

func TestR3NothingIsGrantedBeforeTheStatement(t *testing.T) {
	x := newOwner(9)
	o := x.Add("a")
	mustGrant(t, x, 1, o)
	x.Fence(1)
	for _, c := range []Conn{FirstConn, 2} {
		if _, err := x.Grant(1, c, o); !errors.Is(err, ErrStale) {
			t.Errorf("granted on connection %d: %v", c, err)
		}
	}
	if _, _, err := x.Reconcile(1, 2, []Held{{1, 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Grant(1, 2, o); err != nil || x.Grants(1, o) != 2 {
		t.Errorf("%d grants, error %v", x.Grants(1, o), err)
	}
}

func TestR4TheStatementReplacesTheCounts(t *testing.T) {
	x, m := newOwner(9), NewImports(9)
	kept, lost, pinned := x.Add("kept"), x.Add("lost"), x.Add("pinned")
	xid := mustGrant(t, x, 1, kept)
	mustGrant(t, x, 1, kept) // does not arrive
	mustGrant(t, x, 1, lost) // neither
	mustGrant(t, x, 1, pinned)
	x.Pin(pinned)
	receive(t, m, kept, xid)
	m.Renew(xid)
	gone, unknown := resume(t, x, m, 2)
	if len(gone) != 1 || gone[0].Target != "lost" || unknown != nil {
		t.Errorf("gone %v, unknown %v", gone, unknown)
	}
	if x.Grants(1, kept) != 1 || x.Listings(1) != 1 || x.Len() != 2 {
		t.Errorf("%d grants, %d listings, %d objects", x.Grants(1, kept), x.Listings(1), x.Len())
	}
	if gone, _ := resume(t, x, m, 3); len(gone) != 0 {
		t.Errorf("the second time %v is gone", gone)
	}
}

func TestR4UnknownReferencesAreVoid(t *testing.T) {
	x, m := newOwner(9), NewImports(9)
	receive(t, m, 8, 5)
	gen := m.Renew(5)
	_, unknown := resume(t, x, m, 2)
	if !slices.Equal(unknown, []XID{5}) {
		t.Fatalf("unknown %v", unknown)
	}
	m.Void(5)
	if m.Cleanup(5, gen) || m.Pending() != 0 || m.Len() != 0 {
		t.Error("what the owner does not know is returned to it")
	}
}

func TestR4FalseStatementsChangeNothing(t *testing.T) {
	x := newOwner(9)
	o, p := x.Add("a"), x.Add("b")
	mustGrant(t, x, 1, o)
	mustGrant(t, x, 1, p)
	if _, _, err := x.Reconcile(1, 2, nil); err == nil {
		t.Error("a statement on a connection that stands")
	}
	x.Fence(1)
	x.Fence(1)
	for name, bad := range map[string]struct {
		c    Conn
		held []Held
	}{
		"old connection":         {1, []Held{{1, 1}, {2, 1}}},
		"more than was granted":  {2, []Held{{1, 1}, {2, 2}}},
		"none":                   {2, []Held{{1, 0}}},
		"number 0":               {2, []Held{{0, 1}}},
		"twice":                  {2, []Held{{1, 1}, {1, 1}}},
		"not in ascending order": {2, []Held{{2, 1}, {1, 1}}},
	} {
		if gone, _, err := x.Reconcile(1, bad.c, bad.held); err == nil || gone != nil || x.Listings(1) != 2 {
			t.Errorf("%s: gone %v, error %v", name, gone, err)
		}
	}
	if _, _, err := x.Reconcile(3, 2, nil); !errors.Is(err, ErrEnded) {
		t.Errorf("a session that is not there: %v", err)
	}
	if gone, _, err := x.Reconcile(1, 3, []Held{{2, 1}}); err != nil || len(gone) != 1 {
		t.Errorf("gone %v, error %v", gone, err)
	}
	if _, _, err := x.Reconcile(1, 4, nil); err == nil {
		t.Error("a second statement")
	}
}

func TestR5ASessionEndsWhileItHasNoConnection(t *testing.T) {
	x, m := newOwner(9), NewImports(9)
	o := x.Add("a")
	xid := mustGrant(t, x, 1, o)
	receive(t, m, o, xid)
	gen := m.Renew(xid)
	x.Fence(1)
	m.Fence()
	if gone := x.EndSession(1); len(gone) != 1 {
		t.Errorf("gone %v", gone)
	}
	m.EndSession()
	if m.Cleanup(xid, gen) || m.Len() != 0 || m.Pending() != 0 {
		t.Error("something is left")
	}
	x.Fence(1) // of a session that is not there
}
