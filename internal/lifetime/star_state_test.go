package lifetime

// The numbers that a loaded star begins with.
const (
	theXID   XID  = 1
	staleGen Gen  = 1
	theGen   Gen  = 2
	before   Conn = 1 // the last connection, if that is fenced
	present  Conn = 2
)

// load makes tables of a state. It changes those of the last state in place, for
// most are the same.
func (w *star) load(s *starState) {
	w.starState, w.err = *s, nil
	w.loadOwner()
	for i := range w.size {
		w.loadHolder(i)
		w.loadClaims(i)
	}
	for i := range w.size - 1 {
		w.loadVine(i)
	}
}

func (w *star) loadOwner() {
	w.object = 1
	x := w.owner
	x.last = w.object
	listings := uint32(0)
	for i := range w.size {
		if w.h[i].listed > 0 {
			listings++
		}
		w.loadListing(i)
	}
	if !w.obj {
		x.objects.Delete(w.object)
		return
	}
	e := x.objects.Get(w.object)
	if e == nil {
		e = &export[int]{}
		x.objects.Put(w.object, e)
	}
	*e = export[int]{listings: listings}
	if w.root {
		e.pins = 1
	}
}

func (w *star) loadListing(i int) {
	s, h := session(i), &w.h[i]
	if !h.open {
		delete(w.owner.sessions, s)
		return
	}
	held := w.owner.sessions[s]
	if held == nil {
		held = &holdings{}
		w.owner.sessions[s] = held
	}
	held.limit, held.conn, held.fenced, held.last = 9, present, h.ownerFenced, theXID
	if h.ownerFenced {
		held.conn = before
	}
	setListing(held, w.object, h.listed)
}

// setListing makes o the only listing, if n is not 0.
func setListing(held *holdings, o ObjectID, n uint8) {
	for xid := theXID + 1; held.byXID.Len() > 1 || held.byXID.Len() == 1 && held.byXID.Get(theXID) == nil; xid++ {
		if l := held.byXID.Get(xid); l != nil {
			held.byID.Delete(l.object)
			held.byXID.Delete(xid)
		}
	}
	l := held.byXID.Get(theXID)
	switch {
	case n == 0 && l != nil:
		held.byID.Delete(l.object)
		held.byXID.Delete(theXID)
	case n > 0 && l == nil:
		held.byID.Put(o, theXID)
		held.byXID.Put(theXID, &listing{o, Grants(n)})
	case n > 0:
		*l = listing{o, Grants(n)}
		held.byID.Put(o, theXID)
	}
}

func (w *star) loadHolder(i int) {
	h := &w.h[i]
	m := w.holders[i]
	setEntry(m, entry{object: w.object, n: Grants(h.held), gen: theGen, uses: uint32(h.uses), dead: h.dead})
	m.conn, m.fenced, m.last = present, h.holderFenced, theGen
	w.conns[i] = present
	m.batch = m.batch[:0]
	if h.batch > 0 {
		m.batch = append(m.batch, Release{theXID, Grants(h.batch)})
	}
	w.dead[i] = proxyEnd{theXID, staleGen}
	if h.old == 2 {
		w.dead[i].xid = 0
	}
}

// setEntry makes e the only one, if its n is not 0.
func setEntry(m *Imports, e entry) {
	for xid := theXID + 1; m.entries.Len() > 1 || m.entries.Len() == 1 && m.entries.Get(theXID) == nil; xid++ {
		m.entries.Delete(xid)
	}
	m.xids = nil
	had := m.entries.Get(theXID)
	switch {
	case e.n == 0:
		m.entries.Delete(theXID)
	case had == nil:
		first := e // e itself stays off the heap
		m.entries.Put(theXID, &first)
	default:
		*had = e
	}
}

func (w *star) loadClaims(i int) {
	h, t := &w.h[i], w.claims[i]
	clear(t.open)
	clear(t.byObject)
	t.conn, t.fenced, t.last = present, h.holderFenced, 1
	if h.vines > 0 {
		t.open[1] = &claim[uint8]{object: w.object, vines: make([]uint8, h.vines), failed: int(h.failed), sent: h.sent}
		t.byObject[w.object] = 1
	}
}

