package registry_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/boltstore"
	"github.com/netobj/netobj/registry/internal/sample"
)

// The tests of this file let clients use a few names at the same time, while
// the registry is ended and started again, and then ask whether one order of
// their operations explains all answers: each operation at some moment between
// its call and its return, as if the registry had done one after the other.

type verb string

const (
	bindVerb   verb = "bind"
	rebindVerb verb = "rebind"
	unbindVerb verb = "unbind"
	lookupVerb verb = "lookup"
)

// input is what a client asks.
type input struct {
	verb verb
	name string
	id   uuid.UUID // of the record to be bound
}

// output is what it is told.
type output struct {
	answer answer
	id     uuid.UUID // of the record found
}

type answer string

const (
	ok       answer = "ok"
	notFound answer = "not found"
	bound    answer = "bound"
	spent    answer = "spent"
	unknown  answer = "unknown" // the connection was lost
)

// state is one name in the eyes of the model.
type state struct {
	id    uuid.UUID // of the record; nil if the name is not bound
	spent string    // the ids that may not come back, 16 bytes each
}

func (s state) isSpent(id uuid.UUID) bool {
	for used := range slices.Chunk([]byte(s.spent), 16) {
		if uuid.UUID(used) == id {
			return true
		}
	}
	return false
}

// become is s with another record, or none.
func (s state) become(id uuid.UUID) state {
	if s.id != uuid.Nil && s.id != id {
		s.spent += string(s.id[:])
	}
	s.id = id
	return s
}

// do is what a registry must answer, and what becomes of the name.
func (s state) do(in input) (output, state) {
	switch {
	case in.verb == lookupVerb && s.id == uuid.Nil, in.verb == unbindVerb && s.id == uuid.Nil:
		return output{answer: notFound}, s
	case in.verb == lookupVerb:
		return output{ok, s.id}, s
	case in.verb == unbindVerb:
		return output{answer: ok}, s.become(uuid.Nil)
	case s.id == in.id:
		return output{answer: ok}, s // renewed
	case s.id != uuid.Nil && in.verb == bindVerb:
		return output{answer: bound}, s
	case s.isSpent(in.id):
		return output{answer: spent}, s
	}
	return output{answer: ok}, s.become(in.id)
}

// model is the registry as porcupine checks it, one name at a time.
var model = (&porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byName := map[string][]porcupine.Operation{}
		for _, o := range history {
			name := o.Input.(input).name
			byName[name] = append(byName[name], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byName {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []any { return []any{state{}} },
	Step: func(before, in, out any) []any {
		want, after := before.(state).do(in.(input))
		switch {
		case out.(output).answer == unknown:
			return []any{before, after}
		case out == any(want):
			return []any{after}
		}
		return nil
	},
}).ToModel()

func linearizable(t *testing.T, history []porcupine.Operation) bool {
	t.Helper()
	switch porcupine.CheckOperationsTimeout(model, history, time.Minute) {
	case porcupine.Ok:
		return true
	case porcupine.Unknown:
		t.Fatal("the history is too hard to check")
	}
	return false
}

// recorder collects a history.
type recorder struct {
	clock atomic.Int64

	mu      sync.Mutex
	history []porcupine.Operation
	answers map[answer]int
}

func (r *recorder) add(o porcupine.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history = append(r.history, o)
	r.answers[o.Output.(output).answer]++
}

// use makes random operations until the registry is gone.
func (r *recorder) use(ctx context.Context, client int, names registry.Registry, random *rand.Rand, l *life) {
	object, _ := objects.RefOf[sample.Customer](customer("x"))
	used := map[string][]uuid.UUID{} // by name
	for {
		in := input{
			verb: []verb{bindVerb, bindVerb, rebindVerb, unbindVerb, lookupVerb, lookupVerb}[random.IntN(6)],
			name: []string{"a", "b", "c"}[random.IntN(3)],
			id:   uuid.Must(uuid.NewV7()),
		}
		if ids := used[in.name]; len(ids) > 0 && random.IntN(3) == 0 {
			in.id = ids[random.IntN(len(ids))] // as an owner does that comes back
		}
		used[in.name] = append(used[in.name], in.id)
		o := porcupine.Operation{ClientId: client, Input: in, Call: r.clock.Add(1)}
		out, err := perform(ctx, names, object, in)
		if err != nil {
			if objects.OutcomeOf(err) == objects.OutcomeUnknown {
				<-l.ended
				o.Output, o.Return = output{answer: unknown}, r.clock.Add(1)
				r.add(o)
			}
			return
		}
		o.Output, o.Return = out, r.clock.Add(1)
		r.add(o)
		select {
		case l.answered <- struct{}{}:
		case <-l.ending:
		}
	}
}

// perform carries out one operation. The error is that of the call.
func perform(ctx context.Context, names registry.Registry, object *proxy.Ref, in input) (output, error) {
	var err error
	out := output{answer: ok}
	switch in.verb {
	case lookupVerb:
		var e registry.Entry
		_, e, err = names.Lookup(ctx, in.name)
		out.id = e.ID
	case unbindVerb:
		err = names.Unbind(ctx, in.name)
	default:
		_, err = names.Bind(ctx, in.name, object, registry.Terms{ID: in.id, Replace: in.verb == rebindVerb})
	}
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return output{answer: notFound}, nil
	case errors.Is(err, registry.ErrBound):
		return output{answer: bound}, nil
	case errors.Is(err, registry.ErrSpent):
		return output{answer: spent}, nil
	case errors.Is(err, registry.ErrNameUnreachable):
		return out, nil // it is bound
	case errors.Is(err, objects.ErrReleased):
		return perform(ctx, names, object, in) // the object was replaced under the answer
	}
	return out, err
}

// life is the time from a registry's start to its end.
type life struct {
	answered chan struct{} // one token for each answer
	ending   chan struct{} // closed when the registry is about to be ended
	ended    chan struct{} // closed when nothing can happen in it any more
}

const rounds, clients, answersPerRound = 6, 4, 150

// record makes a history. Each round has a life of the registry on a store that
// open returns.
func record(t *testing.T, open func() registry.Store) *recorder {
	r := &recorder{answers: map[answer]int{}}
	random := rand.New(rand.NewPCG(7, 8))
	for round := range rounds {
		w := newWorldIn(t, objtest.NewConfig(t, objects.Config{Lease: -1}), open()) // it crashes for good
		l := &life{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		var working sync.WaitGroup
		for client := range clients {
			names, err := objects.Open[registry.Registry](t.Context(), w.kit.Node(), registryURL, registry.RootName)
			check(t, err)
			seed := random.Uint64()
			working.Go(func() { r.use(t.Context(), client, names, rand.New(rand.NewPCG(seed, 0)), l) })
		}
		for range answersPerRound {
			<-l.answered
		}
		close(l.ending)
		if round%3 == 2 {
			w.stop()
		} else {
			w.crash()
		}
		check(t, w.store.Close())
		close(l.ended)
		working.Wait()
	}
	return r
}

// kept is a store that survives its Close, as one in a file does.
type kept struct{ registry.Store }

func (kept) Close() error { return nil }

func TestHistoriesAreLinearizable(t *testing.T) {
	memory := kept{registry.NewMemoryStore()}
	file := filepath.Join(t.TempDir(), "names")
	for name, open := range map[string]func() registry.Store{
		"memory": func() registry.Store { return memory },
		"bbolt": func() registry.Store {
			s, err := boltstore.Open(file, nil)
			check(t, err)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, open)
			t.Logf("%d operations over %d lives, by answer: %v", len(r.history), rounds, r.answers)
			for _, a := range []answer{ok, notFound, bound, spent} { // unknown is luck
				if r.answers[a] == 0 {
					t.Errorf("no operation was answered %q", a)
				}
			}
			if !linearizable(t, r.history) {
				t.Error("no order of the operations explains the answers")
			}
		})
	}
}

