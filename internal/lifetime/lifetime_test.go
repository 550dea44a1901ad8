package lifetime

import (
	"math/rand/v2"
	"testing"
)

func TestO1GrantCountsOnSendAndUngrantUndoes(t *testing.T) {
	x := NewExports[string](10)
	o := x.Add("a")
	first, _ := x.Grant(1, o)
	second, _ := x.Grant(1, o)
	other, _ := x.Grant(2, o)
	if first != 1 || second != first || other != 1 || x.Grants(1, o) != 2 {
		t.Fatalf("xids %d, %d, %d, grants %d", first, second, other, x.Grants(1, o))
	}
	if gone := x.Ungrant(1, first); gone != nil || x.Grants(1, o) != 1 {
		t.Fatalf("ungrant reclaimed %v", gone)
	}
	mustCheck(t, x)
}

func TestO2ReleaseReclaimsAtZeroAndRefusesMore(t *testing.T) {
	x := NewExports[string](10)
	o := x.Add("a")
	xid, _ := x.Grant(1, o)
	x.Grant(1, o)
	for _, n := range []Grants{0, 3} {
		if _, err := x.Release(1, xid, n); err == nil {
			t.Errorf("release of %d of 2 grants is accepted", n)
		}
	}
	if _, err := x.Release(2, xid, 1); err == nil {
		t.Error("another session's number is accepted")
	}
	if gone, err := x.Release(1, xid, 1); len(gone) > 0 || err != nil {
		t.Fatalf("first release: %v, %v", gone, err)
	}
	gone, err := x.Release(1, xid, 1)
	if err != nil || len(gone) != 1 || gone[0].Target != "a" || x.Len() != 0 {
		t.Fatalf("last release: %v, %v", gone, err)
	}
	if _, err := x.Release(1, xid, 1); err == nil {
		t.Error("release of what is gone is accepted")
	}
	mustCheck(t, x)
}

func TestO3NumbersAreNeverUsedAgain(t *testing.T) {
	x := NewExports[string](10)
	a, _ := x.Grant(1, x.Add("a"))
	x.Release(1, a, 1)
	b, _ := x.Grant(1, x.Add("b"))
	if a == b {
		t.Fatal("xid is used again")
	}
	if _, _, ok := x.Lookup(1, a); ok {
		t.Error("a late message reaches another object")
	}
}

func TestS9NoReclaimUnderPinOrRunningMethod(t *testing.T) {
	x := NewExports[string](10)
	o := x.Add("a")
	x.Pin(o)
	xid, _ := x.Grant(1, o)
	if _, _, ok := x.Begin(1, xid); !ok {
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
	x := NewExports[int](1)
	a := x.Add(1)
	x.Grant(1, a)
	b := x.Add(2)
	if _, err := x.Grant(1, b); err == nil {
		t.Error("more listings than the limit")
	}
	if gone := x.Sweep(b); len(gone) != 1 {
		t.Error("what could not be granted stays")
	}
	if _, err := x.Grant(1, a); err != nil {
		t.Errorf("another grant of the same object: %v", err)
	}
	mustCheck(t, x)
}

func TestH1ReceiveRefusesContradictions(t *testing.T) {
	m := NewImports(1)
	if err := m.Receive(7, 1); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		o   ObjectID
		xid XID
	}{{8, 1}, {9, 2}, {0, 1}, {7, 0}} {
		if m.Receive(bad.o, bad.xid) == nil {
			t.Errorf("object %d as %d is accepted", bad.o, bad.xid)
		}
	}
}

func TestH3StaleCleanupDoesNothing(t *testing.T) {
	m := NewImports(9)
	m.Receive(7, 1)
	old := m.Renew(1)
	m.Receive(7, 1) // the old proxy is dead, its cleanup has not run
	young := m.Renew(1)
	if m.Cleanup(1, old) || m.Pending() != 0 {
		t.Fatal("a cleanup of an older generation gave the grants back")
	}
	if !m.Cleanup(1, young) || m.Cleanup(1, young) {
		t.Fatal("cleanup of the current generation is to work once")
	}
	if b := m.Batch(9); len(b) != 1 || b[0] != (Release{1, 2}) {
		t.Fatalf("batch %v", b)
	}
}

