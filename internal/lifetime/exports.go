package lifetime

import (
	"errors"
	"fmt"
	"iter"

	"github.com/netobj/netobj/internal/table"
)

// Exports is the owner's side: the objects of a node that others hold, or that
// the node has reasons of its own to keep. T is what an object is to the caller.
// Methods that can end an object's export return what was reclaimed, at most
// once each time an object is exported.
type Exports[T any] struct {
	Now uint32 // the time, for what Export.Called tells; the caller sets it when it likes

	limit    int // listings that one session may have
	last     ObjectID
	objects  table.Numbered[ObjectID, export[T]]
	sessions map[SessionID]*holdings
}

// export is one object that may not be forgotten yet.
type export[T any] struct {
	target   T
	listings uint32 // sessions that hold it
	pins     uint32 // names and other reasons of this node
	running  uint32 // methods that run
	called   uint32 // Exports.Now when the latest one ended; 0: none has
}

// holdings is what one session holds, indexed both ways.
type holdings struct {
	limit  int // objects that the session may hold
	conn   Conn
	fenced bool // conn is lost, and the next one is not reconciled
	last   XID
	byXID  table.Numbered[XID, listing]
	byID   table.Map[ObjectID, XID]
}

// listing says that a session has n grants of an object: sent, and not returned.
type listing struct {
	object ObjectID
	n      Grants
}

// Reclaimed is an object that nobody holds any more.
type Reclaimed[T any] struct {
	ID     ObjectID
	Target T
}

// NewExports returns an empty table that lets each session hold up to limit
// objects.
func NewExports[T any](limit int) *Exports[T] {
	return &Exports[T]{limit: limit, sessions: map[SessionID]*holdings{}}
}

// Add enters an object that nothing holds yet; the caller goes on to Grant or
// Pin it, or gives it up with Sweep.
func (x *Exports[T]) Add(target T) ObjectID {
	x.last++
	x.objects.Put(x.last, &export[T]{target: target})
	return x.last
}

// Sweep reclaims object o if nothing holds it.
func (x *Exports[T]) Sweep(o ObjectID) []Reclaimed[T] {
	if e := x.objects.Get(o); e != nil {
		return x.sweep(o, e)
	}
	return nil
}

func (x *Exports[T]) sweep(o ObjectID, e *export[T]) []Reclaimed[T] {
	if e.listings > 0 || e.pins > 0 || e.running > 0 {
		return nil
	}
	x.objects.Delete(o)
	return []Reclaimed[T]{{o, e.target}}
}

// Open lets session s hold objects: as many as NewExports allows, or limit if
// that is less; 0 means no limit of the session's own. It comes before the first
// grant. The session begins on FirstConn.
func (x *Exports[T]) Open(s SessionID, limit int) {
	if limit <= 0 || limit > x.limit {
		limit = x.limit
	}
	x.sessions[s] = &holdings{limit: limit, conn: FirstConn}
}

// ErrEnded refuses a grant to a session that is not open, or no longer.
var ErrEnded = errors.New("the session has ended")

// ErrGone refuses what is about an object that is not exported, or no longer.
var ErrGone = errors.New("the object is not exported")

// Grant counts one sending of object o to session s on connection c, before the
// first byte is sent (O1), and returns the number by which the session knows it.
// After an error nothing is counted. It is ErrStale if c is lost, or not yet
// reconciled (R3): what was to be sent may be sent on the next connection, granted
// anew.
func (x *Exports[T]) Grant(s SessionID, c Conn, o ObjectID) (XID, error) {
	e := x.objects.Get(o)
	if e == nil {
		return 0, ErrGone
	}
	h, err := x.current(s, c)
	if err != nil {
		return 0, err
	}
	if e.listings > 0 { // most objects are new to all sessions
		if xid, listed := h.byID.Get(o); listed {
			h.byXID.Get(xid).n++
			return xid, nil
		}
	}
	if n := h.byXID.Len(); n >= h.limit {
		return 0, fmt.Errorf("the peer holds %d objects of this node, its limit", n)
	}
	h.last++
	h.byID.Put(o, h.last)
	h.byXID.Put(h.last, &listing{o, 1})
	e.listings++
	return h.last, nil
}

