package objects_test

import (
	"context"
	"errors"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// witness calls what it is given, and tells how that ended.
type witness struct {
	thing
	ended chan error
}

func (w *witness) Nest(ctx context.Context, back sample.Thing, _ int) (int, error) {
	_, err := back.Add(ctx, 1, 2)
	w.ended <- err
	return 0, nil
}

// TestACallThatCrossesAGoodbye: whether it may have run depends on whether the peer had
// answered all calls that had come to it.
func TestACallThatCrossesAGoodbye(t *testing.T) {
	for code, want := range map[uint64]objects.Outcome{
		wire.ByeClosing: objects.OutcomeUnknown,
		wire.ByeDrained: objects.NotSent,
		2:               objects.OutcomeUnknown,
	} {
		rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, _ *thing, _ *logBuffer) {
			calls := &witness{ended: make(chan error, 2)}
			if err := objects.Publish[sample.Thing](node, "caller", calls); err != nil {
				t.Fatal(err)
			}
			call := wire.Call{ID: 2, Target: wire.Target{XID: raw.open("caller")}, Method: thingMethod("Nest"),
				Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}}
			raw.sendCall(&call, []byte{0x82, 0x00, 0x01})
			raw.receive(wire.TypeCall)
			raw.send((&wire.Bye{Code: code, Text: "closing"}).Append(nil))
			raw.send((&wire.Return{ID: 1}).AppendHead(nil, 0)) // the refusal of a call that crossed may still come
			if code != wire.ByeDrained {
				<-calls.ended // here the Return counts
				raw.sendCall(&wire.Call{ID: 3, Target: call.Target, Method: call.Method, Caps: call.Caps}, []byte{0x82, 0x00, 0x01})
				raw.receive(wire.TypeCall)
			}
			raw.conn.Close()
			err := <-calls.ended
			if !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != want {
				t.Errorf("code %d: %v", code, err)
			}
		})
	}
}
