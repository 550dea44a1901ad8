package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"weak"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// ledger is the truth about a run. The programs of the nodes write into it what they
// do, so that it need not believe the runtime.
type ledger struct {
	mu       sync.Mutex // guards what follows, and all that is reached from it
	objects  []*object
	lives    []*life
	pairs    map[[2]*place]*pair
	calls    []*call // that have not returned, or whose methods run, in the order of their beginning
	lastID   uint64  // of calls
	releases int     // by programs, counted
	known    map[uint64]*call
	bad      *Violation
	trace    trace
	count    map[string]int // of what happened
}

// Violation is what a run found.
type Violation struct {
	Rule string // S1, hang, ...
	Text string
	Step Step // during which it was noticed
}

// Error implements error.
func (v *Violation) Error() string { return fmt.Sprintf("%s: %s (step %v)", v.Rule, v.Text, v.Step) }

// violate notes that a rule is broken; the first one counts. l.mu is held.
func (l *ledger) violate(rule, format string, args ...any) {
	if l.bad == nil {
		l.bad = &Violation{Rule: rule, Text: fmt.Sprintf(format, args...)}
		l.trace.note("VIOLATION %s: %s", rule, l.bad.Text)
	}
}

// place is where a node lives; another one takes its place after a crash.
type place struct {
	number int
	url    string
	now    *life
	births int
}

// life is one incarnation of a node, and its program.
type life struct {
	place *place
	name  string // "2.1": the first life at place 2
	node  *objects.Node
	gone  chan struct{} // closed when it ends
	ended bool          // crashed, or closing; nothing that it does counts any more
	root  *object
	held  []held            // what the program holds; it may hold a thing twice
	own   []*object         // objects that the program may pass
	refs  map[string][]*ref // that the program got, by their names

	released map[*object]int // when the program has last released it, by the count of releases
}

// object is an exported object, or one that may be.
type object struct {
	id           int
	home         *life
	item         *item
	unreferenced int
	disowned     bool
	passed       bool
	unpin        func() // nil if it is not pinned
}

// held is a thing that a program has in hand.
type held struct {
	thing  Thing
	object *object
	ref    *ref // nil at the object's home
}

// ref is a proxy.
type ref struct {
	name     string // of the proxy, by the runtime; empty if no program has it
	holder   *life
	proxy    weak.Pointer[proxy.Ref]
	object   *object
	peer     *life // the object's home, or who has passed it on
	lapses   int   // of the holder's pair with the peer, when it was last received
	via      *ref  // what the peer passes calls on to; nil if it is the object's home
	toHome   int   // lapses of the holder's pair with the home
	direct   bool  // the peer has introduced it, and calls go to the home now
	released int   // the holder's latest release of the object when it was received
	hands    int   // that hold it
}

// reliable reports whether nothing has happened that may end the proxy. ledger.mu is
// held.
func (l *ledger) reliable(r *ref) bool {
	if r == nil {
		return true
	}
	o := r.object
	if r.released != r.holder.released[o] || o.disowned || r.holder.ended || o.home.ended {
		return false
	}
	if r.via == nil {
		return l.between(r.holder, r.peer).lapsed() == r.lapses
	}
	if r.introduced() && l.between(r.holder, o.home).lapsed() != r.toHome {
		return false
	}
	return r.isDirect() || !r.peer.ended && l.between(r.holder, r.peer).lapsed() == r.lapses && l.reliable(r.via)
}

// introduced reports whether the proxy names the object at its home, though another has
// passed it on.
func (r *ref) introduced() bool {
	if r.via == nil || r.holder == r.object.home {
		return false
	}
	inc, _, ok := splitName(r.name)
	return !ok || inc == r.object.home.node.Incarnation().String()
}

// isDirect reports whether calls on a proxy that was passed on go to the home.
func (r *ref) isDirect() bool {
	if !r.direct && r.introduced() {
		p := r.proxy.Value()
		r.direct = p != nil && objects.Direct(atOnce, p)
	}
	return r.direct
}