// Ungrant takes back one grant for connection c of which not one byte was sent
// (O1). After a failure of unknown extent it must not be called. Once c is fenced
// it changes nothing: the holder's statement tells.
func (x *Exports[T]) Ungrant(s SessionID, c Conn, xid XID) []Reclaimed[T] {
	gone, _ := x.Release(s, c, xid, 1) // a session that has ended holds nothing to take back
	return gone
}

// Release takes back n grants that session s returned on connection c (O2).
// Returning more than were granted, or a number that was never given or is used
// up, is a violation of the protocol. After an error nothing has changed.
func (x *Exports[T]) Release(s SessionID, c Conn, xid XID, n Grants) ([]Reclaimed[T], error) {
	h, err := x.current(s, c)
	if err != nil {
		return nil, err
	}
	l := h.byXID.Get(xid)
	switch {
	case l == nil:
		return nil, fmt.Errorf("release of reference %d, which the peer does not hold", xid)
	case n == 0 || n > l.n:
		return nil, fmt.Errorf("release of %d grants of reference %d, of which the peer holds %d", n, xid, l.n)
	case n < l.n:
		l.n -= n
		return nil, nil
	}
	return x.delist(s, xid, l.object), nil
}

// delist removes a listing and reclaims the object if it was the last.
func (x *Exports[T]) delist(s SessionID, xid XID, o ObjectID) []Reclaimed[T] {
	h := x.sessions[s]
	h.byXID.Delete(xid)
	h.byID.Delete(o)
	return x.unlist(o)
}

func (x *Exports[T]) unlist(o ObjectID) []Reclaimed[T] {
	e := x.objects.Get(o)
	e.listings--
	return x.sweep(o, e)
}

// EndSession drops all that session s holds: its lease is over, or it said
// goodbye. Nothing can be granted to it any more.
func (x *Exports[T]) EndSession(s SessionID) []Reclaimed[T] {
	h := x.sessions[s]
	if h == nil {
		return nil
	}
	var gone []Reclaimed[T]
	delete(x.sessions, s)
	for _, l := range h.byXID.All() {
		gone = append(gone, x.unlist(l.object)...)
	}
	return gone
}

// listing returns what session s knows as xid, nil if it holds no such thing.
func (x *Exports[T]) listing(s SessionID, xid XID) *listing {
	h := x.sessions[s]
	if h == nil {
		return nil
	}
	return h.byXID.Get(xid)
}

// Lookup returns what session s knows as xid; ok is false if it holds no such
// thing (O3).
func (x *Exports[T]) Lookup(s SessionID, xid XID) (o ObjectID, target T, ok bool) {
	l := x.listing(s, xid)
	if l == nil {
		return 0, target, false
	}
	return l.object, x.objects.Get(l.object).target, true
}

// Begin is Lookup for a call: until End the object is not reclaimed.
func (x *Exports[T]) Begin(s SessionID, xid XID) (o ObjectID, target T, ok bool) {
	l := x.listing(s, xid)
	if l == nil {
		return 0, target, false
	}
	e := x.objects.Get(l.object)
	e.running++
	return l.object, e.target, true
}

// End ends what Begin began.
func (x *Exports[T]) End(o ObjectID) []Reclaimed[T] {
	e := x.objects.Get(o)
	e.running--
	e.called = x.Now
	return x.sweep(o, e)
}

// Pin keeps object o exported until as many calls of Unpin.
func (x *Exports[T]) Pin(o ObjectID) { x.objects.Get(o).pins++ }

// Unpin ends one Pin.
func (x *Exports[T]) Unpin(o ObjectID) []Reclaimed[T] {
	e := x.objects.Get(o)
	e.pins--
	return x.sweep(o, e)
}

// Holders yields the sessions that hold object o, with the number by which each
// knows it.
func (x *Exports[T]) Holders(o ObjectID) iter.Seq2[SessionID, XID] {
	return func(yield func(SessionID, XID) bool) {
		for s, h := range x.sessions {
			if xid, ok := h.byID.Get(o); ok && !yield(s, xid) {
				return
			}
		}
	}
}

