package objects_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// TestIdempotentCallsAreMadeAgain when their answer was lost and not kept.
func TestIdempotentCallsAreMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, named, ran := newNamed(t)
		err := loseAnswer(p, func() error {
			name, err := named.Name(t.Context())
			if name != "root" {
				t.Errorf("the name is %q", name)
			}
			return err
		})
		if err != nil || ran.Load() != 2 {
			t.Errorf("Name = %v, it ran %d times", err, ran.Load())
		}
	})
}

// newNamed returns a pair of nodes that keep no answers, with an object of an interface
// with an idempotent method.
func newNamed(t *testing.T) (*pair, sample.Named, *atomic.Int64) {
	t.Helper()
	p := newPair(t, forgetful)
	named, err := objects.As[sample.Named](t.Context(), p.remote)
	if err != nil {
		t.Fatal(err)
	}
	var ran atomic.Int64
	p.local.named = func() {
		ran.Add(1)
		p.local.mu.Lock()
		defer p.local.mu.Unlock()
	}
	return p, named, &ran
}

// TestIdempotentCallsEnd: neither the caller's context, nor a session or an object that
// has ended, lets a call be made again; that it may have run is not forgotten.
func TestIdempotentCallsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(p *pair, cancel context.CancelFunc) // when the second try runs
		want      error
	}{
		"with the context": {func(_ *pair, cancel context.CancelFunc) { cancel(); synctest.Wait() }, context.Canceled},
		"with the session": {func(p *pair, _ context.CancelFunc) {
			p.kit.Part(p.server)
			<-time.After(2 * time.Minute)
			p.kit.Heal(p.server)
		}, objects.ErrUnreachable},
		"with the object": {func(p *pair, _ context.CancelFunc) {
			p.kit.Freeze(p.server)
			objects.Disown(p.server, p.local, errors.New("sold"))
			p.kit.Cut(p.server)
		}, objects.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, named, ran := newNamed(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				again, leave, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
				slow := p.local.named
				p.local.named = func() {
					slow()
					if ran.Load() == 2 {
						close(again)
						<-leave
					}
				}
				go func() {
					<-again
					c.meanwhile(p, cancel)
					close(leave)
					close(left)
				}()
				err := loseAnswer(p, func() error {
					_, err := named.Name(ctx)
					return err
				})
				<-left
				if !errors.Is(err, c.want) || !errors.Is(err, objects.ErrOutcomeUnknown) {
					t.Errorf("Name = %v", err)
				}
				if ran.Load() > 3 {
					t.Errorf("it ran %d times", ran.Load())
				}
			})
		})
	}
}

// TestAnIdempotentCallThatIsRefused when it is made again may have run before. It is not
// made once more.
func TestAnIdempotentCallThatIsRefused(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, _ *thing, _ *logBuffer) {
		g := &grabber{got: make(chan sample.Thing, 1)}
		if err := objects.Publish[sample.Thing](node, "grabber", g); err != nil {
			t.Fatal(err)
		}
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("grabber")}, Method: thingMethod("Nest"),
			Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: "github.com/netobj/netobj/objects/internal/sample.Named"}}}, []byte{0x82, 0x00, 0x01})
		named := sample.NewNamedProxy(refOf(<-g.got))
		done := make(chan error, 1)
		go func() {
			_, err := named.Name(raw.t.Context())
			done <- err
		}()
		for _, outcome := range []objects.Outcome{objects.OutcomeUnknown, objects.NotSent} {
			var m wire.Call
			if err := wire.ParseCall(raw.receive(wire.TypeCall), &m, 10); err != nil {
				t.Fatal(err)
			}
			fault := append([]byte{0x84, byte(objects.CodeUnreachable)}, 0xf6, 0x60, byte(outcome))
			raw.send(append((&wire.Return{ID: m.ID, Status: wire.StatusFault}).AppendHead(nil, len(fault)), fault...))
		}
		begun := time.Now()
		if err := <-done; objects.OutcomeOf(err) != objects.OutcomeUnknown || time.Since(begun) > 0 {
			t.Errorf("Name = %v (%v) after %v", err, objects.OutcomeOf(err), time.Since(begun))
		}
	})
}
