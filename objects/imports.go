package objects

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"github.com/netobj/netobj/internal/lifetime"
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
	entries map[lifetime.XID]*imported
	err     *Error // why the session ended; nil while it is up

	collector collector
}

// imported is one object of the peer; it ties the object's Ref to the session.
type imported struct {
	s      *session
	xid    lifetime.XID
	object lifetime.ObjectID

	// guarded by s.imports.mu
	ref      weak.Pointer[proxy.Ref]
	gen      lifetime.Gen
	cleanup  runtime.Cleanup
	broken   *Error          // why calls fail; nil while they may be made
	released bool            // this process has given it back
	passing  int             // messages with it that are being passed on, see relay.go
	surfaced int             // times that this node's program has received it, less those it forgot
	alive    context.Context // made when first asked for
	kill     context.CancelCauseFunc
}

func (m *imports) init(s *session) {
	m.s = s
	m.table = lifetime.NewImports(s.node.cfg.Limits.Imports)
	m.entries = map[lifetime.XID]*imported{}
	m.collector.init(s)
}

// nodeObject returns the proxy of the peer's own object, which every session
// knows and which is neither granted nor released.
func (m *imports) nodeObject() PeerService {
	i := &imported{s: m.s, xid: nodeXID}
	m.entries[nodeXID] = i
	return NewPeerServiceProxy(proxy.NewRef(peerServiceInterface.Name, i))
}

// receive counts a grant (rule H1) and returns the object's Ref: the one that
// is alive, or a new one under a new generation (rules H2, H3).
func (m *imports) receive(c *wire.Cap, r receipt) (*proxy.Ref, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	xid, object := lifetime.XID(c.XID), lifetime.ObjectID(c.Object)
	if err := m.table.Receive(lifetime.FirstConn, object, xid); err != nil {
		return nil, err
	}
	m.s.importing.note(m.s, m.table.Len(), m.s.node.cfg.Limits.Imports)
	i := m.entries[xid]
	if i == nil {
		i = &imported{s: m.s, xid: xid, object: object, broken: m.err}
		m.entries[xid] = i
	}
	i.note(r)
	if ref := i.ref.Value(); ref != nil {
		return ref, nil
	}
	ref := proxy.NewRef(c.Iface, i)
	i.ref = weak.Make(ref)
	i.gen = m.table.Renew(xid)
	i.cleanup = runtime.AddCleanup(ref, m.collector.collected, collectedRef{i, i.gen})
	return ref, nil
}

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
	m.giveBack(i)
}

// giveBack is release with m.mu held.
func (m *imports) giveBack(i *imported) {
	if i.released {
		return
	}
	i.released = true
	i.cleanup.Stop()
	i.fail(fault(CodeReleased, nil, hintReleased))
	if m.entries[i.xid] == i {
		delete(m.entries, i.xid)
		m.table.Cleanup(i.xid, i.gen)
		m.settle()
	}
}

const hintReleased = "this process called objects.Release on it; get a new reference"

// collect gives back the references that the garbage collector found dead.
func (m *imports) collect(dead []collectedRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range dead {
		if !m.table.Cleanup(d.entry.xid, d.gen) {
			continue // a younger Ref lives
		}
		if m.entries[d.entry.xid] == d.entry {
			delete(m.entries, d.entry.xid)
		}
		d.entry.fail(fault(CodeReleased, reason("no proxy of it is left"), ""))
	}
	m.settle()
}

// settle sees to it that what was given back reaches the owner; m.mu is held.
func (m *imports) settle() {
	if n := m.table.Pending(); n > 0 {
		m.collector.schedule(n >= releaseBatch)
	}
}

// releaseBatch is the number of references given back in one message (rule H5).
const releaseBatch = 256

// flush sends the releases that are due, in messages of releaseBatch.
func (m *imports) flush() {
	m.collect(m.collector.take())
	for {
		m.mu.Lock()
		batch := m.table.Batch(lifetime.FirstConn, releaseBatch)
		m.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		release := wire.Release{Entries: make([]wire.Entry, len(batch))}
		for i, r := range batch {
			release.Entries[i] = wire.Entry{XID: uint64(r.XID), N: uint64(r.N)}
		}
		m.s.send(&release)
	}
}

// forgotten reports whether the program has dropped every reference.
func (m *imports) forgotten() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries) <= 1 // the peer's node object stays
}

// forget drops a dead reference of an ended session. It runs on the garbage
// collector's goroutine and touches nothing but the table.
func (m *imports) forget(d collectedRef) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d.entry.gen == d.gen && m.entries[d.entry.xid] == d.entry {
		delete(m.entries, d.entry.xid)
	}
}

// breakOne makes all use of one reference fail with why.
func (m *imports) breakOne(xid lifetime.XID, why *Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := m.entries[xid]; i != nil {
		i.fail(why)
	}
}

// breakAll makes all use of the session's references fail with why; a cause
// that is known better later replaces the first.
func (m *imports) breakAll(why *Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = why
	for _, i := range m.entries {
		i.fail(why)
	}
}

// stop forgets what the ended session still counted; its references stay
// broken.
func (m *imports) stop() {
	for _, d := range m.collector.stop() {
		m.forget(d)
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
	if i.kill != nil {
		i.kill(i.describe(why))
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
	if i.alive == nil {
		i.alive, i.kill = context.WithCancelCause(context.Background())
		if i.broken != nil {
			i.kill(i.describe(i.broken))
		}
	}
	return i.alive
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
