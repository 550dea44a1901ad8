package lifetime

import (
	"errors"
	"slices"
	"testing"
)

// next takes the claim that is to be sent, which must be for object 7.
func next(t *testing.T, c *Claims[string], conn Conn, vine string) ClaimID {
	t.Helper()
	q, o, v, ok := c.Next(conn)
	if !ok || o != 7 || v != vine {
		t.Fatalf("claim %d of object %d on %q, %v; want 7 on %q", q, o, v, ok, vine)
	}
	return q
}

func TestT5TheVineIsTheClaimsUntilItIsResolved(t *testing.T) {
	c := NewClaims[string](9)
	c.Introduce(7, "a")
	q := next(t, c, 1, "a")
	c.Introduce(7, "again")
	if _, _, _, ok := c.Next(1); ok || c.Len() != 1 || !c.Claiming(7) || c.Claiming(8) {
		t.Error("one object is claimed twice")
	}
	o, vines, resolved, err := c.Answer(1, q, true)
	if o != 7 || !slices.Equal(vines, []string{"a", "again"}) || !resolved || err != nil {
		t.Errorf("object %d, vines %v, %v, error %v", o, vines, resolved, err)
	}
	if c.Len() != 0 || c.Claiming(7) {
		t.Error("the claim is still open")
	}
	if _, _, _, err := c.Answer(1, q, true); err == nil || errors.Is(err, ErrStale) {
		t.Errorf("a second answer: %v", err)
	}
}

func TestT3AnotherIntroductionIsTriedWhenOneFails(t *testing.T) {
	c := NewClaims[string](9)
	c.Introduce(7, "a")
	c.Introduce(7, "b")
	first := next(t, c, 1, "a")
	if _, vines, resolved, err := c.Answer(1, first, false); resolved || vines != nil || err != nil {
		t.Fatalf("vines %v, %v, error %v", vines, resolved, err)
	}
	second := next(t, c, 1, "b")
	if second == first {
		t.Error("a number is used again")
	}
	if _, vines, resolved, _ := c.Answer(1, second, false); !resolved || !slices.Equal(vines, []string{"a", "b"}) {
		t.Errorf("vines %v, %v", vines, resolved)
	}
}

func TestT3ClaimsAreBounded(t *testing.T) {
	c := NewClaims[int](2)
	for range maxIntroductions {
		if !c.Introduce(1, 0) {
			t.Fatal("refused within the limit")
		}
	}
	if c.Introduce(1, 0) || !c.Introduce(2, 0) || c.Introduce(3, 0) {
		t.Error("beyond the limit")
	}
}

func TestR1ClaimsAreMadeAgain(t *testing.T) {
	c := NewClaims[string](9)
	c.Introduce(7, "a")
	q := next(t, c, 1, "a")
	c.Fence()
	stale := func() {
		t.Helper()
		if _, _, _, err := c.Answer(1, q, true); !errors.Is(err, ErrStale) {
			t.Errorf("error %v", err)
		}
		if _, _, _, ok := c.Next(1); ok {
			t.Error("claimed on the old connection")
		}
	}
	stale()
	c.Resume(2)
	stale()
	if _, _, _, err := c.Answer(2, q, true); err == nil {
		t.Error("an answer to what was not sent on this connection")
	}
	q = next(t, c, 2, "a")
	if _, _, resolved, err := c.Answer(2, q, true); !resolved || err != nil {
		t.Errorf("%v, error %v", resolved, err)
	}
}

func TestR5ClaimsFailWithTheirSession(t *testing.T) {
	c := NewClaims[string](9)
	c.Introduce(7, "a")
	c.Introduce(8, "b")
	vines := c.End()
	slices.Sort(vines)
	if !slices.Equal(vines, []string{"a", "b"}) || c.Len() != 0 || c.Claiming(7) {
		t.Errorf("vines %v", vines)
	}
}

func TestT4ClaimsNeedTheIntroducerAndTheObject(t *testing.T) {
	x := newOwner(9)
	o := x.Add("a")
	mustGrant(t, x, 1, o)
	if xid, err := x.Claim(2, FirstConn, o, 1); xid == 0 || err != nil || x.Grants(2, o) != 1 {
		t.Errorf("%d, error %v", xid, err)
	}
	if _, err := x.Claim(2, FirstConn, o+1, 1); !errors.Is(err, ErrGone) {
		t.Errorf("error %v", err)
	}
	x.Fence(1) // the introducer may be away
	if _, err := x.Claim(2, FirstConn, o, 1); err != nil {
		t.Error(err)
	}
	x.EndSession(1)
	if _, err := x.Claim(2, FirstConn, o, 1); !errors.Is(err, ErrIntroducer) {
		t.Errorf("error %v", err)
	}
	if _, err := x.Claim(2, 2, o, 2); !errors.Is(err, ErrStale) {
		t.Errorf("error %v", err)
	}
}

func TestH2FindGoesByTheObject(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	gen := m.Renew(1)
	if xid, ok := m.Find(7); xid != 1 || !ok {
		t.Errorf("%d, %v", xid, ok)
	}
	receive(t, m, 8, 2)
	if xid, ok := m.Find(8); xid != 2 || !ok {
		t.Errorf("%d, %v", xid, ok)
	}
	m.Cleanup(1, gen)
	m.Void(2)
	mustCheck(t, m)
	for _, o := range []ObjectID{7, 8} {
		if _, ok := m.Find(o); ok {
			t.Errorf("object %d is found", o)
		}
	}
	receive(t, m, 7, 3)
	if xid, _ := m.Find(7); xid != 3 {
		t.Errorf("found as %d", xid)
	}
	m.EndSession()
	if _, ok := m.Find(7); ok {
		t.Error("found after the end")
	}
}
