package objects_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

// rawPipe runs test in a bubble, with a raw peer of a node that publishes a thing.
func rawPipe(t *testing.T, limits objects.Limits, test func(raw *rawPeer, node *objects.Node, local *thing, log *logBuffer)) {
	synctest.Test(t, func(t *testing.T) {
		pipes := transport.NewPipeNet()
		log, logger := newLog()
		node, err := objects.Listen(t.Context(), "pipe://server", &objects.Config{PipeNet: pipes, Logger: logger, Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		local := &thing{}
		if err := objects.Publish[sample.Thing](node, "thing", local); err != nil {
			t.Fatal(err)
		}
		test(dialRawPeerOn(t, pipes, "pipe://server"), node, local, log)
		if err := node.Close(); err != nil {
			t.Error(err)
		}
		if left := node.Stats(); left != (objects.Stats{}) {
			t.Errorf("the node still counts %+v", left)
		}
	})
}

func bulkCall(id, xid, body, size uint64) []byte {
	m := wire.Call{ID: id, Target: wire.Target{XID: xid}, Method: thingMethod("Bytes"), Body: wire.Body{Bulk: true, BulkID: body, Size: size}}
	return m.AppendHead(nil, 0)
}

func bulkReturn(id, body, size uint64) []byte {
	return (&wire.Return{ID: id, Body: wire.Body{Bulk: true, BulkID: body, Size: size}}).AppendHead(nil, 0)
}

// callBack makes the node call the peer; its call has number 1.
func (p *rawPeer) callBack() {
	xid := p.open("thing")
	p.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: xid}, Method: thingMethod("Nest"),
		Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}}, []byte{0x82, 0x00, 0x01})
	p.receive(wire.TypeCall)
}

// cutOff waits until the node ends the session, with the reason in its log; the
// peer gives signs of life all the while.
func (p *rawPeer) cutOff(log *logBuffer, want string) {
	p.t.Helper()
	alive := time.NewTicker(10 * time.Second)
	defer alive.Stop()
	for range 6 {
		select {
		case <-p.ended:
			log.await(p.t, want)
			return
		case <-alive.C:
			p.send((&wire.Ping{}).Append(nil))
		}
	}
	p.t.Error("the session goes on")
	p.conn.Abort(nil)
}

// TestReturnsOfNoCallHoldNothing: an announced body costs memory until it comes,
// so there is one for each call at most.
func TestReturnsOfNoCallHoldNothing(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, _ *objects.Node, _ *thing, log *logBuffer) {
		raw.send(bulkReturn(7, 1, 100_000))
		raw.cutOff(log, "a call that was not made")
	})
}

func TestACallIsAnsweredByOneBody(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, _ *objects.Node, _ *thing, log *logBuffer) {
		raw.callBack()
		raw.send(bulkReturn(1, 1, 100_000))
		raw.send(bulkReturn(1, 2, 100_000))
		raw.cutOff(log, "or twice")
	})
}

// TestABodyThatComesTwiceTakesItsBudgetOnce sends two bodies under one number.
// What they take of the node's budget comes back.
func TestABodyThatComesTwiceTakesItsBudgetOnce(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, _ *thing, log *logBuffer) {
		raw.callBack()
		for range 2 {
			if err := raw.conn.SendBody(t.Context(), 1, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // both wait for their message
		raw.send(bulkReturn(1, 1, 100_000))
		raw.cutOff(log, "body 1 comes twice")
		synctest.Wait()
		if held := node.Stats().Bytes; held != 0 {
			t.Errorf("%d bytes of the node's budget are lost", held)
		}
	})
}

// TestCallsBeyondTheBudgetCount announces bodies for which there is no room, and
// sends none: each call is unfinished until its body has come.
func TestCallsBeyondTheBudgetCount(t *testing.T) {
	limits := objects.Limits{DecodeBudget: 1 << 20, Running: 1, Queued: 3}
	rawPipe(t, limits, func(raw *rawPeer, _ *objects.Node, _ *thing, log *logBuffer) {
		xid := raw.open("thing")
		raw.send(bulkCall(2, xid, 1, 1<<20))
		for id := range uint64(4) {
			raw.send(bulkCall(id+3, 0, id+2, 1<<20))
			synctest.Wait()
		}
		raw.cutOff(log, "more than 4 calls at once")
	})
}

// TestABodyBeyondTheBudgetIsSkipped: its call fails, the next one is served.
func TestABodyBeyondTheBudgetIsSkipped(t *testing.T) {
	rawPipe(t, objects.Limits{DecodeBudget: 1 << 20}, func(raw *rawPeer, _ *objects.Node, _ *thing, _ *logBuffer) {
		xid := raw.open("thing")
		args := marshal.AppendBytes(marshal.AppendArray(nil, 1), make([]byte, 1<<19))
		raw.send(bulkCall(2, xid, 1, uint64(len(args))))
		raw.send(bulkCall(3, xid, 2, uint64(len(args))))
		for _, body := range []uint64{2, 1} {
			if err := raw.conn.SendBody(t.Context(), body, args); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			switch m := raw.answer(); {
			case m.ID == 2 && m.Status == wire.StatusOK:
			case m.ID == 3 && faultCode(m) == objects.CodeLimit:
			default:
				t.Errorf("call %d was answered with status %v", m.ID, m.Status)
			}
		}
	})
}

// TestABodyThatNeverComesEndsTheSession: the call it belongs to would hold its
// place, and what its object's other calls wait for, for ever.
func TestABodyThatNeverComesEndsTheSession(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, _ *objects.Node, _ *thing, log *logBuffer) {
		xid := raw.open("thing")
		raw.send(bulkCall(2, xid, 1, 100_000))
		raw.cutOff(log, "bodies were announced and do not come")
	})
}

// TestReferencesOfWaitingCallsTakeBudget lets calls that carry nothing but
// references wait behind a body that does not come.
func TestReferencesOfWaitingCallsTakeBudget(t *testing.T) {
	rawPipe(t, objects.Limits{DecodeBudget: 1 << 20}, func(raw *rawPeer, node *objects.Node, _ *thing, _ *logBuffer) {
		xid := raw.open("thing")
		raw.send(bulkCall(2, xid, 1, 100))
		caps := make([]wire.Cap, 100)
		for i := range caps {
			caps[i] = wire.Cap{Kind: wire.CapMine, XID: 1, Object: 1, Iface: strings.Repeat("x", wire.MaxIface)}
		}
		for id := range uint64(10) {
			raw.sendCall(&wire.Call{ID: id + 3, Target: wire.Target{XID: xid}, Method: pingMethod, Caps: caps}, nil)
		}
		synctest.Wait()
		if held := node.Stats().Bytes; held < 10*100*wire.MaxIface {
			t.Errorf("%d bytes are counted", held)
		}
		for id := range uint64(100) {
			raw.sendCall(&wire.Call{ID: id + 13, Target: wire.Target{XID: xid}, Method: pingMethod, Caps: caps}, nil)
		}
		raw.conn.SendBody(t.Context(), 1, make([]byte, 100))
		refused := false
		for range 111 {
			refused = faultCode(raw.answer()) == objects.CodeLimit || refused
		}
		if !refused {
			t.Error("no call was refused")
		}
	})
}
