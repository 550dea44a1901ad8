package objects_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// forgetful is a node that keeps no answer.
var forgetful = objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Answers: -1}}

// loseAnswer makes a call, and breaks the connection while its answer is on its way.
func loseAnswer(p *pair, call func() error) error {
	synctest.Wait()   // no earlier call counts as incoming
	p.local.mu.Lock() // holds the method up
	outcome := make(chan error, 1)
	go func() { outcome <- call() }()
	for p.server.Stats().Incoming == 0 {
		runtime.Gosched()
	}
	p.kit.Freeze(p.server)
	p.local.mu.Unlock()
	synctest.Wait() // the answer is on its way, to nowhere
	p.kit.Cut(p.server)
	return <-outcome
}

// counted has p's object count the calls of Add, and waits in each for its lock.
func counted(p *pair) *atomic.Int64 {
	var ran atomic.Int64
	p.local.calls = func(context.Context, int64) {
		ran.Add(1)
		p.local.mu.Lock()
		defer p.local.mu.Unlock()
	}
	return &ran
}

// TestC2AnswersThatWereLostComeAgain: the method has run, and is not run again.
func TestC2AnswersThatWereLostComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		ran := counted(p)
		err := loseAnswer(p, func() error {
			sum, err := p.remote.Add(t.Context(), 1, 2)
			if sum != 3 {
				t.Errorf("the sum is %d", sum)
			}
			return err
		})
		if err != nil || ran.Load() != 1 {
			t.Errorf("Add = %v, it ran %d times", err, ran.Load())
		}
		resumed(t, p)
	})
}

// TestC2AnswersThatAreNotKeptAreUnknown: the method has run, and is not run again; the
// error says what to do.
func TestC2AnswersThatAreNotKeptAreUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, forgetful)
		ran := counted(p)
		err := loseAnswer(p, func() error {
			_, err := p.remote.Add(t.Context(), 1, 2)
			return err
		})
		if !errors.Is(err, objects.ErrOutcomeUnknown) || !errors.Is(err, objects.ErrUnreachable) || objects.OutcomeOf(err) != objects.OutcomeUnknown {
			t.Errorf("Add = %v (%v)", err, objects.OutcomeOf(err))
		}
		const want = "sample.Thing.Add (object 1 at pipe://server): peer unreachable: its answer was lost with a connection " +
			"(outcome unknown: the method may have run); find out what it did before calling again"
		if err.Error() != want {
			t.Errorf("the text is\n%v, want\n%v", err, want)
		}
		if ran.Load() != 1 {
			t.Errorf("the method ran %d times", ran.Load())
		}
		resumed(t, p)
	})
}

// TestS9KeptAnswersHoldTheirObjects: an object that only a lost answer refers to lives,
// and is granted anew.
func TestS9KeptAnswersHoldTheirObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		var made sample.Thing
		err := loseAnswer(p, func() (err error) {
			made, err = p.remote.Make(t.Context())
			return err
		})
		if err != nil || len(p.local.made) != 1 || p.local.made[0].unreferenced.Load() != 0 {
			t.Fatalf("Make = %v, %d were made", err, len(p.local.made))
		}
		if _, err := made.Add(t.Context(), 1, 2); err != nil {
			t.Error(err)
		}
		objects.Release(made)
		<-time.After(time.Second)
		if n := p.local.made[0].unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

// TestC2LargeAnswersComeAgain up to what is kept.
func TestC2LargeAnswersComeAgain(t *testing.T) {
	for size, kept := range map[int]bool{2 << 10: true, 20 << 10: true, 200 << 10: true, 2 << 20: false} {
		synctest.Test(t, func(t *testing.T) {
			p := newPair(t, quiet)
			p.local.takes = func() {
				p.local.mu.Lock()
				defer p.local.mu.Unlock()
			}
			body := make([]byte, size)
			for i := range body {
				body[i] = byte(i)
			}
			var back []byte
			err := loseAnswer(p, func() (err error) {
				back, err = p.remote.Bytes(t.Context(), body)
				return err
			})
			switch {
			case kept && (err != nil || !slices.Equal(back, body)):
				t.Errorf("%d bytes: %d came back, %v", size, len(back), err)
			case !kept && !errors.Is(err, objects.ErrOutcomeUnknown):
				t.Errorf("%d bytes: %v", size, err)
			}
			if back, err := p.remote.Bytes(t.Context(), body); err != nil || !slices.Equal(back, body) {
				t.Errorf("%d bytes: %d came back later, %v", size, len(back), err)
			}
		})
	}
}

// TestC1TheLatestAnswersAreKept: of more than there is room for the oldest are lost.
func TestC1TheLatestAnswersAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, kept = 20, 8
		p := newPair(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Answers: kept}})
		ran := counted(p)
		p.local.mu.Lock()
		outcomes := make(chan error, calls)
		for range calls {
			go func() {
				_, err := p.remote.Add(t.Context(), 1, 2)
				outcomes <- err
			}()
		}
		for ran.Load() < calls {
			runtime.Gosched()
		}
		p.kit.Freeze(p.server)
		p.local.mu.Unlock()
		synctest.Wait()
		p.kit.Cut(p.server)
		answered, unknown := 0, 0
		for range calls {
			switch err := <-outcomes; {
			case err == nil:
				answered++
			case errors.Is(err, objects.ErrOutcomeUnknown):
				unknown++
			default:
				t.Error(err)
			}
		}
		if answered != kept || unknown != calls-kept || ran.Load() != calls {
			t.Errorf("%d are answered, %d unknown, %d ran", answered, unknown, ran.Load())
		}
	})
}

