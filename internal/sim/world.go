package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/transport"
)

// lease is the G of all nodes.
const lease = 60 * time.Second

// world is a run of a script.
type world struct {
	ledger
	script *Script
	net    *transport.PipeNet
	places []*place
	born   time.Time
	faults []lasting      // that [world.mend] ends
	busy   sync.WaitGroup // programs, and nodes that end
	step   Step           // the current one

	heardMu sync.Mutex // guards what follows; nothing is locked under it
	heardOf []said     // by the nodes, since it was last looked at
}

// settings are those of the node at a place. Odd numbers, so that no two timers of a
// world fire at the same moment, when their order would be anybody's.
func (w *world) settings(p *place) *objects.Config {
	odd := func(d time.Duration) time.Duration {
		return d + d*time.Duration(p.number)/977 + time.Duration(p.number)
	}
	return &objects.Config{
		Lease:            lease,
		KeepAlive:        odd(6 * time.Second),
		KeepAliveTimeout: odd(3 * time.Second),
		HandshakeTimeout: odd(2 * time.Second),
		WriteTimeout:     odd(4 * time.Second),
		DrainTimeout:     odd(3 * time.Second),
		ReleaseDelay:     odd(400 * time.Millisecond),
		CollectInterval:  -1, // garbage is collected when the script says so
		PressureMemory:   -1,
		Limits: objects.Limits{
			Exports: maxListed, Imports: maxListed, Cancelled: 20,
			// Calls that go round three nodes wait for ever if they need more places than this.
			Running: 16, Queued: 4,
		},
		LocalCallsOnWire: true,
		PoisonLent:       true,
		PipeNet:          w.net.Host(p.host()),
		Logger:           slog.New(&logs{w: w, name: fmt.Sprintf("%d.%d", p.number, p.births)}),
	}
}

// maxListed is how many objects a node may hold of another.
const maxListed = 40

func (p *place) host() string { return fmt.Sprintf("node-%d", p.number) }

// Result is what a run did.
type Result struct {
	Hash  uint64         // of all that happened
	Count map[string]int // of faults and of what happened
	Bad   *Violation     // nil: nothing was wrong
}

// Run carries out a script, in a synctest bubble of its caller. What happens is written
// to log, if that is set.
func Run(s *Script, log io.Writer) Result {
	w := &world{script: s, born: time.Now(), net: transport.NewPipeNet()}
	w.ledger.init(log)
	for i := range s.Nodes {
		p := &place{number: i + 1}
		p.url = "pipe://" + p.host()
		w.places = append(w.places, p)
		w.startAt(p)
	}
	w.setDelays()
	for _, step := range s.Steps {
		if w.carryOut(step); w.bad != nil {
			break
		}
	}
	w.finish()
	return Result{Hash: w.trace.hash(), Count: w.count, Bad: w.bad}
}

func (l *ledger) init(log io.Writer) {
	l.pairs = map[[2]*place]*pair{}
	l.known = map[uint64]*call{}
	l.count = map[string]int{}
	l.trace.init(log)
}

// setDelays gives every direction between two places a delay of its own, for the same
// reason as in [world.settings].
func (w *world) setDelays() {
	for _, a := range w.places {
		for _, b := range w.places {
			w.net.OneWay(a.host(), b.host()).Delay(w.delay(a, b, 300*time.Microsecond))
		}
	}
}

func (w *world) delay(a, b *place, d time.Duration) time.Duration {
	return d + time.Duration(a.number*7919+b.number*104_729)*time.Nanosecond
}

// startAt begins a life.
func (w *world) startAt(p *place) {
	p.births++
	l := &life{
		place: p, name: fmt.Sprintf("%d.%d", p.number, p.births), gone: make(chan struct{}),
		refs: map[string][]*ref{}, released: map[*object]int{},
	}
	node, err := objects.Listen(context.Background(), p.url, w.settings(p))
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.violate("start", "node %s: %v", l.name, err)
		return
	}
	l.node = node
	p.now = l
	w.lives = append(w.lives, l)
	l.root = w.newObject(l)
	if err := objects.Publish[Thing](node, "root", l.root.item); err != nil {
		w.violate("start", "node %s: %v", l.name, err)
	}
}

func (w *world) newObject(home *life) *object {
	o := &object{id: len(w.objects) + 1, home: home}
	o.item = &item{w, o}
	w.objects = append(w.objects, o)
	home.own = append(home.own, o)
	return o
}

// carryOut does one step, lets the world come to rest, and looks at it.
func (w *world) carryOut(s Step) {
	w.step = s
	w.wait(s.Wait)
	w.mu.Lock()
	w.trace.note("step %v", s)
	w.mu.Unlock()
	operations[s.Op](w, s)
	synctest.Wait()
	w.mu.Lock()
	w.audit(s.ID%auditEvery == 0)
	w.trace.settle()
	if w.bad != nil {
		w.bad.Step = s
	}
	w.mu.Unlock()
}

// wait lets time pass.
func (w *world) wait(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

// at returns the life at the nth place, nil if there is none now. w.mu is held.
func (w *world) at(n int) *life {
	l := w.places[n%len(w.places)].now
	if l == nil || l.ended {
		return nil
	}
	return l
}

// logs is where a node writes; what it says of violations is one (S5).
type logs struct {
	w    *world
	name string
}

// Enabled implements slog.Handler.
func (h *logs) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (h *logs) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *logs) WithGroup(string) slog.Handler { return h }

// Handle implements slog.Handler.
func (h *logs) Handle(_ context.Context, r slog.Record) error {
	line := said{name: h.name, level: r.Level, text: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "cause" {
			line.cause, _ = a.Value.Any().(error)
		}
		line.attrs += " " + a.String()
		return true
	})
	h.w.heard(line)
	return nil
}
