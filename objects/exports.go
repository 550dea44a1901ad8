package objects

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/table"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/proxy"
)

// Unreferencer is implemented by exported values that want to know when nobody
// holds them any more. Unreferenced is called once for each time the last
// reference of the node's peers is gone, in a goroutine of its own; the value
// may have been passed again in the meantime.
type Unreferencer interface {
	Unreferenced()
}

// exports is the owner's side of the reference protocol: the objects of this
// node that peers hold, that are published, or whose methods run. The rules are
// those of lifetime.Exports; this adds the lock and the way from a Go value to
// its export. A target is a Go value, or the *proxy.Ref of somebody else's
// object that was passed on: then the export is a forwarder.
type exports struct {
	disowned  func(holders []holder, why *Error) // told when a forwarder's object is lost
	clock     func() time.Duration               // how old the node is
	profiling bool

	mu      sync.Mutex
	table   *lifetime.Exports[any]
	byValue table.Map[any, lifetime.ObjectID]         // comparable targets only
	watches table.Map[lifetime.ObjectID, func() bool] // of forwarders: stops the watch of the object's reference
	peers   map[lifetime.SessionID]*peer              // who the holders are, also while they are lost
	ages    ages
	idle    table.Map[lifetime.ObjectID, idling] // of those that have an idle limit
	swept   uint32                               // when they were last looked through
	lost    map[lifetime.ObjectID]*Error         // objects that are disowned, and why
}

// holder is a session with the number by which it knows an export.
type holder struct {
	session lifetime.SessionID
	xid     lifetime.XID
}

func newExports(perSession int, clock func() time.Duration, disowned func([]holder, *Error)) *exports {
	return &exports{
		disowned: disowned,
		clock:    clock,
		peers:    map[lifetime.SessionID]*peer{},
		table:    lifetime.NewExports[any](perSession),
		lost:     map[lifetime.ObjectID]*Error{},
	}
}

// id returns the number of target, exporting it if need be; idle is its limit, zero
// for none. x.mu is held.
func (x *exports) id(target any, idle time.Duration) lifetime.ObjectID {
	comparable := canCompare(target)
	if comparable {
		if id, known := x.byValue.Get(target); known {
			return id
		}
	}
	id := x.table.Add(target)
	now := x.tick()
	x.ages.note(id, now)
	x.limitIdle(id, idle, now)
	x.profile(id)
	if comparable {
		x.byValue.Put(target, id)
	}
	if ref, forwarder := target.(*proxy.Ref); forwarder {
		alive := watch(ref)
		x.watches.Put(id, context.AfterFunc(alive, func() { x.disown(id, context.Cause(alive)) }))
	}
	return id
}

// canCompare reports whether target can be found again by its value. Most are
// pointers, for which Comparable would allocate.
func canCompare(target any) bool {
	v := reflect.ValueOf(target)
	return v.Kind() == reflect.Pointer || v.Comparable()
}

// open lets session s, with p, hold objects, within the imports that p accepts.
func (x *exports) open(s lifetime.SessionID, p *peer) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.table.Open(s, int(min(p.limits.Imports, math.MaxInt)))
	x.peers[s] = p
}

// disown tells those who hold forwarder id that its object is lost.
func (x *exports) disown(id lifetime.ObjectID, why error) {
	x.mu.Lock()
	var holders []holder
	for s, xid := range x.table.Holders(id) {
		holders = append(holders, holder{s, xid})
	}
	cause := passedOn(asFault(CodeGone, why))
	if len(holders) > 0 {
		x.lost[id] = cause // sessions that are down learn of it later
	}
	x.mu.Unlock()
	x.disowned(holders, cause)
}

// Disown makes obj, a pointer or another comparable value that node n has
// passed, useless to the peers that hold it: their calls fail with [ErrGone] and
// their [Alive] contexts end so. It is for objects that end before their holders
// let go of them. Passing obj again exports it anew.
func Disown(n *Node, obj any, why error) {
	n.exports.mu.Lock()
	id, known := n.exports.byValue.Get(obj)
	n.exports.byValue.Delete(obj)
	n.exports.mu.Unlock()
	if known {
		n.exports.disown(id, &Error{Code: CodeGone, Cause: why})
	}
}

// granted is what came of a grant.
type granted struct {
	xid         lifetime.XID
	object      lifetime.ObjectID
	held, limit int // objects that the session holds, and may hold
}

// grant counts one sending of target to session s (rule O1).
func (x *exports) grant(s lifetime.SessionID, c lifetime.Conn, target any) (granted, error) {
	idle := idleLimit(target)
	x.mu.Lock()
	defer x.mu.Unlock()
	id := x.id(target, idle)
	xid, err := x.table.Grant(s, c, id)
	if err != nil {
		x.forget(x.table.Sweep(id))
		if errors.Is(err, lifetime.ErrStale) || errors.Is(err, lifetime.ErrEnded) {
			return granted{}, linkLost
		}
		return granted{}, fault(CodeLimit, err, "release references that are no longer needed")
	}
	return granted{xid, id, x.table.Listings(s), x.table.Limit(s)}, nil
}

