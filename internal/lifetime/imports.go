package lifetime

import (
	"fmt"

	"github.com/netobj/netobj/internal/table"
)

// Imports is the holder's side of one session: the peer's objects that this
// process holds, and the grants that are on their way back. Whether a proxy is
// alive is the caller's to know; the table is told.
type Imports struct {
	limit   int // objects that may be held
	conn    Conn
	fenced  bool // conn is lost, and there is no other yet
	last    Gen  // given to a proxy
	entries table.Numbered[XID, entry]
	xids    *table.Map[ObjectID, XID] // of entries; nil until Find is called
	batch   []Release                 // given up and not yet sent
}

// entry is one object that the session has given.
type entry struct {
	object ObjectID
	n      Grants // received and not given back
	gen    Gen    // of the youngest proxy
	uses   uint32 // messages being sent that name it
	dead   bool   // given up; returned when uses is 0
}

// Release is what a holder sends back: n grants of one reference.
type Release struct {
	XID XID
	N   Grants
}

// NewImports returns an empty table for up to limit objects, on FirstConn.
func NewImports(limit int) *Imports { return &Imports{limit: limit, conn: FirstConn} }

// Receive counts a grant that came on connection c, before anything else may
// reject the message that it came in (H1). The error is ErrStale if that was an
// old connection: then the grant is lost with it (R1). Any other is a violation of
// the protocol.
func (m *Imports) Receive(c Conn, o ObjectID, xid XID) error {
	e := m.entries.Get(xid)
	switch {
	case m.fenced || c != m.conn:
		return ErrStale
	case xid == 0 || o == 0:
		return fmt.Errorf("reference %d to object %d: numbers start at 1", xid, o)
	case e != nil && e.object != o:
		return fmt.Errorf("reference %d names object %d and object %d", xid, e.object, o)
	case e == nil && m.entries.Len() >= m.limit:
		return fmt.Errorf("more than %d references", m.limit)
	case e == nil:
		e = &entry{object: o}
		m.enter(xid, e)
	}
	e.n++
	return nil
}

// Renew tells that a new proxy was made for xid, because there was none or the
// last was found dead, and returns its generation (H3). What an older proxy
// still had to give up is the new one's now. xid must be held.
func (m *Imports) Renew(xid XID) Gen {
	e := m.entries.Get(xid)
	m.last++
	e.gen = m.last
	e.dead = false
	return e.gen
}

// Cleanup gives xid up: the collector found the proxy of generation gen dead, or
// the program released it (H3, H6). It reports false, and does nothing, if a
// younger proxy has been made since. While messages that name xid are being sent
// the grants stay (H4).
func (m *Imports) Cleanup(xid XID, gen Gen) bool {
	e := m.entries.Get(xid)
	if e == nil || e.gen != gen || e.dead {
		return false
	}
	e.dead = true
	m.retire(xid, e)
	return true
}

// retire moves the grants of a dead entry to the batch when no message uses it.
func (m *Imports) retire(xid XID, e *entry) {
	if e.dead && e.uses == 0 {
		m.remove(xid, e)
		m.batch = append(m.batch, Release{xid, e.n})
	}
}

func (m *Imports) enter(xid XID, e *entry) {
	m.entries.Put(xid, e)
	if m.xids != nil {
		m.xids.Put(e.object, xid)
	}
}

func (m *Imports) remove(xid XID, e *entry) {
	m.entries.Delete(xid)
	if m.xids != nil {
		m.xids.Delete(e.object)
	}
}

// Find returns the number under which object o is held; ok is false if it is not.
// The first Find makes an index: sessions that never need one do without.
func (m *Imports) Find(o ObjectID) (xid XID, ok bool) {
	if m.xids == nil {
		m.xids = &table.Map[ObjectID, XID]{}
		for xid, e := range m.entries.All() {
			m.xids.Put(e.object, xid)
		}
	}
	return m.xids.Get(o)
}

// Use keeps the grants of xid from being returned until as many calls of Unuse:
// a message that names it is being sent (H4). It reports false if xid is not
// held: then it must not be sent, and there is nothing to Unuse.
func (m *Imports) Use(xid XID) bool {
	e := m.entries.Get(xid)
	if e == nil {
		return false
	}
	e.uses++
	return true
}

// Unuse ends one Use. Each Use is ended once, by who began it: when the message
// is in the lane, when an answer shows that it was read, or when its connection is
// fenced and it will not be sent again (R1).
func (m *Imports) Unuse(xid XID) {
	e := m.entries.Get(xid)
	if e == nil {
		return // the session ended meanwhile
	}
	e.uses--
	m.retire(xid, e)
}

// Batch takes up to max entries of what is to be returned, in the order in which
// they were given up. The caller sends it on connection c, in order with other
// messages, or not at all. It takes nothing if c is an old one (R1).
func (m *Imports) Batch(c Conn, max int) []Release {
	if m.fenced || c != m.conn {
		return nil
	}
	n := min(max, len(m.batch))
	taken := m.batch[:n:n]
	m.batch = m.batch[n:]
	if len(m.batch) == 0 {
		m.batch = nil
	}
	return taken
}

// Pending returns the number of references in the batch.
func (m *Imports) Pending() int { return len(m.batch) }

// EndSession forgets everything: the owner has, or will.
func (m *Imports) EndSession() {
	m.entries = table.Numbered[XID, entry]{}
	m.xids = nil
	m.batch = nil
}

// Len returns the number of objects held.
func (m *Imports) Len() int { return m.entries.Len() }

// Grants returns how many grants of xid are held and how many are in the batch.
func (m *Imports) Grants(xid XID) (held, batched Grants) {
	for _, r := range m.batch {
		if r.XID == xid {
			batched += r.N
		}
	}
	if e := m.entries.Get(xid); e != nil {
		held = e.n
	}
	return held, batched
}

// Check verifies the table against itself; tests call it after every step.
func (m *Imports) Check() error {
	if m.xids != nil && m.xids.Len() != m.entries.Len() {
		return fmt.Errorf("%d objects are indexed, %d are held", m.xids.Len(), m.entries.Len())
	}
	for xid, e := range m.entries.All() {
		switch {
		case e.n == 0:
			return fmt.Errorf("reference %d is held with no grants", xid)
		case e.dead && e.uses == 0:
			return fmt.Errorf("reference %d was given up and not returned (L2)", xid)
		}
	}
	return nil
}
