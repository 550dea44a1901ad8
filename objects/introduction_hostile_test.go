package objects_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/transport"
)

const thingName = "github.com/netobj/netobj/objects/internal/sample.Thing"

// introductionOf is what the introducer tells a raw peer of the owner's root.
func (m *trio) introductionOf(t *testing.T, p *rawPeer) *wire.Introduction {
	t.Helper()
	if err := objects.Publish(m.introducer, "introduced", m.near); err != nil {
		t.Fatal(err)
	}
	defer objects.Unpublish(m.introducer, "introduced")
	third := p.opened("introduced").Third
	if third == nil {
		t.Fatal("the object is not introduced")
	}
	return third
}

// TestT4ClaimsAreRefused that are not as the introducer made them, for whom it made
// them, while it holds the object and has a session.
func TestT4ClaimsAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, m *trio, claim *wire.Claim)
		want   wire.ClaimStatus
	}{
		"good":                   {func(*testing.T, *trio, *wire.Claim) {}, wire.ClaimOK},
		"other object":           {func(_ *testing.T, _ *trio, c *wire.Claim) { c.Object++ }, wire.ClaimDenied},
		"later expiry":           {func(_ *testing.T, _ *trio, c *wire.Claim) { c.Expiry += time.Millisecond }, wire.ClaimDenied},
		"forged":                 {func(_ *testing.T, _ *trio, c *wire.Claim) { c.MAC[31] ^= 1 }, wire.ClaimDenied},
		"other introducer":       {func(_ *testing.T, m *trio, c *wire.Claim) { c.Via = m.user.Incarnation() }, wire.ClaimDenied},
		"introducer of no kind":  {func(_ *testing.T, _ *trio, c *wire.Claim) { c.Via = uuid.New() }, wire.ClaimExpired},
		"expired":                {func(*testing.T, *trio, *wire.Claim) { <-time.After(61 * time.Second) }, wire.ClaimExpired},
		"introducer has let go":  {func(t *testing.T, m *trio, _ *wire.Claim) { objects.Release(m.near); settled() }, wire.ClaimGone},
		"introducer said bye":    {func(_ *testing.T, m *trio, _ *wire.Claim) { m.introducer.Close(); settled() }, wire.ClaimExpired},
		"introducer is cut off":  {func(_ *testing.T, m *trio, _ *wire.Claim) { m.kit.Cut(m.introducer) }, wire.ClaimOK},
		"the object is no more":  {func(_ *testing.T, m *trio, c *wire.Claim) { objects.Release(m.near); objects.Release(m.far); settled() }, wire.ClaimGone},
		"long after, in time":    {func(*testing.T, *trio, *wire.Claim) { <-time.After(55 * time.Second) }, wire.ClaimOK},
		"again with another way": {func(_ *testing.T, m *trio, c *wire.Claim) { c.Q = 1 << 40 }, wire.ClaimOK},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newTrio(t, quiet)
				if err := add(t, m.far); err != nil {
					t.Fatal(err)
				}
				hello := introducible()
				third := m.introductionOf(t, claims(t, m.kit.PipeNet(), m.introducer, hello))
				claim := wire.Claim{Q: 1, Object: third.Object, Via: m.introducer.Incarnation(), Expiry: third.Expiry, MAC: third.MAC}
				c.change(t, m, &claim)
				if answer := claims(t, m.kit.PipeNet(), m.owner, hello).claim(claim); answer.Status != c.want || (answer.XID == 0) != (c.want != wire.ClaimOK) || answer.Q != claim.Q {
					t.Errorf("%+v", answer)
				}
			})
		})
	}
}

// TestT4AnIntroductionIsForItsRecipientAlone, who may use it twice.
func TestT4AnIntroductionIsForItsRecipientAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		hello, thief := introducible(), introducible()
		third := m.introductionOf(t, claims(t, m.kit.PipeNet(), m.introducer, hello))
		claim := wire.Claim{Q: 1, Object: third.Object, Via: m.introducer.Incarnation(), Expiry: third.Expiry, MAC: third.MAC}
		if answer := claims(t, m.kit.PipeNet(), m.owner, thief).claim(claim); answer.Status != wire.ClaimDenied {
			t.Errorf("the thief is answered %+v", answer)
		}
		atOwner := claims(t, m.kit.PipeNet(), m.owner, hello)
		first := atOwner.claim(claim)
		claim.Q++
		if again := atOwner.claim(claim); again.Status != wire.ClaimOK || again.XID != first.XID {
			t.Errorf("replayed: %+v after %+v", again, first)
		}
		if err := add(t, m.far); err != nil {
			t.Error(err)
		}
	})
}

