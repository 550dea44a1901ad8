package objects_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
)

// tape is what a hostile peer does, in bytes: one for the kind of each act, and a few
// for what it says.
type tape struct {
	bytes []byte
	s     *siege
	t     *testing.T
}

// acts are what the peer may do, by number, in the order of the corpus: the list only
// grows.
var acts = []func(p *tape){
	(*tape).call,
	(*tape).answer,
	(*tape).release,
	(*tape).reconcile,
	(*tape).resume,
	(*tape).reconnect,
	(*tape).replace,
	(*tape).pause,
	(*tape).garbage,
	(*tape).body,
	func(p *tape) { p.send(&wire.Cancel{ID: p.number()}) },
	func(p *tape) { p.send(&wire.Ack{IDs: p.numbers()}) },
	func(p *tape) {
		p.send(&wire.Broken{Entries: []wire.BrokenEntry{{XID: p.number(), Reason: p.number(), Text: "x"}}})
	},
	func(p *tape) {
		p.send(&wire.Claim{Q: p.number(), Object: p.number(), Via: p.s.node.Incarnation(), Expiry: time.Duration(p.next()) * time.Second})
	},
	func(p *tape) {
		p.send(&wire.ClaimResult{Q: p.number(), Status: wire.ClaimStatus(p.next() % 5), XID: p.number()})
	},
	func(p *tape) { p.send(&wire.Pressure{Bytes: p.number(), Objects: p.number()}) },
	func(p *tape) { p.send(&wire.Ping{N: p.number()}) },
	func(p *tape) { p.send(&wire.Pong{N: p.number()}) },
	func(p *tape) { p.send(&wire.Bye{Code: p.number()}) },
}

// next takes a byte off; 0 when there is none.
func (p *tape) next() byte {
	if len(p.bytes) == 0 {
		return 0
	}
	b := p.bytes[0]
	p.bytes = p.bytes[1:]
	return b
}

// number takes a number off: mostly a small one.
func (p *tape) number() uint64 {
	switch b := p.next(); b {
	case 255:
		return most
	case 254:
		return 1 << 40
	case 253:
		return p.s.raw.number
	case 252:
		return p.s.calls + uint64(p.next())
	default:
		return uint64(b)
	}
}

// numbers takes a list of up to seven off, as it is.
func (p *tape) numbers() (list []uint64) {
	for range p.next() % 8 {
		list = append(list, p.number())
	}
	return list
}

// entries takes a list of references off.
func (p *tape) entries() (list []wire.Entry) {
	for _, xid := range p.numbers() {
		list = append(list, wire.Entry{XID: xid, N: p.number()})
	}
	return list
}

// caps takes a table of references off.
func (p *tape) caps() (list []wire.Cap) {
	for range p.next() % 8 {
		c := wire.Cap{Kind: wire.CapKind(p.next() % 4), XID: p.number(), Object: p.number(), Iface: thingIface}
		if c.Kind == wire.CapThird {
			c.Third = &wire.Introduction{Owner: p.s.hello.Incarnation, Object: p.number(), Addrs: []string{"pipe://nowhere", "pipe://server"}}
		}
		list = append(list, c)
	}
	return list
}

func (p *tape) send(m interface{ Append([]byte) []byte }) { p.s.raw.send(m.Append(nil)) }

// call calls a method of something, with the references that it passes as a list.
func (p *tape) call() {
	methods := []string{"Make", "Same", "SameMany", "Nest", "Wait", "Add", "Bytes", "Panic", "Fail", "Any"}
	m := wire.Call{ID: p.number(), Target: wire.Target{XID: p.number()}, Method: thingMethod(methods[int(p.next())%len(methods)]), Done: p.numbers()}
	if m.ID == 0 {
		p.s.calls++
		m.ID = p.s.calls
	}
	m.Caps = p.caps()
	args := marshal.AppendArray(nil, 2)
	switch p.next() % 4 {
	case 0:
		args = append(args, 0, 3)
	case 1:
		args = marshal.AppendArray(marshal.AppendString(marshal.AppendMap(marshal.AppendArray(nil, 1), 1), ""), len(m.Caps))
		for i := range m.Caps {
			args = marshal.AppendUint(args, uint64(i))
		}
	case 2:
		args, m.Body = nil, wire.Body{Bulk: true, BulkID: p.number(), Size: p.number()}
	case 3:
		args = p.take(16)
	}
	p.s.raw.sendCall(&m, args)
}