func (w *star) loadVine(i int) {
	v := &w.v[i]
	x, m := w.givers[i], w.takers[i]
	w.vineAt[i] = 1
	x.last = 1
	e := x.objects.Get(1)
	switch {
	case v.listed == 0:
		x.objects.Delete(1)
	case e == nil:
		x.objects.Put(1, &export[int]{listings: 1})
	default:
		*e = export[int]{listings: 1}
	}
	x.objects.Delete(2)
	held := x.sessions[1]
	if held == nil {
		x.Open(1, 0)
		held = x.sessions[1]
	}
	held.conn, held.fenced, held.last = present, false, theXID
	setListing(held, 1, v.listed)
	setEntry(m, entry{object: 1, n: Grants(v.held), gen: theGen})
	m.conn, m.fenced, m.last = present, false, theGen
	m.batch = m.batch[:0]
}

// save takes the tables apart into the state.
func (w *star) save() {
	if exported := w.owner.Len(); exported > 1 || w.obj != (exported == 1) {
		w.fail("the owner exports %d objects, to its program it is exported: %v", exported, w.obj)
	}
	listings := uint32(0)
	for i := range w.size {
		w.saveListing(i)
		w.saveHolder(i)
		if w.h[i].listed > 0 {
			listings++
		}
	}
	if e := w.owner.objects.Get(w.object); e != nil && (e.listings != listings || e.running != 0 || e.pins > 1 || (e.pins == 1) != w.root) {
		w.fail("the owner counts %+v, there are %d holders", *e, listings)
	}
	for i := range w.size - 1 {
		w.v[i].listed = uint8(w.givers[i].Grants(1, w.vineAt[i]))
		w.v[i].held = uint8(single(w, w.takers[i]).n)
		if (w.v[i].listed > 0) != (w.givers[i].Len() > 0) {
			w.fail("L2: a vine is exported to nobody")
		}
	}
}

func (w *star) saveListing(i int) {
	h, held := &w.h[i], w.owner.sessions[session(i)]
	h.open, h.ownerFenced, h.listed = held != nil, false, 0
	if held == nil {
		return
	}
	h.ownerFenced = held.fenced
	n := w.owner.Grants(session(i), w.object)
	h.listed = uint8(n)
	if listings := held.byXID.Len(); listings != held.byID.Len() || listings > 1 || (listings == 1) != (n > 0) || n > 100 {
		w.fail("the owner has %d listings with %d grants for holder %d", listings, n, i)
	}
	if !held.fenced && held.conn != w.conns[i] {
		w.fail("R1: the owner counts for connection %d, the present one is %d", held.conn, w.conns[i])
	}
	if xid, ok := held.byID.Get(w.object); ok {
		w.same(i, xid)
	}
}

// same checks that xid is the number of all that is held or on its way: the state
// keeps none (S8).
func (w *star) same(i int, xid XID) {
	if held, e := only(w.holders[i]); e != nil && held != xid {
		w.fail("S8: reference %d is held, %d is listed", held, xid)
	}
	for _, r := range w.holders[i].batch {
		if r.XID != xid {
			w.fail("S8: reference %d is to be returned, %d is listed", r.XID, xid)
		}
	}
}

func (w *star) saveHolder(i int) {
	h, m := &w.h[i], w.holders[i]
	e := single(w, m)
	h.holderFenced, h.held, h.uses, h.dead = m.fenced, uint8(e.n), uint8(e.uses), e.dead
	if e.n > 100 || e.uses > 100 || e.dead && e.uses == 0 {
		w.fail("L2: holder %d has %+v", i, e)
	}
	if !m.fenced && m.conn != w.conns[i] {
		w.fail("R1: holder %d counts for connection %d, the present one is %d", i, m.conn, w.conns[i])
	}
	h.batch = 0
	for _, r := range m.batch {
		h.batch += uint8(r.N)
	}
	if h.old != 0 {
		h.old = 2
		if xid, e := only(m); e != nil && xid == w.dead[i].xid {
			h.old = 1
		}
	}
	h.vines, h.failed, h.sent = 0, 0, false
	for _, c := range w.claims[i].open {
		h.vines, h.failed, h.sent = uint8(len(c.vines)), uint8(c.failed), c.sent
	}
}

// only returns what is held, nil if nothing is.
func only(m *Imports) (XID, *entry) {
	if m.entries.Len() == 0 {
		return 0, nil
	}
	if e := m.entries.Get(theXID); e != nil {
		return theXID, e
	}
	for xid, e := range m.entries.All() {
		return xid, e
	}
	return 0, nil
}

// single returns what is held, which must be one thing.
func single(w *star, m *Imports) entry {
	if m.entries.Len() > 1 {
		w.fail("S8: one object is held under %d numbers", m.entries.Len())
	}
	if _, e := only(m); e != nil {
		return *e
	}
	return entry{}
}
