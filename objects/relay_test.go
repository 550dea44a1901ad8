package objects_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// middle is an owner, a broker that offers the owner's root as its own, and a
// user that knows only the broker.
type middle struct {
	*pair
	broker *objects.Node
	user   *objects.Node
	root   sample.Thing // the owner's root, as the user sees it
}

func newMiddle(t *testing.T) *middle {
	m := &middle{pair: newPair(t, forwarding)}
	m.broker = m.client
	if err := objects.Publish(m.broker, "passed on", m.remote); err != nil {
		t.Fatal(err)
	}
	m.user = m.kit.Node()
	var err error
	m.root, err = objects.Open[sample.Thing](t.Context(), m.user, m.broker.Addrs()[0], "passed on")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// settled lets all that is under way finish, with no garbage collection.
func settled() {
	<-time.After(time.Second)
	synctest.Wait()
}

// TestForwarderGivesBackWhatOnlyPassed shows that an object is reclaimed as soon
// as its user lets go of it, although the broker in the middle never collects
// its garbage.
func TestForwarderGivesBackWhatOnlyPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddle(t)
		made, err := m.root.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		back, err := m.root.Same(t.Context(), made) // passes through, both ways
		if err != nil || back != made {
			t.Fatalf("Same = %v, %v", back, err)
		}
		owned := m.local.made[0]
		objects.Release(made)
		settled()
		if n := owned.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

// TestForwarderKeepsWhatSurfaced shows that a reference which the broker's own
// program received outlives those who hold it through the broker.
func TestForwarderKeepsWhatSurfaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddle(t)
		kept, err := m.remote.Make(t.Context()) // the broker's own call
		if err != nil {
			t.Fatal(err)
		}
		holder := &keeper{thing: kept}
		if err := objects.Publish[sample.Thing](m.broker, "kept", holder.thing); err != nil {
			t.Fatal(err)
		}
		theirs, err := objects.Open[sample.Thing](t.Context(), m.user, m.broker.Addrs()[0], "kept")
		if err != nil {
			t.Fatal(err)
		}
		objects.Unpublish(m.broker, "kept")
		objects.Release(theirs)
		settled()
		if _, err := holder.thing.Add(t.Context(), 1, 2); err != nil {
			t.Errorf("the broker's own use: %v", err)
		}
		objects.Release(holder.thing)
	})
}

type keeper struct{ thing sample.Thing }

// TestForgetLeavesForwardersAlone shows a broker that forgets a reference which
// it passed on: the object ends with its last user.
func TestForgetLeavesForwardersAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddle(t)
		made, err := m.remote.Make(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := m.remote.Same(t.Context(), made) // a second receipt
		if err != nil || again != made {
			t.Fatal(again, err)
		}
		if err := objects.Publish(m.broker, "made", made); err != nil {
			t.Fatal(err)
		}
		theirs, err := objects.Open[sample.Thing](t.Context(), m.user, m.broker.Addrs()[0], "made")
		if err != nil {
			t.Fatal(err)
		}
		objects.Unpublish(m.broker, "made")
		owned := m.local.made[0]
		objects.Forget(made)
		settled()
		if _, err := made.Add(t.Context(), 1, 2); err != nil {
			t.Errorf("forgotten once, received twice: %v", err)
		}
		objects.Forget(made)
		settled()
		if _, err := theirs.Add(t.Context(), 1, 2); err != nil || owned.unreferenced.Load() != 0 {
			t.Errorf("the user's call: %v", err)
		}
		objects.Release(theirs)
		settled()
		if n := owned.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
		objects.Forget(m.local) // not a reference
	})
}

// TestCancelledRelayGivesBackWhatComesTooLate cancels a call through the broker;
// the object in its late result is given back without anybody's collector.
func TestCancelledRelayGivesBackWhatComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMiddle(t)
		slow := &slowMaker{thing: thing{name: "slow"}, may: make(chan struct{})}
		if err := objects.Publish[sample.Thing](m.server, "slow", slow); err != nil {
			t.Fatal(err)
		}
		near, err := objects.Open[sample.Thing](t.Context(), m.broker, m.server.Addrs()[0], "slow")
		if err != nil {
			t.Fatal(err)
		}
		if err := objects.Publish(m.broker, "slow", near); err != nil {
			t.Fatal(err)
		}
		far, err := objects.Open[sample.Thing](t.Context(), m.user, m.broker.Addrs()[0], "slow")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := far.Make(ctx)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err == nil {
			t.Error("the cancelled call succeeded")
		}
		close(slow.may)
		settled()
		if n := slow.late.unreferenced.Load(); n != 1 {
			t.Errorf("Unreferenced ran %d times", n)
		}
	})
}

// slowMaker makes its object only when it may, whatever its context says.
type slowMaker struct {
	thing
	may  chan struct{}
	late thing
}

func (s *slowMaker) Make(context.Context) (sample.Thing, error) {
	<-s.may
	return &s.late, nil
}
