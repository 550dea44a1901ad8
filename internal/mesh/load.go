package mesh

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/objects"
)

// load is what a member does on its own: its workers make steps, each a random one.
type load struct {
	steps   atomic.Int64
	untold  atomic.Int64  // steps that Tell has not told of
	missed  atomic.Int64  // of these, those that did not find a peer
	stop    chan struct{} // nil while at rest
	workers sync.WaitGroup
}

const (
	stepsPerReport = 100 // between two events that say that the member works
	mostHeld       = 100 // cells; one that holds more only drops
	longestPath    = 5   // a reference that came through more is not passed on
)

func (l *load) begin(m *member) {
	if l.stop != nil {
		return
	}
	l.stop = make(chan struct{})
	for range m.config.Workers {
		l.workers.Go(func() { m.work(l.stop) })
	}
}

func (l *load) end() {
	if l.stop == nil {
		return
	}
	close(l.stop)
	l.workers.Wait()
	l.stop = nil
}

// work makes steps until stop is closed.
func (m *member) work(stop chan struct{}) {
	ticker := time.NewTicker(m.config.Pause)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		m.step()
		m.load.untold.Add(1)
		if m.load.steps.Add(1)%stepsPerReport == 0 {
			m.say.say(Event{Kind: Worked})
		}
	}
}

// step does one thing that a process does with others' objects.
func (m *member) step() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := rand.IntN(100)
	if m.held.len() > mostHeld {
		n = 90
	}
	switch {
	case n < 25:
		m.stepTouch(ctx)
	case n < 90:
		m.stepWithPeer(ctx, n)
	case n < 99:
		m.stepDrop()
	default:
		runtime.GC()
	}
}

// stepTouch calls a cell.
func (m *member) stepTouch(ctx context.Context) {
	if cell, one, ok := m.held.some(); ok {
		if failure := m.touch(ctx, cell, one); failure != nil {
			m.report(cell, failure)
		}
	}
}

// report says that a call failed, unless it was this process that released the cell.
func (m *member) report(cell Cell, f *Failure) {
	if cell != nil && f.Code == objects.CodeReleased && m.held.wasReleased(cell) {
		return
	}
	m.say.failed(*f)
}

// stepDrop lets go of a cell.
func (m *member) stepDrop() {
	cell, one, ok := m.held.some()
	switch {
	case !ok:
	case rand.IntN(2) == 0:
		m.free(cell, one)
	default:
		m.held.drop(cell)
	}
}

// stepWithPeer makes a cell at another member, passes one on, or gets one.
func (m *member) stepWithPeer(ctx context.Context, n int) {
	m.mu.Lock()
	peers := m.peers
	m.mu.Unlock()
	if len(peers) == 0 {
		return
	}
	p := peers[rand.IntN(len(peers))]
	f, err := m.friend(ctx, p.URL)
	if err != nil {
		m.load.missed.Add(1) // it may have been killed, or replaced, before we knew
		m.hung(ctx, err)
		return
	}
	if !m.trade(ctx, f, n) {
		m.unfriend(p.URL)
	}
}

// trade does one thing with a peer, and reports whether it seems to be there still.
func (m *member) trade(ctx context.Context, f friend, n int) bool {
	var cell Cell
	var origin Origin
	var err error
	failure := Failure{Peer: f.incarnation}
	switch {
	case n < 45:
		failure.Op = "make"
		cell, origin, err = f.Make(ctx)
	case n < 65:
		failure.Op = "lend"
		cell, origin, err = f.Lend(ctx)
	default:
		return m.pass(ctx, f)
	}
	switch {
	case err != nil:
		return m.failed(ctx, nil, failure, err)
	case cell != nil:
		m.hold(cell, origin)
	}
	return true
}

// pass passes a cell on.
func (m *member) pass(ctx context.Context, f friend) bool {
	cell, one, ok := m.held.some()
	if !ok || !m.mayPass(cell, one.origin) {
		return true
	}
	err := f.Keep(ctx, cell, m.passedOn(one.origin))
	if err == nil {
		return true
	}
	m.dropEnded(cell)
	return m.failed(ctx, cell, Failure{Op: "keep", Peer: f.incarnation, Cell: &one.origin, Direct: one.direct}, err)
}

// mayPass reports whether cell may be passed on: it has not come a long way, nor through
// this process before.
func (m *member) mayPass(c Cell, origin Origin) bool {
	_, own := c.(*cell)
	return own || len(origin.Path) < longestPath && !slices.Contains(origin.Path, m.incarnation)
}

// failed reports what failed, and whether its peer seems to be there still.
func (m *member) failed(ctx context.Context, cell Cell, f Failure, err error) bool {
	f = f.describe(err)
	m.hung(ctx, err)
	if f.Op == "lend" && f.Outcome == objects.FailedThere {
		return true // what the peer was about to lend ended meanwhile
	}
	m.report(cell, &f)
	return false
}

// hung says so if err is of a call that took all the time that there was. A dial that
// takes too long fails earlier.
func (m *member) hung(ctx context.Context, err error) {
	if ctx.Err() != nil {
		m.say.wrong("a call hung: %v", err)
	}
}
