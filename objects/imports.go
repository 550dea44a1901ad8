package objects

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/table"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/proxy"
)

// imports is the holder's side of the reference protocol: the peer's objects
// that this process holds. The rules are those of lifetime.Imports; this adds
// the lock, the weak pointers that make two receipts of one object the same
// proxy, and the garbage collector's word that a proxy is gone.
type imports struct {
	s *session

	mu      sync.Mutex
	table   *lifetime.Imports
	entries table.Numbered[lifetime.XID, imported]
	err     *Error // why the session ended; nil while it is up

	collector collector
}

// imported is one object of the peer; it ties the object's Ref to the session. A
// Ref has one of its own. There may be a million of them: what few of them need
// stands elsewhere.
type imported struct {
	s      *session
	xid    lifetime.XID
	object lifetime.ObjectID
	ref    weak.Pointer[proxy.Ref]
	gen    lifetime.Gen

	// guarded by s.imports.mu
	broken   *Error   // why calls fail; nil while they may be made
	watched  *watched // nil until somebody watches
	surfaced int      // times that this node's program has received it, less those it forgot
	passing  int32    // messages with it that are being passed on, see relay.go
	released bool     // this process has given it back
}

// watched is the context that ends with a reference.
type watched struct {
	ctx context.Context
	end context.CancelCauseFunc
}

func (m *imports) init(s *session) {
	m.s = s
	m.table = lifetime.NewImports(s.node.cfg.Limits.Imports)
	m.collector.init(s)
}

// nodeObject returns the proxy of the peer's own object, which every session
// knows and which is neither granted nor released.
func (m *imports) nodeObject() PeerService {
	i := &imported{s: m.s, xid: nodeXID}
	m.entries.Put(nodeXID, i)
	return NewPeerServiceProxy(proxy.NewRef(peerServiceInterface.Name, i))
}

// receive counts a grant (rule H1) and returns the object's Ref: the one that
// is alive, or a new one under a new generation (rules H2, H3).
func (m *imports) receive(on lifetime.Conn, c *wire.Cap, r receipt) (*proxy.Ref, error) {
	m.mu.Lock()
	i, ref := m.living(lifetime.XID(c.XID))
	x := &m.s.node.introductions
	if i != nil && ref.Binding() != i || i == nil && (c.Third != nil || x.count.Load() > 0) {
		m.mu.Unlock()
		return x.receive(m, on, c, r)
	}
	defer m.mu.Unlock()
	if err := m.counted(on, c); err != nil {
		return nil, err
	}
	if i == nil {
		i, ref = m.fresh(lifetime.XID(c.XID), lifetime.ObjectID(c.Object), c.Iface)
	}
	i.note(r)
	return ref, nil
}

// living returns what stands for xid, with its Ref, if that is alive; m.mu is held.
func (m *imports) living(xid lifetime.XID) (*imported, *proxy.Ref) {
	i := m.entries.Get(xid)
	if i == nil {
		return nil, nil
	}
	ref := i.ref.Value()
	if ref == nil {
		return nil, nil
	}
	return i, ref
}

// counted counts a grant; m.mu is held.
func (m *imports) counted(on lifetime.Conn, c *wire.Cap) error {
	if err := m.table.Receive(on, lifetime.ObjectID(c.Object), lifetime.XID(c.XID)); err != nil {
		return err
	}
	m.s.importing.note(m.s, m.table.Len(), m.s.node.cfg.Limits.Imports)
	return nil
}

// fresh makes a Ref for an object that is held and has none; m.mu is held.
func (m *imports) fresh(xid lifetime.XID, object lifetime.ObjectID, iface string) (*imported, *proxy.Ref) {
	i := m.renew(xid, object)
	ref := proxy.NewRef(iface, i)
	i.bind(ref)
	return i, ref
}

// renew begins a new generation of what stands for xid; m.mu is held, and bind follows.
func (m *imports) renew(xid lifetime.XID, object lifetime.ObjectID) *imported {
	i := &imported{s: m.s, xid: xid, object: object, gen: m.table.Renew(xid), broken: m.err}
	if old := m.entries.Get(xid); old != nil {
		i.broken = old.broken // the owner may have disowned it
	}
	m.entries.Put(xid, i)
	return i
}

// bind makes ref the one that stands for i; s.imports.mu is held.
func (i *imported) bind(ref *proxy.Ref) {
	i.ref = weak.Make(ref)
	runtime.AddCleanup(ref, (*imported).collected, i)
}

// collected is the cleanup of i's Ref.
func (i *imported) collected() { i.s.imports.collector.collected(i) }

// use keeps references from being given back while a message that names them is
// on its way into the lane (rule H4). It fails, and uses none, if one is broken
// or released.
func (m *imports) use(all ...*imported) *Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range all {
		if i.broken != nil {
			return i.broken
		}
	}
	for _, i := range all {
		if i.xid != nodeXID {
			m.table.Use(i.xid)
		}
	}
	return nil
}

// unuse ends use, and gives back what was released meanwhile.
func (m *imports) unuse(all ...*imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range all {
		if i.xid != nodeXID {
			m.table.Unuse(i.xid)
		}
	}
	m.settle()
}

// release gives i back whatever the garbage collector says (rule H6).
func (m *imports) release(i *imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.giveBack(i, released)
}

