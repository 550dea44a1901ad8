package registry

import (
	"context"
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

// letGo gives back the object, which the binding holds no longer.
func (b *binding) letGo() {
	if b.ref != nil {
		objects.Forget(b.ref)
	}
}

// release ends what watches over b.
func (b *binding) release() {
	if b.unwatch != nil {
		b.unwatch()
	}
	if b.grace != nil {
		b.grace.Stop()
	}
}

// get returns what is bound to name, or nil.
func (s *Server) get(name string) *binding {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.names[name]
}

// put makes b the binding of its name; s.mu is held.
func (s *Server) put(b *binding) {
	s.take(b.record.Name)
	s.names[b.record.Name] = b
	s.perOwner[b.record.Principal]++
}

// take removes name from the table; s.mu is held.
func (s *Server) take(name string) *binding {
	b := s.names[name]
	if b == nil {
		return nil
	}
	b.release()
	b.letGo()
	delete(s.names, name)
	if s.perOwner[b.record.Principal]--; s.perOwner[b.record.Principal] == 0 {
		delete(s.perOwner, b.record.Principal)
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
	if s.ctx.Err() != nil || s.names[b.record.Name] != b || b.ref == nil {
		return
	}
	b.letGo()
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
		s.log.Error("registry: cannot remove a name whose owner is gone; will try again",
			"name", b.record.Name, "record", b.record.ID, "error", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.startGrace(b)
		return
	}
	s.unbound(b.record.Name)
}
