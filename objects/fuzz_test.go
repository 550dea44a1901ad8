package objects_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

// A script is what a peer of FuzzSession does: steps of one byte for the kind,
// two for the length, then the message of the lane or the body.
const (
	stepMessage = iota
	stepBody    // the first byte is its number
	steps
)

func script(messages ...[]byte) (b []byte) {
	for _, m := range messages {
		b = step(b, stepMessage, m)
	}
	return b
}

func step(b []byte, kind byte, data []byte) []byte {
	return append(binary.BigEndian.AppendUint16(append(b, kind), uint16(len(data))), data...)
}

// next takes the first step off a script; a broken one ends it.
func next(b []byte) (kind byte, data, rest []byte, ok bool) {
	if len(b) < 3 {
		return 0, nil, nil, false
	}
	n := min(int(binary.BigEndian.Uint16(b[1:])), len(b)-3)
	return b[0] % steps, b[3 : 3+n], b[3+n:], true
}

// dialogues are scripts of correct peers, and of some that are not.
func dialogues() [][]byte {
	call := func(m wire.Call, args []byte) []byte { return append(m.AppendHead(nil, len(args)), args...) }
	target := wire.Target{XID: 1}
	root := call(wire.Call{ID: 1, Method: rootMethod}, marshal.AppendString(marshal.AppendArray(nil, 1), "thing"))
	sum := marshal.AppendUint(marshal.AppendUint(marshal.AppendArray(nil, 2), 1), 2)
	mine := []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}
	same := marshal.AppendUint(marshal.AppendArray(nil, 1), 0)
	large := wire.Body{Bulk: true, BulkID: 7, Size: 40}
	bulk := (&wire.Call{ID: 2, Target: target, Method: thingMethod("Bytes"), Body: large}).AppendHead(nil, 0)
	return [][]byte{
		script(root, call(wire.Call{ID: 2, Target: target, Method: thingMethod("Add"), Timeout: time.Second}, sum)),
		script(root, call(wire.Call{ID: 2, Target: target, Method: thingMethod("Same"), Caps: mine}, same), (&wire.Bye{}).Append(nil)),
		script(root, call(wire.Call{ID: 2, Target: target, Method: thingMethod("Same"), Caps: []wire.Cap{{Kind: wire.CapYours, XID: 1}}}, same)),
		script(root, call(wire.Call{ID: 2, Target: target, Method: thingMethod("Nest"), Caps: mine}, append(marshal.AppendArray(nil, 2), 0, 1)),
			(&wire.Return{ID: 1}).AppendHead(nil, 0)),
		script(root, call(wire.Call{ID: 2, Target: target, Method: thingMethod("Wait")}, emptyArgs), (&wire.Cancel{ID: 2}).Append(nil)),
		script(root, (&wire.Release{Entries: []wire.Entry{{XID: 1, N: 1}}}).Append(nil)),
		script(root, (&wire.Release{Entries: []wire.Entry{{XID: 1, N: 9}}}).Append(nil)),
		script((&wire.Broken{Entries: []wire.BrokenEntry{{XID: 1, Reason: 1, Text: "x"}}}).Append(nil), (&wire.Ping{N: 3}).Append(nil)),
		step(script(root, bulk), stepBody, append([]byte{7}, make([]byte, 40)...)),
		step(script(root), stepBody, append([]byte{7}, make([]byte, 40)...)),
		script(root, bulk, bulk),
	}
}

// FuzzSession lets a peer do anything after the handshake. The node must neither
// crash nor hang; when the peer has gone, nothing of it is left.
func FuzzSession(f *testing.F) {
	for _, d := range dialogues() {
		f.Add(d)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { playScript(t, script) })
	})
}

func playScript(t *testing.T, script []byte) {
	config := objects.Config{Logger: quiet.Logger, PipeNet: transport.NewPipeNet(), Lease: time.Second,
		Limits: objects.Limits{MessageSize: 1 << 16, DecodeBudget: 1 << 20, Running: 4, Queued: 4, Imports: 8}}
	server, err := objects.Listen(t.Context(), "pipe://server", &config)
	if err != nil {
		t.Fatal(err)
	}
	local := &thing{}
	if err := objects.Publish[sample.Thing](server, "thing", local); err != nil {
		t.Fatal(err)
	}
	raw := dialRawPeerOn(t, config.PipeNet, "pipe://server")
	for {
		kind, data, rest, ok := next(script)
		if !ok {
			break
		}
		script = rest
		if kind == stepMessage {
			raw.send(data)
		} else if len(data) > 0 {
			raw.conn.SendBody(t.Context(), uint64(data[0]), data[1:])
		}
	}
	synctest.Wait()
	if held := server.Stats().Bytes; held > 1<<20 {
		t.Errorf("the node holds %d bytes for the peer", held)
	}
	raw.conn.Abort(errors.New("the script is over"))
	<-time.After(time.Minute) // methods that wait for the peer, and its lease
	if left := server.Stats(); left != (objects.Stats{Exports: 1}) {
		t.Errorf("left behind: %+v", left)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}
