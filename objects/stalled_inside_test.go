//go:build !race

package objects

import (
	"slices"
	"testing"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
)

// TestAStalledAnswerKeepsItsObject: an answer whose sender stalls while the session loses
// its connection and gets another is sent on that one alone, and until then its object,
// which nobody holds yet, is not given up.
func TestAStalledAnswerKeepsItsObject(t *testing.T) {
	s, w := newWireless(t)
	old := s.conn.Load()
	ret := wire.Return{Names: new(wire.Names)}
	var granted []uint64 // connections
	w.sent = func(msg []byte) {
		if err := wire.ParseReturn(msg, &ret, 10); err != nil || len(ret.Caps) != 1 {
			t.Errorf("%+v, %v", ret, err)
		}
		granted = append(granted, uint64(s.conn.Load().number))
	}
	in := &incoming{s: s, id: 1, ctx: &callContext{Context: s.ctx}, refused: fault(CodeNoSuchObject, nil, "")}
	if _, err := s.serving.accept(old, in, false); err != nil { // it is not run here
		t.Fatal(err)
	}
	object := new(plain)
	on := in.finish(answer{results: array(firstReference), slots: []marshal.Slot{{Object: object, Iface: thingIface}}})
	if on != old {
		t.Fatal("the answer is not to be sent on the connection that stands")
	}
	s.fence(old)
	next := newConnection(s, wirelessConn{w: w}, old.number+1)
	s.conn.Store(next)
	if _, _, err := s.node.exports.reconcile(s.id, next.number, nil); err != nil {
		t.Fatal(err)
	}
	if r, err := s.serving.reconcile(next, []lifetime.CallID{1}); err != nil || len(r.Have) != 1 || len(r.Again) > 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if owed := s.serving.owed; owed != 1 { // a goodbye must not say that all is answered
		t.Errorf("%d answers are owed", owed)
	}
	on.sendAnswer(in.e)
	if n := s.node.exports.len(); len(granted) > 0 || n != 1 {
		t.Errorf("granted on the connections %v, %d objects are exported", granted, n)
	}
	s.serving.mu.Lock()
	s.serving.held = map[lifetime.XID][]*incoming{}
	s.serving.running.Add(1)
	s.serving.finish(in)
	s.serving.mu.Unlock()
	s.serving.workers.all.Wait()
	if owed := s.serving.owed; owed != 0 {
		t.Errorf("%d answers are owed when it is sent", owed)
	}
	if !slices.Equal(granted, []uint64{uint64(next.number)}) {
		t.Errorf("granted on the connections %v", granted)
	}
	if err := s.serving.acknowledged(next, []uint64{1}); err != nil {
		t.Error(err)
	}
	if gone, err := s.node.exports.release(s.id, next.number, []wire.Entry{{XID: ret.Caps[0].XID, N: 1}}); err != nil || len(gone) != 1 {
		t.Errorf("%d objects are reclaimed when the grant is back, %v", len(gone), err)
	}
}

// TestVoidReferencesAreNotGivenBack: the owner counts no grant of them.
func TestVoidReferencesAreNotGivenBack(t *testing.T) {
	s, w := newWireless(t)
	ref, err := s.imports.receive(lifetime.FirstConn, &mine(7)[0], surfacing)
	if err != nil {
		t.Fatal(err)
	}
	w.sent = func(msg []byte) {
		if kind, _ := wire.Peek(msg); kind == wire.TypeRelease {
			t.Error("it is given back")
		}
	}
	broken := wire.Broken{Entries: []wire.BrokenEntry{{XID: 7, Reason: uint64(CodeNoSuchObject)}}}
	s.conn.Load().Message(broken.Append(nil))
	if i := importOf(ref); i.fault() == nil || i.fault().Code != CodeNoSuchObject {
		t.Errorf("the reference says %v", i.fault())
	}
	Release(ref)
	s.imports.flush(false)
	if n := s.imports.len(); n != 0 {
		t.Errorf("%d objects are held", n)
	}
}
