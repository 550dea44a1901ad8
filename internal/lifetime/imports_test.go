package lifetime

import (
	"slices"
	"testing"
)

// receive counts a grant of object o as xid.
func receive(t *testing.T, m *Imports, o ObjectID, xid XID) {
	t.Helper()
	if err := m.Receive(FirstConn, o, xid); err != nil {
		t.Fatal(err)
	}
}

func TestH1ReceiveCountsEveryGrant(t *testing.T) {
	m := NewImports(9)
	for n := range Grants(3) {
		receive(t, m, 7, 1)
		if held, batched := m.Grants(1); held != n+1 || batched != 0 {
			t.Errorf("after %d grants %d are held, %d given back", n+1, held, batched)
		}
	}
	if m.Len() != 1 {
		t.Errorf("%d objects", m.Len())
	}
}

func TestH1ReceiveRefusesContradictions(t *testing.T) {
	m := NewImports(1)
	receive(t, m, 7, 1)
	for _, bad := range []struct {
		o   ObjectID
		xid XID
	}{{8, 1}, {9, 2}, {0, 1}, {7, 0}} {
		if m.Receive(FirstConn, bad.o, bad.xid) == nil {
			t.Errorf("object %d as %d is accepted", bad.o, bad.xid)
		}
	}
	if held, _ := m.Grants(1); held != 1 {
		t.Errorf("what was refused was counted: %d", held)
	}
}

func TestH2AnotherReceiptNeedsNoOtherProxy(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	gen := m.Renew(1)
	receive(t, m, 7, 1) // the proxy lives: no Renew
	if !m.Cleanup(1, gen) {
		t.Fatal("the generation changed without a new proxy")
	}
	if b := m.Batch(FirstConn, 9); !slices.Equal(b, []Release{{1, 2}}) {
		t.Fatalf("batch %v", b)
	}
}

func TestH3StaleCleanupDoesNothing(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	old := m.Renew(1)
	receive(t, m, 7, 1) // the old proxy is dead, its cleanup has not run
	young := m.Renew(1)
	if m.Cleanup(1, old) || m.Pending() != 0 {
		t.Fatal("a cleanup of an older generation gave the grants back")
	}
	if !m.Cleanup(1, young) || m.Cleanup(1, young) {
		t.Fatal("cleanup of the current generation is to work once")
	}
	if b := m.Batch(FirstConn, 9); !slices.Equal(b, []Release{{1, 2}}) {
		t.Fatalf("batch %v", b)
	}
}

// The collector finds a proxy dead, and before its cleanup has run the object
// comes again, is released by the program, and comes once more.
func TestH3GenerationsAreNeverUsedAgain(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	first := m.Renew(1)
	receive(t, m, 7, 1)
	m.Cleanup(1, m.Renew(1))
	receive(t, m, 7, 1)
	third := m.Renew(1)
	if m.Cleanup(1, first) {
		t.Fatal("the first proxy's cleanup gave back the third's grants (S1)")
	}
	if !m.Cleanup(1, third) {
		t.Fatal("the third proxy's cleanup does nothing")
	}
}

func TestH4UseDefersTheRelease(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	gen := m.Renew(1)
	m.Use(1)
	m.Use(1)
	m.Cleanup(1, gen)
	m.Unuse(1)
	if m.Pending() != 0 {
		t.Fatal("released under a message that names it")
	}
	m.Unuse(1)
	if m.Pending() != 1 || m.Len() != 0 {
		t.Fatal("not released afterwards")
	}
}

func TestH4WhatIsNotHeldCannotBeUsed(t *testing.T) {
	m := NewImports(9)
	if m.Use(1) || m.Len() != 0 {
		t.Fatal("a reference that was never given is in use")
	}
	receive(t, m, 7, 1)
	m.Renew(1)
	m.Use(1)
	m.EndSession()
	m.Unuse(1)
	if m.Use(1) || m.Len()+m.Pending() != 0 {
		t.Fatal("an ended session is in use")
	}
}

func TestH5BatchKeepsTheOrderAndTheBound(t *testing.T) {
	m := NewImports(9)
	for xid := range XID(5) {
		receive(t, m, ObjectID(xid+10), xid+1)
		m.Cleanup(xid+1, m.Renew(xid+1))
	}
	if b := m.Batch(FirstConn, 2); !slices.Equal(b, []Release{{1, 1}, {2, 1}}) || m.Pending() != 3 {
		t.Fatalf("first %v, %d left", b, m.Pending())
	}
	if b := m.Batch(FirstConn, 9); !slices.Equal(b, []Release{{3, 1}, {4, 1}, {5, 1}}) || m.Pending() != 0 {
		t.Fatalf("then %v, %d left", b, m.Pending())
	}
	if b := m.Batch(FirstConn, 9); len(b) != 0 {
		t.Fatalf("then %v", b)
	}
}

func TestH6ReceiptAfterReleaseRevives(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	gen := m.Renew(1)
	m.Use(1)
	m.Cleanup(1, gen)
	receive(t, m, 7, 1)
	m.Renew(1)
	m.Unuse(1)
	if m.Pending() != 0 || m.Len() != 1 {
		t.Fatal("the new proxy's grants were given back")
	}
	mustCheck(t, m)
}

func TestH8GrantsThatNobodyTakesAreGivenBack(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1) // in the Return of a cancelled call
	if !m.Cleanup(1, m.Renew(1)) {
		t.Fatal("cleanup")
	}
	if b := m.Batch(FirstConn, 9); !slices.Equal(b, []Release{{1, 1}}) || m.Len() != 0 {
		t.Fatalf("batch %v, %d held", b, m.Len())
	}
}

func TestEndSessionForgetsHeldAndBatch(t *testing.T) {
	m := NewImports(9)
	receive(t, m, 7, 1)
	m.Cleanup(1, m.Renew(1))
	receive(t, m, 8, 2)
	gen := m.Renew(2)
	m.EndSession()
	if m.Cleanup(2, gen) || m.Len()+m.Pending() != 0 {
		t.Errorf("%d held, %d to be given back (L2)", m.Len(), m.Pending())
	}
}