func TestH4UseDefersTheRelease(t *testing.T) {
	m := NewImports(9)
	m.Receive(7, 1)
	gen := m.Renew(1)
	m.Use(1)
	m.Cleanup(1, gen)
	if m.Pending() != 0 {
		t.Fatal("released under a message that names it")
	}
	m.Unuse(1)
	if m.Pending() != 1 || m.Len() != 0 {
		t.Fatal("not released afterwards")
	}
}

func TestH6ReceiptAfterReleaseRevives(t *testing.T) {
	m := NewImports(9)
	m.Receive(7, 1)
	gen := m.Renew(1)
	m.Use(1)
	m.Cleanup(1, gen)
	m.Receive(7, 1)
	m.Renew(1)
	m.Unuse(1)
	if m.Pending() != 0 || m.Len() != 1 {
		t.Fatal("the new proxy's grants were given back")
	}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
}

func mustCheck[T any](t *testing.T, x *Exports[T]) {
	t.Helper()
	if err := x.Check(); err != nil {
		t.Fatal(err)
	}
}

// world is one owner and one holder with ordered streams between them, driven
// at random.
type world struct {
	t       *testing.T
	x       *Exports[int]
	m       *Imports
	grants  []grant   // in flight to the holder
	returns []Release // in flight to the owner
	objects []ObjectID
	alive   map[XID]Gen   // proxies that the holder's program has
	queued  map[XID][]Gen // cleanups that have not run
	inUse   []XID
	running []ObjectID
	dead    map[ObjectID]bool
}

type grant struct {
	o   ObjectID
	xid XID
}

func newWorld(t *testing.T) *world {
	return &world{t: t, x: NewExports[int](100), m: NewImports(100),
		alive: map[XID]Gen{}, queued: map[XID][]Gen{}, dead: map[ObjectID]bool{}}
}

func (w *world) reclaimed(gone []Reclaimed[int]) {
	for _, g := range gone {
		if w.dead[g.ID] {
			w.t.Fatalf("object %d is reclaimed twice", g.ID)
		}
		w.dead[g.ID] = true
		for _, f := range w.grants {
			if f.o == g.ID {
				w.t.Fatalf("S2: object %d is reclaimed while a grant is in flight", g.ID)
			}
		}
	}
}