// grabber keeps what it is given.
type grabber struct {
	thing
	got chan sample.Thing
}

func (g *grabber) Nest(_ context.Context, back sample.Thing, _ int) (int, error) {
	g.got <- back
	return 0, nil
}

// TestC1AcknowledgedReferencesAreLetGo: that an answer with a reference has come is told
// with the next call, or by itself after a while. Of other answers many are told at once.
func TestC1AcknowledgedReferencesAreLetGo(t *testing.T) {
	rawPipe(t, objects.Limits{}, func(raw *rawPeer, node *objects.Node, _ *thing, _ *logBuffer) {
		g := &grabber{got: make(chan sample.Thing, 1)}
		if err := objects.Publish[sample.Thing](node, "grabber", g); err != nil {
			t.Fatal(err)
		}
		granted := func(xid uint64) []wire.Cap {
			return []wire.Cap{{Kind: wire.CapMine, XID: xid, Object: xid, Iface: "github.com/netobj/netobj/objects/internal/sample.Thing"}}
		}
		raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: raw.open("grabber")}, Method: thingMethod("Nest"), Caps: granted(1)}, []byte{0x82, 0x00, 0x01})
		remote := <-g.got
		done := make(chan error, 1)
		call := func(method func() error, caps []wire.Cap, body byte) []uint64 {
			go func() { done <- method() }()
			var m wire.Call
			if err := wire.ParseCall(raw.receive(wire.TypeCall), &m, 10); err != nil {
				t.Error(err)
			}
			raw.send(append((&wire.Return{ID: m.ID, Caps: caps}).AppendHead(nil, 2), 0x81, body))
			if err := <-done; err != nil {
				t.Error(err)
			}
			return m.Done
		}
		for i := range uint64(3) {
			told := call(func() error { _, err := remote.Make(raw.t.Context()); return err }, granted(7), 0)
			if i == 0 && len(told) > 0 || i > 0 && !slices.Equal(told, []uint64{i}) {
				t.Errorf("call %d tells of the answers %v", i+1, told)
			}
		}
		begun := time.Now()
		var m wire.Ack
		if err := wire.ParseAck(raw.receive(wire.TypeAck), &m); err != nil || !slices.Equal(m.IDs, []uint64{3}) || time.Since(begun) > 100*time.Millisecond {
			t.Errorf("%+v after %v, %v", m, time.Since(begun), err)
		}
		for i := range 70 {
			told := call(func() error { _, err := remote.Add(raw.t.Context(), 1, 2); return err }, nil, 3)
			if want := i > 0 && i%32 == 0; (len(told) == 32) != want || !want && len(told) > 0 {
				t.Errorf("call %d tells of the answers %v", i, told)
			}
		}
	})
}

// TestOrderOverABreak: calls that were never seen, and those that are made while there is
// no connection, begin in the order in which they were made.
func TestOrderOverABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := quiet
		config.Limits.Running = 1 // methods that run at once may be overtaken by later ones as soon as they begin
		p := newPair(t, config)
		var order []int64
		p.local.calls = func(_ context.Context, n int64) {
			p.local.mu.Lock()
			order = append(order, n)
			p.local.mu.Unlock()
			<-time.After(time.Second)
		}
		const calls = 60
		done := make(chan error, calls)
		make := func(n int) {
			go func() {
				_, err := p.remote.Add(t.Context(), int64(n), 0)
				done <- err
			}()
			synctest.Wait()
		}
		p.kit.Freeze(p.server)
		for n := range calls {
			switch n {
			case 20:
				p.kit.Part(p.server)
			case 40:
				p.kit.Heal(p.server)
				<-time.After(100 * time.Millisecond) // perhaps it has dialled, perhaps not
			}
			make(n)
		}
		for range calls {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if !slices.IsSorted(order) || len(order) != calls {
			t.Errorf("the calls began in the order %v", order)
		}
	})
}

// TestGiveUpInLine: callers that give up before their turn hold up nobody, and their
// methods do not run.
func TestGiveUpInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		var ran atomic.Int64
		p.local.calls = func(_ context.Context, n int64) { ran.Add(n) }
		p.kit.Part(p.server)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 20)
		for i := range cap(done) {
			go func() {
				with, n := t.Context(), int64(1)
				if i%2 == 0 {
					with, n = ctx, 100
				}
				_, err := p.remote.Add(with, n, 0)
				done <- err
			}()
			synctest.Wait()
		}
		cancel()
		for range cap(done) / 2 {
			if err := <-done; !errors.Is(err, context.Canceled) || objects.OutcomeOf(err) != objects.NotSent {
				t.Error(err)
			}
		}
		p.kit.Heal(p.server)
		for range cap(done) / 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if ran.Load() != 10 {
			t.Errorf("ran %d", ran.Load())
		}
	})
}

// TestUnknownOutcomes: the sentinel finds the errors of calls whose outcome is unknown,
// and not those of calls that a method made and told of.
func TestUnknownOutcomes(t *testing.T) {
	for outcome, want := range map[objects.Outcome]bool{objects.NotSent: false, objects.OutcomeUnknown: true, objects.FailedThere: false} {
		err := error(&objects.Error{Code: objects.CodeUnreachable, Op: "a", Outcome: outcome})
		if errors.Is(err, objects.ErrOutcomeUnknown) != want {
			t.Errorf("%v", err)
		}
	}
	if !strings.Contains(objects.ErrOutcomeUnknown.Error(), "unknown") {
		t.Error(objects.ErrOutcomeUnknown)
	}
}