// atOnce is a context that has ended: who asks with it does not wait.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// troubles counts what has happened to the connections that a call on r may take; well
// reports whether all of them have recovered.
func (l *ledger) troubles(r *ref) (n int, well bool) {
	for well = true; r != nil; r = r.via {
		for _, to := range []*life{r.peer, r.object.home} {
			if to != r.holder {
				p := l.between(r.holder, to)
				p.lapsed()
				n += p.troubles
				well = well && p.bad.IsZero()
			}
		}
	}
	return n, well
}

func (h held) take() held {
	if h.ref != nil {
		h.ref.hands++
	}
	return h
}

func (h held) letGo() {
	if h.ref != nil {
		h.ref.hands--
	}
}

func letGo(all []held) {
	for _, h := range all {
		h.letGo()
	}
}

// pass returns what life to has of object o when life from, which has it as r, passes
// it in a call that began at since, by the count of releases. It is nil if the object is
// to's own, as r is nil at the object's home.
func (l *ledger) pass(o *object, r *ref, from, to *life, since int) *ref {
	if r != nil && r.peer == to && !r.isDirect() {
		return r.via
	}
	passed := &ref{holder: to, object: o, peer: from, via: r, lapses: l.between(to, from).lapsed(), released: to.released[o]}
	if to != o.home {
		passed.toHome = l.between(to, o.home).lapsed()
	}
	if passed.released > since {
		passed.released = dubious // it may have come before it was released
	}
	return passed
}

// carry is pass along a way, from its first life to its last.
func (l *ledger) carry(o *object, r *ref, way []*life, since int) *ref {
	for i := 1; i < len(way); i++ {
		r = l.pass(o, r, way[i-1], way[i], since)
	}
	return r
}

// way returns through which lives a call on r goes, as far as is known, from the holder
// to the home.
func (l *ledger) way(r *ref) []*life {
	way := []*life{r.holder}
	for ; r != nil; r = r.via {
		if r.isDirect() {
			return append(way, r.object.home)
		}
		way = append(way, r.peer)
	}
	return way
}

// dubious stands for a release that may have been before or after something else.
const dubious = -1

// receive enters a thing that a program got, and that should be object o, by a way whose
// last but one life is from; want is what it has of it then. It is in hand then.
func (l *ledger) receive(by *life, thing Thing, o *object, from *life, want *ref) held {
	h := held{thing: thing, object: o}
	switch t := thing.(type) {
	case *item:
		if t.object != o || o.home != by {
			l.violate("S8", "%s got its object %d for object %d of %s", by.name, t.object.id, o.id, o.home.name)
		}
	case proxy.Proxy:
		if want == nil || want.name != "" && want.proxy.Value() != t.ProxyRef() {
			// It came by a way that is not known.
			want = &ref{holder: by, object: o, peer: from, via: &ref{holder: from, object: o, peer: from, released: dubious}}
		}
		h.ref = l.enter(by, t.ProxyRef(), want)
	default:
		l.violate("S8", "%s got %v for object %d", by.name, thing, o.id)
	}
	return h.take()
}

// enter finds or makes the entry of a proxy that was received (S6).
func (l *ledger) enter(by *life, p *proxy.Ref, want *ref) *ref {
	r := *want
	r.name, r.proxy, r.hands, r.direct = p.String(), weak.Make(p), 0, false
	r.lapses, r.released = l.between(by, r.peer).lapsed(), by.released[r.object]
	if peer := l.peerOf(r.name); peer == nil || peer != r.peer && peer != r.object.home {
		r.released = dubious // it came by a way that is not known
		return &r
	}
	if r.object.home != by {
		r.toHome = l.between(by, r.object.home).lapsed()
	}
	known := by.refs[r.name]
	for _, old := range known {
		if old.proxy.Value() == p {
			if old.object != want.object {
				l.violate("S8", "%s has one proxy of objects %d and %d", by.name, old.object.id, want.object.id)
			}
			return old
		}
	}
	if r.released > 0 && objects.Alive(p).Err() != nil {
		r.released = dubious // it came before the program released it, with a body that took longer
		return &r
	}
	known = slices.DeleteFunc(known, func(old *ref) bool { return old.hands == 0 })
	for _, old := range known {
		// What several introduce, and the owner has not given, has a proxy for each.
		if !r.onVine() && !old.onVine() && l.reliable(old) {
			l.violate("S6", "%s has two proxies of object %d from %s", by.name, old.object.id, old.peer.name)
		}
	}
	by.refs[r.name] = append(known, &r)
	return &r
}

