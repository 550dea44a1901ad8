package lifetime

import (
	"hash/maphash"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// machine is a system of tables whose states are values of S.
type machine[S comparable] interface {
	load(s *S)          // makes tables of a state
	step(l label) bool  // does l, or reports false and changes nothing
	save() (*S, error)  // the state after a step, checked
	quiet(s *S) error   // checks a state in which nothing can happen but faults
	isFault(label) bool // whether l need not happen
	name(l label) string
}

// explored is what a search found.
type explored struct {
	states int
	full   bool     // nothing is left
	trace  []string // what leads to the violation, and what that is; nil if there is none
}

// search explores breadth first all that a machine can do from a state on, with a
// worker for each processor. A state that was met is known by 128 bits of hash.
type search[S comparable] struct {
	labels []label
	limit  int // states
	seen   [64]shard
	seeds  [2]maphash.Seed
	came   []arrival // how each state was first reached, by its number

	mu   sync.Mutex
	bad  *violation
	stop atomic.Bool
}

type shard struct {
	mu   sync.Mutex
	seen map[[2]uint64]struct{}
}

// arrival says from which state, by which label, by its place in labels.
type arrival struct {
	from  int32
	label uint8
}

type violation struct {
	arrival
	err error
}

// found is a state of the next level.
type found[S comparable] struct {
	state S
	arrival
}

// explore searches from init; workers makes a machine for each worker.
func explore[S comparable](init S, labels []label, limit, workers int, newMachine func() machine[S]) explored {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // most of the heap is what was seen, and stays
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(3 << 30))
	s := &search[S]{labels: labels, limit: limit, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range s.seen {
		s.seen[i].seen = map[[2]uint64]struct{}{}
	}
	machines := make([]machine[S], workers)
	for i := range machines {
		machines[i] = newMachine()
	}
	s.enter(&init)
	s.came = []arrival{{-1, 0}}
	level := []S{init}
	for len(level) > 0 && s.bad == nil && len(s.came) < limit {
		level = s.next(level, machines)
	}
	r := explored{states: len(s.came), full: len(level) == 0 && s.bad == nil}
	if s.bad != nil {
		r.trace = s.trace(machines[0])
	}
	return r
}

// enter reports whether a state is new.
func (s *search[S]) enter(state *S) bool {
	key := [2]uint64{maphash.Comparable(s.seeds[0], *state), maphash.Comparable(s.seeds[1], *state)}
	sh := &s.seen[key[0]%uint64(len(s.seen))]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if _, known := sh.seen[key]; known {
		return false
	}
	sh.seen[key] = struct{}{}
	return true
}

// next expands the states of a level, which are the last that were numbered.
func (s *search[S]) next(level []S, machines []machine[S]) []S {
	var next atomic.Int64
	const chunk = 64
	base := len(s.came) - len(level)
	results := make([][]found[S], len(machines))
	var workers sync.WaitGroup
	for i, m := range machines {
		workers.Go(func() {
			for !s.stop.Load() {
				from := int(next.Add(chunk)) - chunk
				if from >= len(level) {
					return
				}
				for n := from; n < min(from+chunk, len(level)); n++ {
					results[i] = s.expand(m, &level[n], int32(base+n), results[i])
				}
			}
		})
	}
	workers.Wait()
	var states []S
	for _, r := range results {
		for i := range r {
			states = append(states, r[i].state)
			s.came = append(s.came, r[i].arrival)
		}
	}
	return states
}

// expand takes every step that a state allows.
func (s *search[S]) expand(m machine[S], state *S, number int32, out []found[S]) []found[S] {
	m.load(state)
	moves := false
	for i, l := range s.labels {
		if !m.step(l) {
			continue
		}
		moves = moves || !m.isFault(l)
		to, err := m.save()
		if err != nil {
			s.violated(violation{arrival{number, uint8(i)}, err})
			return out
		}
		if s.enter(to) {
			out = append(out, found[S]{*to, arrival{number, uint8(i)}})
		}
		m.load(state)
	}
	if !moves {
		if err := m.quiet(state); err != nil {
			s.violated(violation{arrival{number, noLabel}, err})
		}
	}
	return out
}

// noLabel stands for nothing that happened.
const noLabel = 255

func (s *search[S]) violated(v violation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad == nil {
		s.bad = &v
	}
	s.stop.Store(true)
}

// trace is the way to the violation.
func (s *search[S]) trace(m machine[S]) []string {
	back := []string{"=> " + s.bad.err.Error()}
	for at := s.bad.arrival; at.from >= 0; at = s.came[at.from] {
		if at.label != noLabel {
			back = append(back, m.name(s.labels[at.label]))
		}
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}
