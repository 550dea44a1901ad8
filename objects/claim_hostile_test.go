package objects_test

import (
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/transport"
)

// introducible is the Hello of a raw peer that takes part in introductions.
func introducible() wire.Hello {
	hello := rawHello()
	nonce := [16]byte(uuid.New())
	hello.Nonce, hello.Features = &nonce, []string{wire.Introductions}
	return hello
}

// claims connects a raw peer that may claim objects.
func claims(t *testing.T, pipes *transport.PipeNet, n *objects.Node, hello wire.Hello) *rawPeer {
	t.Helper()
	p, status := greetRaw(t, pipes, n.Addrs()[0], &hello)
	if status != wire.StatusNew {
		t.Fatalf("handshake: %v", status)
	}
	return p
}

// claim makes a claim and returns its answer.
func (p *rawPeer) claim(m wire.Claim) (answer wire.ClaimResult) {
	p.t.Helper()
	p.send(m.Append(nil))
	if err := wire.ParseClaimResult(p.receive(wire.TypeClaimResult), &answer); err != nil {
		p.t.Fatal(err)
	}
	return answer
}

// TestT2AnIntroductionIsGoodInOneDirection: each of two nodes holds the other's object
// of the same number, and one of them introduces a third to the other's. That one
// cannot turn the introduction round, and claim the object of the introducer.
func TestT2AnIntroductionIsGoodInOneDirection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := objtest.NewConfig(t, quiet)
		a, b := kit.Node(), kit.Node()
		ofA, ofB := lend(t, a, b, &thing{}), lend(t, b, a, &thing{})
		if err := objects.Publish(b, "of a", ofA); err != nil {
			t.Fatal(err)
		}
		hello := introducible()
		atA, atB := claims(t, kit.PipeNet(), a, hello), claims(t, kit.PipeNet(), b, hello)
		third := atB.opened("of a").Third
		if third == nil || third.Object != objects.Snapshot(a).Imports[0].Object {
			t.Fatalf("the objects have different numbers: %+v", third)
		}
		round := wire.Claim{Q: 1, Object: third.Object, Via: a.Incarnation(), Expiry: third.Expiry, MAC: third.MAC}
		if answer := atB.claim(round); answer.Status != wire.ClaimDenied {
			t.Errorf("turned round, the introducer answers %+v", answer)
		}
		straight := round
		straight.Via = b.Incarnation()
		if answer := atA.claim(straight); answer.Status != wire.ClaimOK {
			t.Errorf("as it is meant, the owner answers %+v", answer)
		}
		for _, v := range []sample.Thing{ofA, ofB} {
			if err := add(t, v); err != nil {
				t.Error(err)
			}
		}
	})
}

// acceptAnybody answers every dial as whoever is wanted there, and says nothing more.
func acceptAnybody(t *testing.T, l transport.Listener) {
	for {
		link, err := l.Accept()
		if err != nil {
			return
		}
		var hello wire.Hello
		if err := wire.ReadHello(link, &hello); err != nil {
			t.Error(err)
		}
		ack := wire.HelloAck{Hello: rawHello(), Status: wire.StatusNew}
		ack.Incarnation = *hello.WantPeer
		if err := wire.WriteHelloAck(link, &ack); err != nil {
			t.Error(err)
		}
		if _, err := wire.ReadGo(link); err != nil {
			t.Error(err)
		}
		conn, err := link.Open(transport.Acceptor, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		p := &rawPeer{t: t, conn: conn, lane: make(chan []byte, 1000), turn: make(chan struct{}, 1)}
		go conn.Serve(p)
	}
}

// TestOwnersOfOneIntroducer: one that introduces owner after owner, all of which answer,
// has as many sessions made as Limits.Owners, also one after the other.
func TestOwnersOfOneIntroducer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 5
		config := quiet
		config.Limits.Owners = most
		kit := objtest.NewConfig(t, config)
		user := kit.Node()
		l, err := transport.Listen(t.Context(), "pipe://anybody", &transport.Config{PipeNet: kit.PipeNet()})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go acceptAnybody(t, l)
		raw := claims(t, kit.PipeNet(), user, introducible())
		for n := range uint64(4 * most) {
			third := &wire.Introduction{Owner: uuid.New(), Object: 1, Addrs: []string{l.URL()}}
			raw.sendCall(&wire.Call{ID: 1 + n, Method: pingMethod, Caps: []wire.Cap{{Kind: wire.CapThird, XID: 1 + n, Object: 1 + n, Iface: thingName, Third: third}}}, emptyArgs)
			if n%3 == 0 {
				settled()
			}
		}
		settled()
		if n := user.Stats().Sessions; n != 1+most {
			t.Errorf("%d sessions, of which one is the introducer's", n)
		}
	})
}