// Stores that break one promise each.
type (
	undeleting struct{ kept } // Delete is acknowledged and not done
	unspending struct{ kept } // Delete lets the id come back
	unreplaced struct{ kept } // Replace is acknowledged and not done
)

func (undeleting) Delete(string, uuid.UUID) error           { return nil }
func (s unspending) Delete(name string, id uuid.UUID) error { return s.Expire(name, id) }
func (s unreplaced) Replace(r registry.Record) error {
	if err := s.Create(r); !errors.Is(err, registry.ErrBound) {
		return err
	}
	return nil
}

// TestBrokenStoresAreCaught shows that the check can fail.
func TestBrokenStoresAreCaught(t *testing.T) {
	memory := func() kept { return kept{registry.NewMemoryStore()} }
	for name, store := range map[string]registry.Store{
		"forgets everything": nil,
		"does not delete":    undeleting{memory()},
		"does not spend":     unspending{memory()},
		"does not replace":   unreplaced{memory()},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, func() registry.Store {
				if store == nil {
					return registry.NewMemoryStore()
				}
				return store
			})
			if linearizable(t, r.history) {
				t.Error("the check does not see it")
			}
		})
	}
}

// TestModel holds hand-made histories of one name against the model.
func TestModel(t *testing.T) {
	one, two := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	op := func(call, ret int64, v verb, id uuid.UUID, a answer, found uuid.UUID) porcupine.Operation {
		return porcupine.Operation{Call: call, Return: ret, Input: input{v, "a", id}, Output: output{a, found}}
	}
	for name, c := range map[string]struct {
		want    bool
		history []porcupine.Operation
	}{
		"one of two wins": {true, []porcupine.Operation{
			op(1, 4, bindVerb, one, ok, uuid.Nil), op(2, 5, bindVerb, two, bound, uuid.Nil), op(6, 7, lookupVerb, uuid.Nil, ok, one)}},
		"both win": {false, []porcupine.Operation{
			op(1, 4, bindVerb, one, ok, uuid.Nil), op(2, 5, bindVerb, two, ok, uuid.Nil)}},
		"acknowledged and lost": {false, []porcupine.Operation{
			op(1, 2, bindVerb, one, ok, uuid.Nil), op(3, 4, lookupVerb, uuid.Nil, notFound, uuid.Nil)}},
		"not acknowledged, there": {true, []porcupine.Operation{
			op(1, 2, bindVerb, one, unknown, uuid.Nil), op(3, 4, lookupVerb, uuid.Nil, ok, one)}},
		"not acknowledged, not there": {true, []porcupine.Operation{
			op(1, 2, bindVerb, one, unknown, uuid.Nil), op(3, 4, lookupVerb, uuid.Nil, notFound, uuid.Nil)}},
		"removed and back": {false, []porcupine.Operation{
			op(1, 2, bindVerb, one, ok, uuid.Nil), op(3, 4, unbindVerb, uuid.Nil, ok, uuid.Nil), op(5, 6, lookupVerb, uuid.Nil, ok, one)}},
		"removed and revived": {false, []porcupine.Operation{
			op(1, 2, bindVerb, one, ok, uuid.Nil), op(3, 4, unbindVerb, uuid.Nil, ok, uuid.Nil), op(5, 6, bindVerb, one, ok, uuid.Nil)}},
	} {
		if got := linearizable(t, c.history); got != c.want {
			t.Errorf("%s: linearizable is %v", name, got)
		}
	}
}