// TestT2ASecretFromBothHandshakes: whoever computes it as docs/PROTOCOL.md says can
// introduce; here a raw peer introduces another one to what it holds.
func TestT2ASecretFromBothHandshakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		hello, friend := introducible(), introducible()
		raw := claims(t, m.kit.PipeNet(), m.owner, hello)
		if err := objects.Publish[sample.Thing](m.owner, "thing", m.local); err != nil {
			t.Fatal(err)
		}
		given := raw.opened("thing")
		h := hmac.New(sha256.New, nil)
		h.Write([]byte("netobj session\x00"))
		for _, part := range [][16]byte{*hello.Nonce, *raw.ack.Nonce, hello.Incarnation, raw.ack.Incarnation} {
			h.Write(part[:])
		}
		const expiry = time.Minute
		mac := wire.ClaimMAC(h.Sum(nil), raw.ack.Incarnation, given.Object, wire.Recipient{Incarnation: friend.Incarnation}, expiry)
		claim := wire.Claim{Q: 1, Object: given.Object, Via: hello.Incarnation, Expiry: expiry, MAC: mac}
		atOwner := claims(t, m.kit.PipeNet(), m.owner, friend)
		if answer := atOwner.claim(claim); answer.Status != wire.ClaimOK {
			t.Errorf("%+v", answer)
		}
		// What it does not hold it cannot give away, though it can compute the code.
		secret := &thing{}
		if err := objects.Publish[sample.Thing](m.owner, "secret", secret); err != nil {
			t.Fatal(err)
		}
		other := given.Object + 1
		mac = wire.ClaimMAC(h.Sum(nil), raw.ack.Incarnation, other, wire.Recipient{Incarnation: friend.Incarnation}, expiry)
		if answer := atOwner.claim(wire.Claim{Q: 2, Object: other, Via: hello.Incarnation, Expiry: expiry, MAC: mac}); answer.Status != wire.ClaimGone {
			t.Errorf("an object that it does not hold: %+v", answer)
		}
	})
}

// TestAPeerWithoutIntroductionsGetsForwarders: an old one says nothing of them.
func TestAPeerWithoutIntroductionsGetsForwarders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		if err := objects.Publish(m.introducer, "passed on", m.near); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*wire.Hello){
			"no feature": func(h *wire.Hello) { h.Features = nil },
			"no nonce":   func(h *wire.Hello) { h.Nonce = nil },
		} {
			hello := introducible()
			change(&hello)
			if got := claims(t, m.kit.PipeNet(), m.introducer, hello).opened("passed on"); got.Kind != wire.CapMine || got.Third != nil {
				t.Errorf("%s: %+v", name, got)
			}
		}
		objects.Unpublish(m.introducer, "passed on")
	})
}

// TestManyClaimsAtOnce breaks the protocol; the owner answers as long as it is read.
func TestManyClaimsAtOnce(t *testing.T) {
	m := newTrioAt(t, quiet, "tcp://127.0.0.1:0")
	raw := claims(t, nil, m.owner, introducible())
	raw.turn <- struct{}{} // reads nothing
	for q := uint64(1); q <= 10_000; q++ {
		if raw.conn.Send(t.Context(), (&wire.Claim{Q: q, Object: 1, Via: m.introducer.Incarnation()}).Append(nil), nil) != nil {
			break
		}
	}
	<-raw.turn
	if err := add(t, m.far); err != nil {
		t.Error(err)
	}
}

// hole is an address at which somebody takes connections and says nothing.
func hole(t *testing.T, m *trio) (url string) {
	t.Helper()
	l, err := transport.Listen(t.Context(), "pipe://hole", &transport.Config{PipeNet: m.kit.PipeNet()})
	if err != nil {
		t.Fatal(err)
	}
	var links []transport.Link
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			link, err := l.Accept()
			if err != nil {
				return
			}
			links = append(links, link)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, link := range links {
			link.Close()
		}
	})
	return l.URL()
}

