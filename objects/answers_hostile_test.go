package objects_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestAnAnswerBesideItsBody: a peer that answers a call once more while the results are on
// their way breaks the protocol, and the caller learns that the session has ended.
func TestAnAnswerBesideItsBody(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, _ *thing, log *logBuffer) {
		caller := &witness{ended: make(chan error, 1)}
		if err := objects.Publish[sample.Thing](node, "caller", caller); err != nil {
			t.Fatal(err)
		}
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("caller")}, Method: thingMethod("Nest"),
			Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}}, []byte{0x82, 0x00, 0x01})
		raw.receive(wire.TypeCall)
		raw.send(bulkReturn(1, 1, 100_000))
		raw.send((&wire.Return{ID: 1}).AppendHead(nil, 0))
		raw.cutOff(log, "a call that was not made, or twice")
		if err := <-caller.ended; !errors.Is(err, objects.ErrUnreachable) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("the call ended with %v", err)
		}
	})
}

// TestAFalseAcknowledgementHoldsNothing: the call that tells of it names an object, which
// nothing holds when the session has ended.
func TestAFalseAcknowledgementHoldsNothing(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, local *thing, log *logBuffer) {
		m := wire.Call{ID: 2, Target: wire.Target{XID: raw.open("thing")}, Method: thingMethod("Add"), Done: []uint64{77}}
		raw.send(m.AppendTail(append(m.AppendHead(nil, 3), 0x82, 0x01, 0x02)))
		raw.cutOff(log, "acknowledges call 77, which is not answered")
		objects.Unpublish(node, "thing")
		synctest.Wait()
		if n := node.Stats().Exports; n != 0 || local.unreferenced.Load() != 1 {
			t.Errorf("%d objects are exported, Unreferenced ran %d times", n, local.unreferenced.Load())
		}
	})
}
