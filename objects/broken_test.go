package objects_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestPassingABrokenReferenceFailsHere passes a reference of one session in a call
// of another after it broke: the caller learns why, and nothing is sent.
func TestPassingABrokenReferenceFailsHere(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(p *pair)
		want error
	}{
		"released":    {func(p *pair) { objects.Release(p.remote) }, objects.ErrReleased},
		"gone":        {func(p *pair) { p.server.Close() }, objects.ErrGone},
		"unreachable": {func(p *pair) { p.kit.Cut(p.server) }, objects.ErrUnreachable},
		"disowned":    {func(p *pair) { objects.Disown(p.server, p.local, errors.New("sold")) }, objects.ErrGone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPair(t, brittle)
				other := p.kit.NodeAt("pipe://other")
				if err := objects.Publish[sample.Thing](other, "thing", &thing{}); err != nil {
					t.Fatal(err)
				}
				theirs, err := objects.Open[sample.Thing](t.Context(), p.client, "pipe://other", "thing")
				if err != nil {
					t.Fatal(err)
				}
				c.end(p)
				synctest.Wait()
				_, err = theirs.Same(t.Context(), p.remote)
				if !errors.Is(err, c.want) || objects.OutcomeOf(err) != objects.NotSent || !strings.Contains(err.Error(), "reference (object ") {
					t.Errorf("Same = %v (%v)", err, objects.OutcomeOf(err))
				}
				if n := p.client.Stats().Exports; n != 0 {
					t.Errorf("%d forwarders were made", n)
				}
			})
		})
	}
}

// TestABrokenArgumentIsNamed, not the object that is called, also if both are of one
// session.
func TestABrokenArgumentIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made, err := p.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		objects.Release(made)
		_, err = p.remote.Same(t.Context(), made)
		var argument *objects.Error
		if e, ok := err.(*objects.Error); ok {
			argument, _ = e.Cause.(*objects.Error)
		}
		if !errors.Is(err, objects.ErrReleased) || argument == nil || argument.Op != "reference" {
			t.Errorf("Same = %v", err)
		}
	})
}

// TestCallOnALostObjectSaysSoWhateverItPasses: the session's end is the reason,
// not that nothing can be granted to it any more.
func TestCallOnALostObjectSaysSoWhateverItPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.server.Close()
		synctest.Wait()
		if _, err := p.remote.Same(t.Context(), &thing{}); !errors.Is(err, objects.ErrGone) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("Same = %v", err)
		}
	})
}

// TestAReferenceThatTheMiddleReleased is gone for those who know it through the
// middle, who have released nothing, and they give it back like any other.
func TestAReferenceThatTheMiddleReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddle(t)
		made, err := m.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Publish(m.broker, "made", made); err != nil {
			t.Fatal(err)
		}
		theirs, err := objects.Open[sample.Thing](t.Context(), m.user, m.broker.Addrs()[0], "made")
		if err != nil {
			t.Fatal(err)
		}
		objects.Unpublish(m.broker, "made")
		forwarders := m.broker.Stats().Exports
		objects.Release(made)
		synctest.Wait()
		if err := context.Cause(objects.Alive(theirs)); !errors.Is(err, objects.ErrGone) {
			t.Errorf("Alive ended with %v", err)
		}
		objects.Release(theirs)
		settled()
		if n := m.broker.Stats().Exports; n != forwarders-1 {
			t.Errorf("%d forwarders before the release, %d after it", forwarders, n)
		}
	})
}

// TestStragglersAreCounted: a method that Close left behind holds its object and
// counts until it returns; then nothing is left.
func TestStragglersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		p.local.started, p.local.block = make(chan struct{}, 1), make(chan struct{})
		go p.remote.Wait(t.Context())
		<-p.local.started
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.server.Shutdown(ctx); err == nil {
			t.Error("Shutdown names nobody")
		}
		if s := p.server.Stats(); s.Incoming != 1 || s.Sessions != 0 {
			t.Errorf("with a straggler: %+v", s)
		}
		close(p.local.block)
		synctest.Wait()
		if s := p.server.Stats(); s != (objects.Stats{}) {
			t.Errorf("in the end: %+v", s)
		}
		if n := p.local.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

// TestAResultCutOffByTheConnection loses the connection in the middle of a large
// result: it is the connection that is to blame, and nobody saw the call's end.
func TestAResultCutOffByTheConnection(t *testing.T) {
	p := newPairAt(t, brittle, "tcp://127.0.0.1:0")
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() {
		in, err := front.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", strings.TrimPrefix(p.server.Addrs()[0], "tcp://"))
		if err != nil {
			return
		}
		go io.Copy(out, in)
		io.CopyN(in, out, 1<<20) // of the answer
		in.Close()
		out.Close()
	}()
	client := objects.NewNode(&brittle)
	defer client.Close()
	far, err := objects.Open[sample.Thing](t.Context(), client, "tcp://"+front.Addr().String(), "thing")
	if err != nil {
		t.Fatal(err)
	}
	_, err = far.Bytes(t.Context(), make([]byte, 3<<20))
	if !errors.Is(err, objects.ErrUnreachable) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
		t.Errorf("Bytes = %v (%v)", err, objects.OutcomeOf(err))
	}
}
