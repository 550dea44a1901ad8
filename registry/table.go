package registry

import (
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// binding is one name in a server's table. All but record changes under
// Server.mu; a name that is bound anew, or by its returning owner, gets a new
// binding, so that what still happens to the old one can be told apart.
type binding struct {
	record  Record
	ref     *proxy.Ref  // nil while the owner is away
	unwatch func() bool // ends the watch over the owner's session; nil while it is away
	grace   *time.Timer // runs while the owner is away
}

func (b *binding) entry() Entry {
	r := &b.record
	return Entry{
		Name: r.Name, ID: r.ID, Interface: r.Interface, Signature: r.Signature,
		Owner: r.Owner, Incarnation: r.Incarnation, BoundAt: r.BoundAt, Reachable: b.ref != nil,
	}
}

// release ends what watches over b, and gives back its object, which the entry
// still calls reachable.
func (b *binding) release() {
	if b.unwatch != nil {
		b.unwatch()
	}
	if b.grace != nil {
		b.grace.Stop()
	}
	if b.ref != nil {
		objects.Forget(b.ref)
	}
}

// index is a table of bindings, sorted by name.
type index struct{ sorted []*binding }

// find returns where name is, or would be.
func (x *index) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(x.sorted, name, func(b *binding, name string) int {
		return strings.Compare(b.record.Name, name)
	})
}

func (x *index) get(name string) *binding {
	if at, found := x.find(name); found {
		return x.sorted[at]
	}
	return nil
}

func (x *index) insert(b *binding) {
	at, _ := x.find(b.record.Name)
	x.sorted = slices.Insert(x.sorted, at, b)
}

func (x *index) remove(name string) {
	if at, found := x.find(name); found {
		x.sorted = slices.Delete(x.sorted, at, at+1)
	}
}

// from yields the bindings with the prefix whose names are greater than after.
func (x *index) from(prefix, after string) iter.Seq[*binding] {
	return func(yield func(*binding) bool) {
		at, found := x.find(max(prefix, after))
		if found && after >= prefix {
			at++
		}
		for ; at < len(x.sorted) && strings.HasPrefix(x.sorted[at].record.Name, prefix) && yield(x.sorted[at]); at++ {
		}
	}
}

// usage is what one principal has bound.
type usage struct {
	names int
	bytes int // of the texts of their records
}

func (u usage) plus(r *Record) usage { return usage{u.names + 1, u.bytes + r.textSize()} }
func (u usage) less(r *Record) usage { return usage{u.names - 1, u.bytes - r.textSize()} }

func (r *Record) textSize() int { return len(r.Name) + len(r.Interface) + len(r.Signature) }

// get returns what is bound to name, or nil.
func (s *Server) get(name string) *binding {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.names.get(name)
}

// put makes b the binding of its name; s.mu is held.
func (s *Server) put(b *binding) {
	s.take(b.record.Name)
	s.names.insert(b)
	s.usage[b.record.Principal] = s.usage[b.record.Principal].plus(&b.record)
}

// take removes name from the table; s.mu is held.
func (s *Server) take(name string) *binding {
	b := s.names.get(name)
	if b == nil {
		return nil
	}
	b.release()
	s.names.remove(name)
	s.usage[b.record.Principal] = s.usage[b.record.Principal].less(&b.record)
	if s.usage[b.record.Principal] == (usage{}) {
		delete(s.usage, b.record.Principal)
	}
	return b
}

// bound shows b, whose record is stored, to the world.
func (s *Server) bound(b *binding) Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(b)
	entry := b.entry()
	s.publish(Event{Bound, entry})
	b.unwatch = context.AfterFunc(objects.Alive(b.ref), func() { s.lost(b) })
	return entry
}

// unbound shows that name, whose record is no longer stored, is gone.
func (s *Server) unbound(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.take(name); b != nil {
		s.publish(Event{Unbound, b.entry()})
	}
}

// lost runs when the reference of b broke: its owner, or the connection, ended.
func (s *Server) lost(b *binding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.names.get(b.record.Name) != b || b.ref == nil {
		return
	}
	objects.Forget(b.ref)
	b.ref = nil
	s.publish(Event{Unreachable, b.entry()})
	s.startGrace(b)
}

// startGrace gives the owner of b time to come back; s.mu is held.
func (s *Server) startGrace(b *binding) {
	b.grace = time.AfterFunc(s.grace, func() { s.expire(b) })
}

// expire removes b, whose owner has not come back.
func (s *Server) expire(b *binding) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.ctx.Err() != nil || s.get(b.record.Name) != b {
		return
	}
	if err := s.store.Expire(b.record.Name, b.record.ID); err != nil {
		s.node.Logger().Error("registry: cannot remove a name whose owner is gone; will try again",
			"name", b.record.Name, "record", b.record.ID, "error", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.startGrace(b)
		return
	}
	s.unbound(b.record.Name)
}
