package objects

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/proxy"
)

// NodeState is what a node held at one moment, thing by thing, where [Stats] only
// counts. Its JSON has durations in nanoseconds.
type NodeState struct {
	Node        uuid.UUID      `json:"node"`
	Incarnation uuid.UUID      `json:"incarnation"`
	Age         time.Duration  `json:"age_ns"`
	Exports     []ExportState  `json:"exports"`  // of this node that somebody holds, calls, publishes or pins, by number
	Imports     []ImportState  `json:"imports"`  // of others that this process holds, by owner and number
	Sessions    []SessionState `json:"sessions"` // with peers, up, the oldest first
	Leases      []LeaseState   `json:"leases"`   // of lost peers that may still come back, the next to end first
}

// ExportState is an object of the node.
type ExportState struct {
	Object  uint64        `json:"object"`            // its number; errors and objctl show it in hexadecimal
	Type    string        `json:"type"`              // its Go type; of another's object that was passed on, the interface
	Forward string        `json:"forward,omitempty"` // whose object was passed on; empty if it is the node's own
	Holders []HolderState `json:"holders"`
	Pins    int           `json:"pins"`    // names that it is published under, and calls of Pin
	Running int           `json:"running"` // methods that peers have called
	Calls   bool          `json:"calls"`   // a call of it has ended
	Age     time.Duration `json:"age_ns"`  // since it was exported, in whole seconds
	Idle    time.Duration `json:"idle_ns"` // since a call last ended, to a sixth of Config.KeepAlive; without calls its age; 0 while one runs
}

// HolderState is a peer that holds an object.
type HolderState struct {
	Incarnation uuid.UUID `json:"incarnation"`
	Addr        string    `json:"addr"`
	Grants      uint64    `json:"grants"` // times that the object was sent to it and not given back
	Lost        bool      `json:"lost"`   // its connection broke; its lease runs
}

// ImportState is an object of another node.
type ImportState struct {
	Object    uint64    `json:"object"` // its number at its owner
	Interface string    `json:"interface"`
	Owner     uuid.UUID `json:"owner"` // incarnation
	Addr      string    `json:"addr"`
	Grants    uint64    `json:"grants"`           // times that it was received since it was last given back
	Route     string    `json:"route"`            // of calls: direct, vine (through the node at Addr, which has introduced it), claiming (not known yet)
	Dropped   bool      `json:"dropped"`          // no proxy is left, and it is about to be given back
	Broken    string    `json:"broken,omitempty"` // why it cannot be used; empty while it can
}

// SessionState is a peer with a connection.
type SessionState struct {
	Node        uuid.UUID     `json:"node"`
	Incarnation uuid.UUID     `json:"incarnation"`
	Addr        string        `json:"addr"`
	Age         time.Duration `json:"age_ns"`
	Exports     int           `json:"exports"`  // objects of this node that the peer holds
	Imports     int           `json:"imports"`  // objects of the peer that this node holds
	Outgoing    int           `json:"outgoing"` // calls that wait for its answer
	Incoming    int           `json:"incoming"` // calls of it that have not been answered
}

// LeaseState is a peer without a connection, which may still come back.
type LeaseState struct {
	Incarnation uuid.UUID     `json:"incarnation"`
	Addr        string        `json:"addr"`
	Exports     int           `json:"exports"` // objects of this node that the peer holds
	Left        time.Duration `json:"left_ns"` // until they are dropped
}

