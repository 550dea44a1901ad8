package objects_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
)

// patient is a thing whose Nest takes as long as it may.
type patient struct{ *thing }

func (patient) Nest(ctx context.Context, _ sample.Thing, _ int) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// TestReferencesEndBeforeTheirCalls: who sees a call fail with its session finds that
// the reference has ended, and need not try it again. Some calls were under way when the
// connection was lost, the others wait for the next one; there are so many methods to be
// ended beside them that it takes a while.
func TestReferencesEndBeforeTheirCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made := make([]sample.Thing, 2000)
		for i := range made {
			var err error
			if made[i], err = p.remote.Make(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var callers sync.WaitGroup
		for range 200 {
			callers.Go(func() { p.remote.Nest(t.Context(), patient{&thing{}}, 1) })
		}
		crowd := func() {
			for i := range 100 {
				callers.Go(func() {
					one := made[i*len(made)/100]
					err := one.Wait(t.Context())
					if alive := objects.Alive(one); !errors.Is(err, objects.ErrUnreachable) || alive.Err() == nil {
						t.Errorf("Wait = %v, and the reference has ended: %v", err, alive.Err())
					}
				})
			}
			synctest.Wait()
		}
		crowd()
		p.kit.Part(p.server)
		crowd()
		callers.Wait()
	})
}

// TestReleasesWaitForAConnection, and do not try all the time: in the bubble, no time
// would pass then.
func TestReleasesWaitForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPair(t, quiet)
		made := make([]sample.Thing, 600)
		for i := range made {
			var err error
			if made[i], err = p.remote.Make(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.kit.Part(p.server)
		synctest.Wait()
		for _, one := range made {
			objects.Release(one)
		}
		<-time.After(10 * time.Second)
		p.kit.Heal(p.server)
		resumed(t, p)
		if n := p.server.Stats().Exports; n != 1 {
			t.Errorf("%d objects are exported, want the published one", n)
		}
	})
}
