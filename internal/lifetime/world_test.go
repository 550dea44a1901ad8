package lifetime

import (
	"fmt"
	"maps"
	"slices"
)

// world drives the tables of one owner and two holders against each other, as
// package objects and a network would: grants overtake one another, cleanups run
// late and in any order, connections break. After every step it checks the
// invariants; err is the first that failed. A world may be told to leave out one
// rule of the drivers, which must then show.
type world struct {
	without rule
	err     error

	x       *Exports[int]
	objects []*object // what the owner's program has passed or pinned
	running []*object // one entry for each method that runs
	named   map[name]ObjectID
	last    SessionID
	holders [2]*holder
	ended   []SessionID
}

// object is one of the owner's values. It may be exported more than once, each
// time under a number of its own.
type object struct {
	id        ObjectID
	target    int
	pins      int
	running   int
	reclaimed bool
}

// name is an xid within its session.
type name struct {
	s   SessionID
	xid XID
}

// holder is one session, both ends of it.
type holder struct {
	s       SessionID
	m       *Imports
	conn    Conn
	up      bool      // the connection stands
	broken  bool      // it does not, and may be resumed
	waits   bool      // the owner has not read the statement
	grants  []grant   // on their way to the holder, not in order
	lane    []message // on their way to the owner, in order
	proxies map[XID]Gen
	dead    []proxyEnd // cleanups that have not run
	sending []XID      // calls that are being sent: uses
}

type grant struct {
	o   ObjectID
	xid XID
}

// proxyEnd is the end of the proxy of generation gen.
type proxyEnd struct {
	xid XID
	gen Gen
}

// message is a Call on xid, a Release of entries, a Bye, or a statement of what is
// held.
type message struct {
	call      XID
	entries   []Release
	bye       bool
	statement bool
	held      []Held
}

func newWorld(without rule) *world {
	w := &world{without: without, x: NewExports[int](20), named: map[name]ObjectID{}}
	for i := range w.holders {
		w.connect(i)
	}
	return w
}

// connect makes a new session for holder i.
func (w *world) connect(i int) {
	w.last++
	w.x.Open(w.last, 0)
	h := &holder{s: w.last, m: NewImports(20), conn: FirstConn, up: true, proxies: map[XID]Gen{}}
	if old := w.holders[i]; old != nil {
		w.ended = append(w.ended, old.s)
		if w.without == ruleEndForgets {
			h.m = old.m
		}
	}
	w.holders[i] = h
}

func (w *world) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// end makes a proxy unreachable; its cleanup runs later.
func (h *holder) end(xid XID) {
	h.dead = append(h.dead, proxyEnd{xid, h.proxies[xid]})
	delete(h.proxies, xid)
}

// pickProxy returns a live one, 0 if there is none.
func (h *holder) pickProxy(pick int) XID {
	if len(h.proxies) == 0 {
		return 0
	}
	return slices.Sorted(maps.Keys(h.proxies))[pick%len(h.proxies)]
}

// reclaimed takes note of what the owner reclaimed.
func (w *world) reclaimed(gone []Reclaimed[int]) {
	for _, g := range gone {
		o := w.objects[g.Target]
		switch {
		case o.id != g.ID || o.reclaimed:
			w.fail("object %d is reclaimed twice", g.ID)
		case o.pins > 0 || o.running > 0:
			w.fail("S9: object %d is reclaimed with %d pins and %d methods that run", g.ID, o.pins, o.running)
		}
		o.reclaimed = true
	}
}

// remove takes element pick out of s.
func remove[T any](s *[]T, pick int) T {
	i := pick % len(*s)
	v := (*s)[i]
	*s = slices.Delete(*s, i, i+1)
	return v
}