// giveBack is release with m.mu held; why is what the program is told if it goes on to
// use i.
func (m *imports) giveBack(i *imported, why *Error) {
	if i.released {
		return
	}
	i.released = true
	i.fail(why)
	if m.drop(i) {
		m.table.Cleanup(i.xid, i.gen)
		m.settle()
	}
}

// drop takes i out of the table. It reports whether it was there: a younger one
// may have taken its place.
func (m *imports) drop(i *imported) bool {
	if m.entries.Get(i.xid) != i {
		return false
	}
	m.entries.Delete(i.xid)
	return true
}

var released = fault(CodeReleased, nil, "this process gave it back, by objects.Release, Forget or the end of a Scope; get a new reference")

// collect gives back the references that the garbage collector found dead.
func (m *imports) collect(dead []*imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, i := range dead {
		m.drop(i)
		m.table.Cleanup(i.xid, i.gen)
		i.fail(noProxy)
	}
}

var noProxy = fault(CodeReleased, reason("no proxy of it is left"), "")

// pending reports whether references are to be given back.
func (m *imports) pending() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Pending() > 0
}

// settle sees to it that what was given back reaches the owner; m.mu is held.
func (m *imports) settle() {
	if n := m.table.Pending(); n > 0 {
		m.collector.schedule(n >= releaseBatch)
	}
}

// releaseBatch is the number of references given back in one message (rule H5).
const releaseBatch = 256

// flush sends the releases that are due, in messages of releaseBatch; with whole set,
// no others.
func (m *imports) flush(whole bool) {
	m.collect(m.collector.take())
	on := m.s.conn.Load()
	m.s.calls.acknowledge(on, m.releasing(whole))
	for {
		batch := m.batch(on.number, whole)
		if len(batch) == 0 {
			return
		}
		release := wire.Release{Entries: make([]wire.Entry, len(batch))}
		for i, r := range batch {
			release.Entries[i] = wire.Entry{XID: uint64(r.XID), N: uint64(r.N)}
		}
		on.send(&release)
	}
}

// releasing reports whether batch has something.
func (m *imports) releasing(whole bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.table.Pending()
	return n >= releaseBatch || n > 0 && !whole
}

// batch takes what the next message on connection c gives back.
func (m *imports) batch(c lifetime.Conn, whole bool) []lifetime.Release {
	m.mu.Lock()
	defer m.mu.Unlock()
	if whole && m.table.Pending() < releaseBatch {
		return nil
	}
	return m.table.Batch(c, releaseBatch)
}

// forgotten reports whether the program has dropped every reference.
func (m *imports) forgotten() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entries.Len() <= 1 // the peer's node object stays
}

// forget drops a dead reference of an ended session. It runs on the garbage
// collector's goroutine and touches nothing but the table.
func (m *imports) forget(i *imported) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(i)
}

// breakOne makes all use of one reference fail with why.
func (m *imports) breakOne(xid lifetime.XID, why *Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.entries.Get(xid); i != nil {
		i.fail(why)
	}
	if why.Code == CodeNoSuchObject { // the owner counts no grant of it: none is given back (rule R4)
		m.table.Void(xid)
	}
}

// void is breakOne for a reference of which the owner says that this node does not hold
// it: nothing is given back (rule R4).
func (m *imports) void(xid lifetime.XID, why *Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.entries.Get(xid); i != nil && xid != nodeXID {
		i.fail(why)
		m.drop(i)
		m.table.Void(xid)
	}
}

// breakAll makes all use of the session's references fail with why; a cause
// that is known better later replaces the first.
func (m *imports) breakAll(why *Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = why
	for _, i := range m.entries.All() {
		i.fail(why)
	}
}

// stop forgets what the ended session still counted; its references stay
// broken.
func (m *imports) stop() {
	for _, i := range m.collector.stop() {
		m.forget(i)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.table.EndSession()
}

// fail breaks the reference and those that forward it; s.imports.mu is held.
func (i *imported) fail(why *Error) {
	if i.broken == nil || i.broken.Code == CodeUnreachable {
		i.broken = why
	}
	if i.watched != nil {
		i.watched.end(i.describe(why))
	}
}

// fault returns why the reference cannot be used; nil while it can.
func (i *imported) fault() *Error {
	i.s.imports.mu.Lock()
	defer i.s.imports.mu.Unlock()
	return i.broken
}

// watch returns the context that ends with the reference.
func (i *imported) watch() context.Context {
	m := &i.s.imports
	m.mu.Lock()
	defer m.mu.Unlock()
	if i.watched == nil {
		ctx, end := context.WithCancelCause(context.Background())
		i.watched = &watched{ctx, end}
		if i.broken != nil {
			end(i.describe(i.broken))
		}
	}
	return i.watched.ctx
}

// describe completes why for those who watch the reference.
func (i *imported) describe(why *Error) *Error {
	return &Error{Code: why.Code, Op: "reference", Object: i.number(), Peer: i.s.peer.addr, Cause: why.Cause, Hint: why.Hint}
}

// number is the object's number at its owner, as errors show it.
func (i *imported) number() string { return fmt.Sprintf("%x", uint64(i.object)) }

// Begin implements proxy.Binding.
func (i *imported) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	return &i.s.calls.begin(ctx, i, m).Call
}

// String implements proxy.Binding.
func (i *imported) String() string {
	return fmt.Sprintf("obj://%v/%x", i.s.peer.incarnation, uint64(i.object))
}