// Holds returns the number by which session s knows object o; held is false if it
// does not hold it.
func (x *Exports[T]) Holds(s SessionID, o ObjectID) (xid XID, held bool) {
	if h := x.sessions[s]; h != nil {
		xid, held = h.byID.Get(o)
	}
	return xid, held
}

// Export is what the table knows of one object.
type Export[T any] struct {
	ID      ObjectID
	Target  T
	Pins    int
	Running int
	Called  uint32 // Exports.Now when a call of it last ended; 0: never
}

// Export returns what the table knows of object o.
func (x *Exports[T]) Export(o ObjectID) (e Export[T], ok bool) {
	if e := x.objects.Get(o); e != nil {
		return Export[T]{o, e.target, int(e.pins), int(e.running), e.called}, true
	}
	return e, false
}

// Replace lets target stand for object o, which is exported, to those who hold it.
func (x *Exports[T]) Replace(o ObjectID, target T) { x.objects.Get(o).target = target }

// All yields every object, in no order. Meanwhile the table must not change.
func (x *Exports[T]) All() iter.Seq[Export[T]] {
	return func(yield func(Export[T]) bool) {
		for o, e := range x.objects.All() {
			if !yield(Export[T]{o, e.target, int(e.pins), int(e.running), e.called}) {
				return
			}
		}
	}
}

// Held yields the objects that session s holds, with their grants, in no order.
// Meanwhile the table must not change.
func (x *Exports[T]) Held(s SessionID) iter.Seq2[ObjectID, Grants] {
	return func(yield func(ObjectID, Grants) bool) {
		h := x.sessions[s]
		if h == nil {
			return
		}
		for _, l := range h.byXID.All() {
			if !yield(l.object, l.n) {
				return
			}
		}
	}
}

// Limit returns how many objects session s may hold.
func (x *Exports[T]) Limit(s SessionID) int {
	if h := x.sessions[s]; h != nil {
		return h.limit
	}
	return 0
}

// Listings returns how many objects session s holds.
func (x *Exports[T]) Listings(s SessionID) int {
	if h := x.sessions[s]; h != nil {
		return h.byXID.Len()
	}
	return 0
}

// Grants returns how many grants of object o session s has not returned.
func (x *Exports[T]) Grants(s SessionID, o ObjectID) Grants {
	h := x.sessions[s]
	if h == nil {
		return 0
	}
	xid, _ := h.byID.Get(o)
	if l := h.byXID.Get(xid); l != nil {
		return l.n
	}
	return 0
}

// Len returns the number of exported objects.
func (x *Exports[T]) Len() int { return x.objects.Len() }

// Check verifies the table against itself; tests call it after every step.
func (x *Exports[T]) Check() error {
	listings := map[ObjectID]uint32{}
	for s, h := range x.sessions {
		if h.byXID.Len() != h.byID.Len() {
			return fmt.Errorf("session %d: %d numbers for %d objects", s, h.byXID.Len(), h.byID.Len())
		}
		for xid, l := range h.byXID.All() {
			known, _ := h.byID.Get(l.object)
			switch {
			case l.n == 0:
				return fmt.Errorf("session %d: reference %d is listed with no grants", s, xid)
			case known != xid:
				return fmt.Errorf("session %d: reference %d and object %d do not name each other", s, xid, l.object)
			case x.objects.Get(l.object) == nil:
				return fmt.Errorf("session %d holds object %d, which was reclaimed (S1)", s, l.object)
			}
			listings[l.object]++
		}
	}
	for o, e := range x.objects.All() {
		if e.listings != listings[o] {
			return fmt.Errorf("object %d counts %d holders, there are %d", o, e.listings, listings[o])
		}
		if e.listings == 0 && e.pins == 0 && e.running == 0 {
			return fmt.Errorf("object %d is held by nothing and still exported (L1)", o)
		}
	}
	return nil
}