// TestTenThousandIntroductions of owners that do not answer: of one introducer, 256 are
// being claimed at once, and 8 owners dialled; the rest are forwarders. Others are
// claimed as ever, and in the end nothing is left.
func TestTenThousandIntroductions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, quiet)
		url := hole(t, m)
		hello := introducible()
		raw := claims(t, m.kit.PipeNet(), m.user, hello)
		for i := range uint64(100) {
			call := wire.Call{ID: 1 + i, Method: pingMethod}
			for k := range uint64(100) {
				n := 100*i + k + 1
				call.Caps = append(call.Caps, wire.Cap{Kind: wire.CapThird, XID: n, Object: n, Iface: thingName,
					Third: &wire.Introduction{Owner: uuid.New(), Object: n, Addrs: []string{url}}})
			}
			raw.sendCall(&call, emptyArgs)
		}
		raw.arrive()
		if n := m.user.Stats().Claims; n != 256 {
			t.Errorf("%d objects are being claimed", n)
		}
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if far := m.introduce(t, made); !objects.Direct(t.Context(), far) {
			t.Error("an honest introduction comes to nothing")
		}
		<-time.After(256 / 8 * 6 * time.Second)
		if n := m.user.Stats().Claims; n != 0 {
			t.Errorf("%d objects are still being claimed", n)
		}
		if err := add(t, m.far); err != nil {
			t.Error(err)
		}
	})
}

// takes hands on what Same is given.
type takes struct {
	thing
	kept taker
}

type taker chan sample.Thing

func (k *takes) Same(_ context.Context, v sample.Thing) (sample.Thing, error) {
	k.kept <- v
	return nil, nil
}

// TestNobodyComesBetween: who says that it introduces an object, and lies, is not asked
// when the owner gives the same object, or somebody who holds it.
func TestNobodyComesBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newTrio(t, forwarding)
		made, err := m.near.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		object := objects.Snapshot(m.introducer).Imports[1].Object
		raw := claims(t, m.kit.PipeNet(), m.user, introducible())
		kept := make(taker, 1)
		if err := objects.Publish[sample.Thing](m.user, "keep", &takes{kept: kept}); err != nil {
			t.Fatal(err)
		}
		lie := wire.Cap{Kind: wire.CapThird, XID: 1, Object: 1, Iface: thingName, Third: &wire.Introduction{Owner: m.owner.Incarnation(), Object: object}}
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("keep")}, Method: thingMethod("Same"), Caps: []wire.Cap{lie}}, marshal.AppendUint(marshal.AppendArray(nil, 1), 0))
		theirs := <-kept
		settled() // nobody may be dialled: it stays with who lied
		straight := lend(t, m.owner, m.user, m.local.made[0])
		through := m.introduce(t, made)
		for name, v := range map[string]sample.Thing{"the owner": straight, "the introducer": through} {
			if err := add(t, v); err != nil || v == theirs {
				t.Errorf("from %s: %v", name, err)
			}
		}
	})
}

// TestT8AnotherProcessOnThePort is never taken for the owner, and the next address is
// tried.
func TestT8AnotherProcessOnThePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // of something else
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, "220 mail.example.com")
			conn.Close()
		}
	}()
	config := quiet
	m := newTrioAt(t, config, "tcp://127.0.0.1:0")
	other := m.kit.NodeAt("tcp://127.0.0.1:0")
	socket := "unix://" + filepath.Join(t.TempDir(), "s")
	advertise := objects.Config{Logger: quiet.Logger, Advertise: []string{other.Addrs()[0], "tcp://" + l.Addr().String(), "tcp://127.0.0.1:1", socket}}
	owner, err := objects.Listen(t.Context(), socket, &advertise)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	far := m.introduce(t, lend(t, owner, m.introducer, &thing{}))
	if err := add(t, far); err != nil {
		t.Error(err)
	}
	if n := other.Stats().Sessions; n != 0 {
		t.Errorf("the other node has %d sessions", n)
	}
	objects.Release(far)
}
