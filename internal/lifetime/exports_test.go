package lifetime

import (
	"errors"
	"slices"
	"testing"
	"unsafe"
)

// newOwner returns a table with sessions 1 and 2 open.
func newOwner(limit int) *Exports[string] {
	x := NewExports[string](limit)
	x.Open(1, 0)
	x.Open(2, 0)
	return x
}

func mustGrant[T any](t *testing.T, x *Exports[T], s SessionID, o ObjectID) XID {
	t.Helper()
	xid, err := x.Grant(s, FirstConn, o)
	if err != nil {
		t.Fatal(err)
	}
	return xid
}

func mustCheck(t *testing.T, table interface{ Check() error }) {
	t.Helper()
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
}

func TestO1GrantCountsOnSendAndUngrantUndoes(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	first, second, other := mustGrant(t, x, 1, o), mustGrant(t, x, 1, o), mustGrant(t, x, 2, o)
	if first != 1 || second != first || other != 1 || x.Grants(1, o) != 2 {
		t.Fatalf("xids %d, %d, %d, grants %d", first, second, other, x.Grants(1, o))
	}
	if gone := x.Ungrant(1, FirstConn, first); gone != nil || x.Grants(1, o) != 1 {
		t.Fatalf("ungrant reclaimed %v", gone)
	}
	mustCheck(t, x)
}

func TestO1UngrantOfTheOnlyGrantReclaims(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	if gone := x.Ungrant(1, FirstConn, mustGrant(t, x, 1, o)); len(gone) != 1 || gone[0] != (Reclaimed[string]{o, "a"}) || x.Len() != 0 {
		t.Fatalf("reclaimed %v, left are %d", gone, x.Len())
	}
	mustCheck(t, x)
}

func TestO2ReleaseReclaimsAtZeroAndRefusesMore(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	xid := mustGrant(t, x, 1, o)
	mustGrant(t, x, 1, o)
	for _, n := range []Grants{0, 3, 1<<64 - 1} {
		if _, err := x.Release(1, FirstConn, xid, n); err == nil {
			t.Errorf("release of %d of 2 grants is accepted", n)
		}
	}
	if _, err := x.Release(2, FirstConn, xid, 1); err == nil {
		t.Error("another session's number is accepted")
	}
	if gone, err := x.Release(1, FirstConn, xid, 1); len(gone) > 0 || err != nil {
		t.Fatalf("first release: %v, %v", gone, err)
	}
	gone, err := x.Release(1, FirstConn, xid, 1)
	if err != nil || len(gone) != 1 || gone[0].Target != "a" || x.Len() != 0 {
		t.Fatalf("last release: %v, %v", gone, err)
	}
	if _, err := x.Release(1, FirstConn, xid, 1); err == nil {
		t.Error("release of what is gone is accepted")
	}
	mustCheck(t, x)
}

func TestO2ReclaimWaitsForEveryHolder(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	a, c := mustGrant(t, x, 1, o), mustGrant(t, x, 2, o)
	if gone, _ := x.Release(1, FirstConn, a, 1); gone != nil {
		t.Fatal("reclaimed while another session holds it (S1)")
	}
	var holders []SessionID
	for s := range x.Holders(o) {
		holders = append(holders, s)
	}
	if !slices.Equal(holders, []SessionID{2}) {
		t.Fatalf("holders are %v", holders)
	}
	if gone, _ := x.Release(2, FirstConn, c, 1); len(gone) != 1 {
		t.Fatal("not reclaimed when the last holder let go (L1)")
	}
}

func TestO3NumbersAreNeverUsedAgain(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	a := mustGrant(t, x, 1, o)
	x.Release(1, FirstConn, a, 1)
	p := x.Add("b")
	b := mustGrant(t, x, 1, p)
	if a == b || o == p {
		t.Fatal("a number is used again (S8)")
	}
	if _, _, ok := x.Lookup(1, a); ok {
		t.Error("a late message reaches another object")
	}
	if _, _, ok := x.Begin(2, b); ok {
		t.Error("a session reaches what another holds")
	}
}

func TestO4EndSessionDropsAllAndNothingElse(t *testing.T) {
	x := newOwner(10)
	mine, shared := x.Add("mine"), x.Add("shared")
	mustGrant(t, x, 1, mine)
	mustGrant(t, x, 1, shared)
	xid := mustGrant(t, x, 2, shared)
	if gone := x.EndSession(1); len(gone) != 1 || gone[0].ID != mine || x.Listings(1) != 0 {
		t.Fatalf("reclaimed %v", gone)
	}
	if _, target, ok := x.Lookup(2, xid); !ok || target != "shared" {
		t.Error("another session lost its reference")
	}
	if x.EndSession(1) != nil {
		t.Error("a session ends twice")
	}
	mustCheck(t, x)
}

func TestNothingIsGrantedToASessionThatHasEnded(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	x.Pin(o)
	xid := mustGrant(t, x, 1, o)
	x.EndSession(1)
	if _, err := x.Grant(1, FirstConn, o); !errors.Is(err, ErrEnded) {
		t.Errorf("grant to a session that has ended: %v", err)
	}
	if x.Ungrant(1, FirstConn, xid) != nil || len(x.sessions) != 1 {
		t.Error("an ended session leaves something behind (L2)")
	}
	mustCheck(t, x)
}

func TestS9NoReclaimUnderPinOrRunningMethod(t *testing.T) {
	x := newOwner(10)
	o := x.Add("a")
	x.Pin(o)
	if _, _, ok := x.Begin(1, mustGrant(t, x, 1, o)); !ok {
		t.Fatal("begin")
	}
	if gone := x.EndSession(1); gone != nil {
		t.Fatal("reclaimed under a running method")
	}
	if gone := x.End(o); gone != nil {
		t.Fatal("reclaimed while pinned")
	}
	if gone := x.Unpin(o); len(gone) != 1 {
		t.Fatal("not reclaimed")
	}
}

func TestLimitOfListings(t *testing.T) {
	x := NewExports[int](2)
	x.Open(1, 1) // the peer takes fewer than this node allows
	x.Open(2, 9) // and this one more
	a, b, c := x.Add(1), x.Add(2), x.Add(3)
	xid := mustGrant(t, x, 1, a)
	if _, err := x.Grant(1, FirstConn, b); err == nil {
		t.Error("session 1 holds more than its limit")
	}
	if mustGrant(t, x, 1, a) != xid {
		t.Error("another grant of the same object takes another number")
	}
	mustGrant(t, x, 2, a)
	mustGrant(t, x, 2, b)
	if _, err := x.Grant(2, FirstConn, c); err == nil {
		t.Error("session 2 holds more than the table's limit")
	}
	if gone := x.Sweep(c); len(gone) != 1 {
		t.Error("what could not be granted stays")
	}
	mustCheck(t, x)
}

func TestGrantOfWhatIsNotExported(t *testing.T) {
	x := newOwner(9)
	if _, err := x.Grant(1, FirstConn, 7); err == nil {
		t.Error("object 7 does not exist and is granted")
	}
}

// TestExportIsSmall: when a call ended stands where there was room.
func TestExportIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(export[any]{}); size > 32 {
		t.Errorf("%d bytes", size)
	}
}
