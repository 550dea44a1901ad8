package objects_test

import (
	"context"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// caller has whoever asks it call Add on what it is given.
type caller struct{ thing }

func (*caller) Nest(ctx context.Context, back sample.Thing, depth int) (int, error) {
	sum, err := back.Add(ctx, int64(depth), 1)
	return int(sum), err
}

// impostor speaks to two nodes of the process as if it were the other one.
type impostor struct {
	atVictim, atUser *rawPeer
	mine             wire.Cap // the victim's "given", as the impostor has it
	hidden           wire.Cap // the victim's "secret", as another peer has it
	reached          []string // what was called at the victim
}

func newImpostor(t *testing.T) *impostor {
	kit := objtest.NewDirect(t, quiet)
	victim, user := kit.NodeAt("tcp://127.0.0.1:0"), kit.NodeAt("tcp://127.0.0.1:0")
	i := &impostor{}
	for _, name := range []string{"given", "other", "secret"} {
		o := &thing{calls: func(context.Context, int64) { i.reached = append(i.reached, name) }}
		if err := objects.Publish[sample.Thing](victim, name, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := objects.Publish[sample.Thing](user, "caller", &caller{}); err != nil {
		t.Fatal(err)
	}
	friend := dialRawPeer(t, victim.Addrs()[0])
	friend.open("other") // so that what it has next has another number than what the impostor has
	i.hidden = friend.opened("secret")
	asUser := dialRawPeer(t, user.Addrs()[0]).node
	i.atVictim = dialRawPeerAs(t, nil, victim.Addrs()[0], asUser)
	i.atUser = dialRawPeerAs(t, nil, user.Addrs()[0], friend.node)
	i.mine = i.atVictim.opened("given")
	return i
}

// lure has the user call Add on a reference of the impostor's, and returns the sum
// that the user got, and whether the call came to the impostor, which lies.
func (i *impostor) lure(t *testing.T, xid, object uint64) (sum int, came bool) {
	t.Helper()
	raw := i.atUser
	args := marshal.AppendUint(marshal.AppendUint(marshal.AppendArray(nil, 2), 0), 41)
	raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("caller")}, Method: thingMethod("Nest"),
		Caps: []wire.Cap{{Kind: wire.CapMine, XID: xid, Object: object, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}}, args)
	for {
		msg := raw.next()
		switch kind, _ := wire.Peek(msg); kind {
		case wire.TypeCall:
			came = true
			var m wire.Call
			if err := wire.ParseCall(msg, &m, 1024); err != nil {
				t.Fatal(err)
			}
			lie := marshal.AppendUint(marshal.AppendArray(nil, 1), 1000)
			raw.send(append((&wire.Return{ID: m.ID}).AppendHead(nil, len(lie)), lie...))
		case wire.TypeReturn:
			var m wire.Return
			if err := wire.ParseReturn(msg, &m, 1024); err != nil || m.Status != wire.StatusOK {
				t.Fatalf("answer %+v, %v", m, err)
			}
			var d marshal.Decoder
			d.Reset(m.Body.Inline, nil, nil, nil)
			d.Tuple()
			return d.Next().Int(), came
		}
	}
}

// TestAnImpostorReachesOnlyItsOwn: a peer claims the incarnation of another node of
// the process at each of two nodes, and so stands between them. What it names of one,
// the other calls directly only if the impostor was given that itself.
func TestAnImpostorReachesOnlyItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		names  func(mine, hidden wire.Cap) (xid, object uint64)
		direct bool
	}{
		"its own":                    {func(mine, _ wire.Cap) (uint64, uint64) { return mine.XID, mine.Object }, true},
		"its own by another number":  {func(mine, _ wire.Cap) (uint64, uint64) { return mine.XID + 1, mine.Object }, false},
		"a secret by its own's":      {func(mine, hidden wire.Cap) (uint64, uint64) { return mine.XID, hidden.Object }, false},
		"a secret by another number": {func(mine, hidden wire.Cap) (uint64, uint64) { return mine.XID + 1, hidden.Object }, false},
		"a secret by its friend's":   {func(_, hidden wire.Cap) (uint64, uint64) { return hidden.XID, hidden.Object }, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := newImpostor(t)
			xid, object := c.names(i.mine, i.hidden)
			sum, came := i.lure(t, xid, object)
			if c.direct == came || c.direct != (len(i.reached) == 1) || c.direct != (sum == 42) {
				t.Errorf("the call came to the impostor: %v, reached %q of the victim, and returned %d", came, i.reached, sum)
			}
		})
	}
}