// step does one of everything that can happen, chosen by n.
func (w *world) step(n, pick uint8) {
	switch n % 9 {
	case 0: // pass an object, new or known
		var o ObjectID
		if int(pick) < len(w.objects) && !w.dead[w.objects[pick]] {
			o = w.objects[pick]
		} else {
			o = w.x.Add(int(pick))
			w.objects = append(w.objects, o)
		}
		if xid, err := w.x.Grant(1, o); err == nil {
			w.grants = append(w.grants, grant{o, xid})
		} else {
			w.reclaimed(w.x.Sweep(o))
		}
	case 1: // receive a grant
		if len(w.grants) > 0 {
			g := w.grants[0]
			w.grants = w.grants[1:]
			if err := w.m.Receive(g.o, g.xid); err != nil {
				w.t.Fatal(err)
			}
			if w.alive[g.xid] == 0 {
				w.alive[g.xid] = w.m.Renew(g.xid)
			}
		}
	case 2: // a proxy becomes unreachable
		if xid, ok := w.any(pick); ok {
			w.queued[xid] = append(w.queued[xid], w.alive[xid])
			delete(w.alive, xid)
		}
	case 3: // a cleanup runs
		for xid, gens := range w.queued {
			w.m.Cleanup(xid, gens[0])
			if w.queued[xid] = gens[1:]; len(gens) == 1 {
				delete(w.queued, xid)
			}
			break
		}
	case 4: // releases are sent
		w.returns = append(w.returns, w.m.Batch(int(pick)%3+1)...)
	case 5: // and arrive
		if len(w.returns) > 0 {
			r := w.returns[0]
			w.returns = w.returns[1:]
			gone, err := w.x.Release(1, r.XID, r.N)
			if err != nil {
				w.t.Fatalf("S4: %v", err)
			}
			w.reclaimed(gone)
		}
	case 6: // a call begins
		if xid, ok := w.any(pick); ok {
			w.m.Use(xid)
			w.inUse = append(w.inUse, xid)
		}
	case 7: // it arrives at the owner, before any release sent later
		if len(w.inUse) > 0 {
			o, _, ok := w.x.Begin(1, w.inUse[0])
			if !ok {
				w.t.Fatalf("S5: reference %d is not listed when a message names it", w.inUse[0])
			}
			w.running = append(w.running, o)
			w.m.Unuse(w.inUse[0])
			w.inUse = w.inUse[1:]
		}
	case 8: // a method returns
		if len(w.running) > 0 {
			w.reclaimed(w.x.End(w.running[0]))
			w.running = w.running[1:]
		}
	}
	w.check()
}

func (w *world) any(pick uint8) (XID, bool) {
	for xid := range XID(256) {
		if _, ok := w.alive[(xid+XID(pick))%256]; ok {
			return (xid + XID(pick)) % 256, true
		}
	}
	return 0, false
}

// check verifies both tables, and that the counts of both sides add up (S4).
func (w *world) check() {
	w.t.Helper()
	mustCheck(w.t, w.x)
	if err := w.m.Check(); err != nil {
		w.t.Fatal(err)
	}
	for _, o := range w.objects {
		var elsewhere Grants
		for _, g := range w.grants {
			if g.o == o {
				elsewhere++
			}
		}
		for s, xid := range w.x.Holders(o) {
			held, batched := w.m.Grants(xid)
			elsewhere += held + batched
			for _, r := range w.returns {
				if r.XID == xid {
					elsewhere += r.N
				}
			}
			if owner := w.x.Grants(s, o); owner != elsewhere {
				w.t.Fatalf("S4: object %d: owner counts %d, elsewhere are %d", o, owner, elsewhere)
			}
		}
	}
}

// settle lets everything that is under way end.
func (w *world) settle() {
	for xid, gen := range w.alive {
		w.queued[xid] = append(w.queued[xid], gen)
	}
	clear(w.alive)
	for range 20000 {
		for _, n := range []uint8{1, 7, 8} {
			w.step(n, 0)
		}
		for xid, gen := range w.alive {
			w.queued[xid] = append(w.queued[xid], gen)
			delete(w.alive, xid)
		}
		w.step(3, 0)
		w.step(4, 2)
		w.step(5, 0)
		if w.x.Len() == 0 && w.m.Len() == 0 && len(w.grants)+len(w.queued) == 0 {
			return
		}
	}
	w.t.Fatalf("L1, L2: left are %d exports, %d imports, %d releases", w.x.Len(), w.m.Len(), w.m.Pending())
}

func TestRandomWalks(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		w := newWorld(t)
		for range 300 {
			w.step(uint8(r.Uint32()), uint8(r.Uint32())%32)
		}
		w.settle()
	}
}

func FuzzTables(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 6, 0, 2, 0, 3, 0, 7, 0, 8, 0, 4, 0, 5, 0})
	f.Add([]byte{0, 1, 1, 0, 2, 0, 0, 0, 1, 0, 3, 0, 4, 0, 5, 0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		w := newWorld(t)
		for i := 0; i+1 < len(steps) && i < 400; i += 2 {
			w.step(steps[i], steps[i+1]%32)
		}
		w.settle()
	})
}