// onVine reports whether calls on the proxy go through who has introduced it, or may.
func (r *ref) onVine() bool { return r.introduced() && !r.isDirect() }

// peerOf returns whose proxy has a name.
func (l *ledger) peerOf(name string) *life {
	inc, _, ok := splitName(name)
	for _, life := range l.lives {
		if ok && life.node.Incarnation().String() == inc {
			return life
		}
	}
	return nil
}

// splitName splits "obj://<incarnation>/<object>".
func splitName(name string) (inc string, object uint64, ok bool) {
	const head = len("obj://")
	if len(name) < head+36+1 {
		return "", 0, false
	}
	_, err := fmt.Sscanf(name[head+37:], "%x", &object)
	return name[head : head+36], object, err == nil
}

// pair is the network between two places.
type pair struct {
	impaired int       // faults that last
	last     time.Time // when the latest one ended
	bad      time.Time // since when sessions may be without a connection; zero: they have one
	lapses   int       // times that sessions may have ended
	troubles int       // faults, and times that all was well again
}

// between returns the pair of two lives.
func (l *ledger) between(a, b *life) *pair { return l.pairOf(a.place, b.place) }

func (l *ledger) pairOf(x, y *place) *pair {
	if x.number > y.number {
		x, y = y, x
	}
	p := l.pairs[[2]*place{x, y}]
	if p == nil {
		p = &pair{}
		l.pairs[[2]*place{x, y}] = p
	}
	return p
}

// The bounds that follow from the settings of the nodes, see [settings].
const (
	// recovery is how long two nodes need at most to be connected again when the
	// network is well.
	recovery = 30 * time.Second
	// expiry is how long a session goes on at least without a connection: ticks are
	// counted whole.
	expiry = lease - 2*time.Second
)

// trouble notes a fault; lasting is 1 if it lasts, -1 when that ends, else 0.
func (p *pair) trouble(lasting int) {
	now := time.Now()
	p.lapsed()
	if p.bad.IsZero() {
		p.bad = now
	}
	p.impaired += lasting
	p.last = now
	p.troubles++
}

// lapsed returns how often sessions between the two may have ended.
func (p *pair) lapsed() int {
	now := time.Now()
	for !p.bad.IsZero() {
		well := p.last.Add(recovery)
		lapse := p.bad.Add(expiry)
		switch {
		case p.impaired == 0 && !well.After(now) && !well.After(lapse):
			p.recover()
		case !lapse.After(now):
			p.lapses++
			p.bad = lapse
			if p.impaired == 0 && !well.After(now) {
				p.recover()
			}
		default:
			return p.lapses
		}
	}
	return p.lapses
}

// recover notes that all is well again.
func (p *pair) recover() {
	p.bad = time.Time{}
	p.troubles++
}

// fatal are the codes of errors that a call on a reliable proxy never has.
var fatal = []error{
	objects.ErrGone, objects.ErrReleased, objects.ErrNoSuchObject, objects.ErrNoSuchMethod, objects.ErrNoSuchInterface,
	objects.ErrBadArguments, objects.ErrBadResults, objects.ErrPanic, objects.ErrProtocol, objects.ErrUnsupported,
	objects.ErrNotExported, objects.ErrForbidden, objects.ErrClosed,
}

func isFatal(err error) bool {
	for _, code := range fatal {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