// ungrant takes back a grant of which not one byte was sent.
func (x *exports) ungrant(s lifetime.SessionID, c lifetime.Conn, xid lifetime.XID) []lifetime.Reclaimed[any] {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.forget(x.table.Ungrant(s, c, xid))
}

// target returns what session s knows as xid and has passed in a message.
func (x *exports) target(s lifetime.SessionID, xid lifetime.XID, r receipt) (any, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, target, ok := x.table.Lookup(s, xid)
	if ref, forwarder := target.(*proxy.Ref); forwarder {
		referenceOf(ref).noted(r)
	}
	return target, ok
}

// receiptFor says what becomes of the references in a call of session s on xid.
func (x *exports) receiptFor(s lifetime.SessionID, xid lifetime.XID) receipt {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, target, _ := x.table.Lookup(s, xid)
	_, forwarder := target.(*proxy.Ref)
	return receipt(forwarder)
}

// begin finds the target of a call and keeps it from being reclaimed until end.
func (x *exports) begin(s lifetime.SessionID, xid lifetime.XID) (lifetime.ObjectID, any, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.table.Begin(s, xid)
}

func (x *exports) end(id lifetime.ObjectID) []lifetime.Reclaimed[any] {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.forget(x.table.End(id))
}

// pin keeps target exported until unpin.
func (x *exports) pin(target any) lifetime.ObjectID {
	idle := idleLimit(target)
	x.mu.Lock()
	defer x.mu.Unlock()
	id := x.id(target, idle)
	x.table.Pin(id)
	return id
}

func (x *exports) unpin(id lifetime.ObjectID) []lifetime.Reclaimed[any] {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.forget(x.table.Unpin(id))
}

// release takes back what session s returned. The error is a violation.
func (x *exports) release(s lifetime.SessionID, c lifetime.Conn, entries []wire.Entry) ([]lifetime.Reclaimed[any], error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var reclaimed []lifetime.Reclaimed[any]
	for _, e := range entries {
		gone, err := x.table.Release(s, c, lifetime.XID(e.XID), lifetime.Grants(e.N))
		reclaimed = append(reclaimed, x.forget(gone)...)
		if err != nil {
			return reclaimed, err
		}
	}
	return reclaimed, nil
}

// endSession drops all that session s held.
func (x *exports) endSession(s lifetime.SessionID) []lifetime.Reclaimed[any] {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.peers, s)
	return x.forget(x.table.EndSession(s))
}

// forget removes reclaimed targets from the index; x.mu is held.
func (x *exports) forget(reclaimed []lifetime.Reclaimed[any]) []lifetime.Reclaimed[any] {
	for _, r := range reclaimed {
		x.idle.Delete(r.ID)
		x.unprofile(r.ID)
		delete(x.lost, r.ID)
		if canCompare(r.Target) {
			if id, _ := x.byValue.Get(r.Target); id == r.ID {
				x.byValue.Delete(r.Target)
			}
		}
		if stop, watched := x.watches.Get(r.ID); watched {
			stop()
			x.watches.Delete(r.ID)
		}
	}
	return reclaimed
}

func (x *exports) len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.table.Len()
}

// reclaim tells objects that nobody holds them any more, outside all locks; on
// a closing node, before it returns. Forwarders let go of theirs.
func (n *Node) reclaim(reclaimed []lifetime.Reclaimed[any]) {
	for _, r := range reclaimed {
		if ref, forwarder := r.Target.(*proxy.Ref); forwarder {
			n.exports.letPass(ref)
			continue
		}
		u, ok := r.Target.(Unreferencer)
		if ok && !n.spawn(func() { n.unreferenced(u) }) {
			n.unreferenced(u)
		}
	}
}

func (n *Node) unreferenced(u Unreferencer) {
	defer func() {
		if v := recover(); v != nil {
			n.log.Error("Unreferenced panicked", "type", fmt.Sprintf("%T", u), "panic", v, "stack", string(debug.Stack()))
		}
	}()
	u.Unreferenced()
}

var errNoInterface = errors.New("the value implements no exported interface; mark one //objgen:export, run objgen, and import its package")

// exportable reports whether peers can call target at all.
func exportable(target any) error {
	if _, forwarder := target.(*proxy.Ref); forwarder || len(proxy.SkeletonOf(target).Interfaces) > 0 {
		return nil
	}
	return fault(CodeNotExported, fmt.Errorf("%T: %w", target, errNoInterface), "")
}