// Snapshot returns what node n holds now: for a million objects it takes a second,
// in a fifth of which no reference can be passed. Parts are taken one after the
// other: those of a busy node need not add up. See [Inspect] for other nodes.
func Snapshot(n *Node) NodeState {
	exports, leases := n.exportStates()
	state := NodeState{Node: n.id, Incarnation: n.incarnation, Age: n.clock(), Exports: exports, Leases: leases}
	n.mu.Lock()
	sessions := slices.AppendSeq(n.liveSessions(), maps.Values(n.lost))
	up := maps.Clone(n.sessions)
	n.mu.Unlock()
	slices.SortFunc(sessions, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	for _, s := range sessions {
		if up[s.peer.incarnation] == s {
			state.Sessions = append(state.Sessions, s.state())
		}
		state.Imports = append(state.Imports, s.imports.states()...)
	}
	return state
}

func (s *session) state() SessionState {
	return SessionState{
		Node: s.peer.node, Incarnation: s.peer.incarnation, Addr: s.peer.addr,
		Age:      s.node.clock() - s.born,
		Exports:  s.node.exports.held(s.id),
		Imports:  s.imports.len(),
		Outgoing: s.calls.len(), Incoming: s.serving.len(),
	}
}

// exportStates returns the exports, and the leases of those who hold some.
func (n *Node) exportStates() (exports []ExportState, leases []LeaseState) {
	left := n.leases.all()
	listed := n.exports.list()
	exports = make([]ExportState, len(listed.exports))
	slices.SortFunc(listed.exports, func(a, b listedExport) int { return cmp.Compare(a.ID, b.ID) })
	for i := range listed.exports {
		exports[i] = listed.exports[i].state(listed.now)
	}
	for _, s := range slices.Sorted(maps.Keys(listed.peers)) {
		p, held := listed.peers[s], listed.held[s]
		time, lost := left[s]
		if lost {
			leases = append(leases, LeaseState{Incarnation: p.incarnation, Addr: p.addr, Exports: len(held), Left: time})
		}
		for _, h := range held {
			i, _ := slices.BinarySearchFunc(exports, uint64(h.object), func(e ExportState, o uint64) int { return cmp.Compare(e.Object, o) })
			exports[i].Holders = append(exports[i].Holders, HolderState{p.incarnation, p.addr, uint64(h.grants), lost})
		}
	}
	slices.SortFunc(leases, func(a, b LeaseState) int { return cmp.Compare(a.Left, b.Left) })
	return exports, leases
}

// listing is a copy of the exports, in no order.
type listing struct {
	now     uint32
	exports []listedExport
	peers   map[lifetime.SessionID]*peer
	held    map[lifetime.SessionID][]grantsOf
}

type listedExport struct {
	lifetime.Export[any]
	born uint32
}

type grantsOf struct {
	object lifetime.ObjectID
	grants lifetime.Grants
}

// list copies what there is, and no more, for nothing goes on meanwhile.
func (x *exports) list() listing {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := listing{
		now:     x.tick(),
		exports: make([]listedExport, 0, x.table.Len()),
		peers:   maps.Clone(x.peers),
		held:    map[lifetime.SessionID][]grantsOf{},
	}
	for e := range x.table.All() {
		all.exports = append(all.exports, listedExport{e, x.ages.at(e.ID)})
	}
	for s := range x.peers {
		held := make([]grantsOf, 0, x.table.Listings(s))
		for o, grants := range x.table.Held(s) {
			held = append(held, grantsOf{o, grants})
		}
		all.held[s] = held
	}
	return all
}

// state describes the export, but for its holders.
func (e *listedExport) state(now uint32) ExportState {
	state := ExportState{Object: uint64(e.ID), Pins: e.Pins, Running: e.Running, Calls: e.Called > 0}
	if ref, forwarder := e.Target.(*proxy.Ref); forwarder {
		state.Type, state.Forward = ref.Interface(), ref.String()
	} else {
		state.Type = reflect.TypeOf(e.Target).String()
	}
	state.Age = time.Duration(now-e.born) * time.Second
	if e.Running == 0 {
		state.Idle = time.Duration(now-max(e.Called, e.born)) * time.Second
	}
	return state
}

// held returns how many objects session s holds.
func (x *exports) held(s lifetime.SessionID) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.table.Listings(s)
}

// all returns what is left of the leases that run.
func (l *leases) all() map[lifetime.SessionID]time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := make(map[lifetime.SessionID]time.Duration, l.down.Len())
	for s, d := range l.down.All() {
		left[s] = d
	}
	return left
}

// states describes the references, by number.
func (m *imports) states() []ImportState {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]ImportState, 0, m.table.Len())
	for xid, i := range m.entries.All() {
		if xid == nodeXID {
			continue
		}
		grants, _ := m.table.Grants(xid)
		state := ImportState{Object: uint64(i.object), Owner: m.s.peer.incarnation, Addr: m.s.peer.addr, Grants: uint64(grants)}
		if ref := i.ref.Value(); ref != nil {
			state.Interface = ref.Interface()
			state.Route = ref.Binding().(reference).way().String()
		} else {
			state.Dropped = true
		}
		if i.broken != nil {
			state.Broken = i.broken.Error()
		}
		all = append(all, state)
	}
	slices.SortFunc(all, func(a, b ImportState) int { return cmp.Compare(a.Object, b.Object) })
	return all
}
