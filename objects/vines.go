package objects

import (
	"context"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/proxy"
)

// What the table of a session's references does for those that stand for an object
// together with references of other sessions, see introductions.

// again counts a grant of what has a Ref already, and returns that. A receipt of a Ref
// that is introduced is the caller's to note.
func (m *imports) again(on lifetime.Conn, c *wire.Cap, r receipt) (*proxy.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, ref := m.living(lifetime.XID(c.XID))
	if i == nil {
		return nil, nil
	}
	if err := m.counted(on, c); err != nil {
		return nil, err
	}
	if ref.Binding() == i {
		i.note(r)
	}
	return ref, nil
}

// count counts a grant of what has a Ref already, and reports false if there is none.
func (m *imports) count(on lifetime.Conn, c *wire.Cap) (known bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, _ := m.living(lifetime.XID(c.XID)); i == nil {
		return false, nil
	}
	return true, m.counted(on, c)
}

// take counts a grant of an object with a Ref of its own.
func (m *imports) take(on lifetime.Conn, c *wire.Cap, r receipt) (*proxy.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.counted(on, c); err != nil {
		return nil, err
	}
	i, ref := m.fresh(lifetime.XID(c.XID), lifetime.ObjectID(c.Object), c.Iface)
	i.note(r)
	return ref, nil
}

// enter counts a grant of an object for which ref stands.
func (m *imports) enter(on lifetime.Conn, c *wire.Cap, ref *proxy.Ref) (*imported, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.counted(on, c); err != nil {
		return nil, err
	}
	i := m.renew(lifetime.XID(c.XID), lifetime.ObjectID(c.Object))
	i.bind(ref)
	return i, nil
}

// decline counts a grant of an object that is held by another way, and gives it back.
func (m *imports) decline(on lifetime.Conn, c *wire.Cap) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.counted(on, c); err != nil {
		return err
	}
	m.giveBack(m.renew(lifetime.XID(c.XID), lifetime.ObjectID(c.Object)), moved)
	return nil
}

// known notes a receipt of an object that the peer has given, and returns its Ref, a
// new one if the last is gone. Nil: the object is not held, or of no use.
func (m *imports) known(object lifetime.ObjectID, iface string, r receipt) *proxy.Ref {
	m.mu.Lock()
	defer m.mu.Unlock()
	xid, held := m.table.Find(object)
	if !held {
		return nil
	}
	i, ref := m.living(xid)
	if i == nil {
		i, ref = m.fresh(xid, object, iface)
	}
	if i.broken != nil {
		return nil
	}
	if ref.Binding() == i {
		i.note(r)
	}
	return ref
}

// hold keeps i from being given back until unuse.
func (m *imports) hold(i *imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.table.Use(i.xid)
}

// leave gives i back, for which another reference stands from now on.
func (m *imports) leave(i *imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	why := moved
	if i.broken != nil {
		why = i.broken // calls may be under way
	}
	m.giveBack(i, why)
}

// moved is the fault of a reference that was given back for another one to the same
// object. It reaches no caller: who meets it looks where the object is now.
var moved = fault(CodeReleased, reason("the object is reached by another way"), "")

func (i *imported) now() *imported                  { return i }
func (i *imported) await(context.Context) *imported { return i }
func (i *imported) way() route                      { return routeDirect }
func (i *imported) release()                        { i.s.imports.release(i) }

func (i *imported) noted(r receipt) {
	i.s.imports.mu.Lock()
	defer i.s.imports.mu.Unlock()
	i.note(r)
}

func (i *imported) forgotten(receipts int) {
	i.s.imports.mu.Lock()
	defer i.s.imports.mu.Unlock()
	i.surfaced -= receipts
}

func (i *imported) passed() {
	i.s.imports.mu.Lock()
	defer i.s.imports.mu.Unlock()
	i.passing--
}

func (i *imported) letPass() {
	i.s.imports.mu.Lock()
	defer i.s.imports.mu.Unlock()
	if i.passing == 0 && i.surfaced <= 0 {
		i.s.imports.giveBack(i, released)
	}
}
