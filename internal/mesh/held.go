package mesh

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/netobj/netobj/objects"
)

// held is the table of the cells that a member holds: proxies, and own cells that came
// home.
type held struct {
	mu       sync.Mutex
	cells    map[Cell]*holding
	released map[Cell]struct{} // proxies that this process has released
}

// holding is one of them.
type holding struct {
	origin Origin
	direct bool // its owner was seen to be the session's peer
}

func newHeld() *held { return &held{cells: map[Cell]*holding{}, released: map[Cell]struct{}{}} }

// add holds cell. One that is held already has come on one more path.
func (h *held) add(cell Cell, origin Origin) (one *holding, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, known := h.cells[cell]
	if !known {
		one = &holding{origin: origin}
		h.cells[cell] = one
	}
	for _, p := range origin.Path {
		if !slices.Contains(one.origin.Path, p) {
			one.origin.Path = append(slices.Clip(one.origin.Path), p)
		}
	}
	one.direct = one.direct || isDirect(cell, origin)
	return one, !known
}

// look returns a copy of one as it is now.
func (h *held) look(one *holding) holding {
	h.mu.Lock()
	defer h.mu.Unlock()
	return *one
}

func (h *held) len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.cells)
}

// isDirect reports whether calls on cell are known to go to its owner, without waiting
// for that to become known.
func isDirect(cell Cell, origin Origin) bool {
	ref, err := objects.RefOf(cell)
	return err == nil && strings.Contains(ref.String(), origin.Name.Owner) && objects.Direct(ended, cell)
}

// ended is a context that has ended.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// some returns one of the cells that are held.
func (h *held) some() (Cell, holding, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for cell, one := range h.cells {
		one.direct = one.direct || isDirect(cell, one.origin)
		return cell, *one, true
	}
	return nil, holding{}, false
}

// all returns the cells that are held.
func (h *held) all() map[Cell]holding {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make(map[Cell]holding, len(h.cells))
	for cell, one := range h.cells {
		one.direct = one.direct || isDirect(cell, one.origin)
		all[cell] = *one
	}
	return all
}

// drop lets go of cell, for the garbage collector to find.
func (h *held) drop(cell Cell) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.cells, cell)
}

// release gives cell back at once.
func (h *held) release(cell Cell) {
	h.mu.Lock()
	delete(h.cells, cell)
	h.released[cell] = struct{}{}
	h.mu.Unlock()
	objects.Release(cell)
}

// wasReleased reports whether this process has released cell, be it that another of
// its goroutines did.
func (h *held) wasReleased(cell Cell) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, yes := h.released[cell]
	return yes
}

// counts returns how many cells are held, and how many of them directly.
func (h *held) counts() (all, direct int) {
	for _, one := range h.all() {
		all++
		if one.direct {
			direct++
		}
	}
	return all, direct
}

// forget lets go of the released proxies.
func (h *held) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.released)
}