// answer answers a call of the node.
func (p *tape) answer() {
	m := wire.Return{ID: p.number(), Status: wire.Status(p.next() % 4), Caps: p.caps()}
	body := p.take(8)
	p.s.raw.send(append(m.AppendHead(nil, len(body)), body...))
}

func (p *tape) release() { p.send(&wire.Release{Entries: p.entries()}) }

func (p *tape) reconcile() {
	p.send(&wire.Reconcile{Conn: p.number(), More: p.next()%2 == 1, Held: p.entries(), Calls: p.numbers(), Have: p.numbers()})
}

// resume connects again, and says what a correct peer would.
func (p *tape) resume() {
	p.reconnect()
	p.send(&wire.Reconcile{Conn: p.s.raw.number, Held: p.s.held()})
	p.send(&wire.Reconcile{Conn: p.s.raw.number})
}

// reconnect connects again, when the node has noticed the break or before.
func (p *tape) reconnect() {
	p.s.hello.Conn = p.number()
	p.s.raw.conn.Abort(nil)
	if p.next()%2 == 0 {
		synctest.Wait()
	}
	if raw, _, err := tryGreetRaw(p.t, p.s.pipes, "pipe://server", &p.s.hello); err == nil && raw != nil {
		p.s.raw = raw
	}
}

// replace connects as somebody else.
func (p *tape) replace() {
	p.s.hello.Incarnation = uuid.UUID{p.next()}
	p.reconnect()
}

func (p *tape) pause() { <-time.After(time.Duration(p.next()) * 50 * time.Millisecond) }

func (p *tape) garbage() { p.s.raw.send(p.take(64)) }

func (p *tape) body() { p.s.raw.conn.SendBody(p.t.Context(), p.number(), p.take(64)) }

// take takes a string off, of up to limit bytes.
func (p *tape) take(limit int) []byte {
	n := min(int(p.next())%limit, len(p.bytes))
	b := p.bytes[:n]
	p.bytes = p.bytes[n:]
	return b
}

// FuzzHostile lets a peer do whatever it can say, on as many connections as it likes.
// The node must neither crash nor hang nor hold more than its limits, an honest peer
// must not notice, and in the end nothing of the hostile one is left. The corpus has
// what peers do that know what they do.
func FuzzHostile(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { playTape(t, script) })
	})
}

func playTape(t *testing.T, script []byte) {
	s := newSiege(t, objects.Config{Lease: 2 * time.Second, Limits: objects.Limits{MessageSize: 1 << 16, DecodeBudget: 1 << 20,
		Running: 4, Queued: 8, Imports: 20, Exports: 20, Sessions: 4, Cancelled: 8}})
	p := &tape{bytes: script, s: s, t: t}
	for range 100 {
		if len(p.bytes) == 0 {
			break
		}
		acts[int(p.next())%len(acts)](p)
		if sum, err := s.honest.Add(t.Context(), 1, 2); sum != 3 || err != nil {
			t.Errorf("the honest peer's call: %d, %v", sum, err)
		}
		synctest.Wait()
		if now := s.node.Stats(); now.Sessions > 4 || now.Leases > 4 || now.Imports > 20*8 || now.Exports > 20*8 || now.Incoming > 12*8 || now.Bytes > 8<<20 {
			t.Fatalf("the node holds %+v", now)
		}
	}
	s.leave()
	s.end(t)
}
