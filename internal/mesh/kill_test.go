package mesh

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var kills = flag.Int("mesh.kills", 30, "how many processes TestKills kills")

// The mesh of TestKills.
const (
	meshSize  = 5
	elders    = 2   // members that are killed seldom, and so see what becomes of the others'
	elderKill = 32  // one kill in so many is of an elder
	perRound  = 100 // kills until all is looked at in quiet
	lease     = time.Second
	pause     = 100 * time.Millisecond // between two kills, at least
)

// orphanLimit is how long after its death a process may at most be listed as a holder:
// the lease, and what a busy machine takes. The test prints what it saw.
const orphanLimit = lease + 30*time.Second

// killing is the run of TestKills.
type killing struct {
	*control
	goal   int       // kills that are to be done by now
	killed int       // that are
	last   time.Time // kill

	pending []told                          // failures to be judged
	freed   map[release]bool                // what may be their cause, beside deaths
	widows  map[*process]map[string]*bereft // by who lives and who is dead
	found   findings
}

// findings is what the test prints.
type findings struct {
	orphans      int           // of dead processes, those that were seen to be holders still
	longest      time.Duration // that one of them was
	held, direct int           // references in quiet, and those that lead straight to their owners
	steps        int64         // at least, for the last ones of a process are not told
	missed       int64         // of these, those that did not find a peer
}

// bereft is what a living member has of a dead one.
type bereft struct {
	since time.Time
	seen  bool // listed as a holder
}

// release says that a process has released a cell.
type release struct {
	name Name
	by   string
}

// told is a failure, and who told of it.
type told struct {
	Failure
	by Peer
}

// TestKills kills one of five processes after the other, at random, while each makes
// objects for the others, holds theirs, passes them on and drops them. No reference
// fails unless one of the processes that it came through is dead; no dead process is
// listed as a holder when its lease is over; and nothing is left at the end.
func TestKills(t *testing.T) {
	k := &killing{control: newControl(t), freed: map[release]bool{}, widows: map[*process]map[string]*bereft{}}
	k.hook = k.hear
	begun := time.Now()
	for range meshSize {
		k.add("")
	}
	for k.goal < *kills {
		k.goal = min(*kills, k.goal+perRound)
		for before := k.killed; before < k.goal; before = k.killed {
			k.until("kill", func() bool { return k.killed > before })
		}
		k.until("complete mesh", k.complete)
		k.settle()
	}
	k.close()
	f := &k.found
	t.Logf("%d kills in %v; %d steps, %d of which found nobody; %d times a dead process was still a holder, for at most %v; %d of %d references were direct in quiet",
		k.killed, time.Since(begun).Round(time.Second), f.steps, f.missed, f.orphans, f.longest.Round(time.Millisecond), f.direct, f.held)
}

// add starts a member, at url if that is free.
func (k *killing) add(url string) {
	config := Config{Node: NodeConfig{Lease: lease}, Workers: 3, Pause: 2 * time.Millisecond}
	if url != "" {
		config.Listen = append(config.Listen, url)
	}
	config.Listen = append(config.Listen, "tcp://127.0.0.1:0")
	k.start(config)
}

// complete reports whether all members are there.
func (k *killing) complete() bool {
	return len(k.members) == meshSize && !slices.ContainsFunc(k.members, func(p *process) bool { return p.peer.URL == "" })
}

// hear acts upon an event.
func (k *killing) hear(h heard) {
	switch {
	case h.Event == nil:
		if _, killed := k.dead[h.from.peer.Incarnation]; killed {
			k.replace(h.from)
		}
	case h.Kind == Ready:
		k.introduce(h.from)
	case h.Kind == Worked:
		k.killOne()
	case h.Kind == Failed:
		k.pending = append(k.pending, told{*h.Failure, h.from.peer})
	case h.Kind == Freed:
		k.freed[release{*h.Name, h.from.peer.Incarnation}] = true
	case h.Kind == Answer && h.State != nil:
		k.study(h.from, h.State, h.asked)
	}
}

// replace starts a member in the place of a dead one: at its address, three times out
// of four, so that its holders learn at once that it is gone.
func (k *killing) replace(p *process) {
	url := p.peer.URL
	if rand.IntN(4) == 0 {
		url = ""
	}
	k.add(url)
}

// introduce lets all members know of each other, and a new one begin. Some die as they do.
func (k *killing) introduce(fresh *process) {
	k.meet()
	k.post(fresh, Command{Verb: Load})
	if rand.IntN(20) == 0 && k.killed < k.goal {
		k.execute(fresh)
	}
}

func (k *killing) meet() {
	for _, p := range k.members {
		var peers []Peer
		for _, other := range k.members {
			if other != p && other.peer.URL != "" {
				peers = append(peers, other.peer)
			}
		}
		k.post(p, Command{Verb: Meet, Peers: peers})
	}
}

// killOne kills a member that listens. The first in the list have lived longest.
func (k *killing) killOne() {
	from, to := elders, len(k.members)
	if k.killed%elderKill == elderKill-1 {
		from, to = 0, elders
	}
	if k.killed >= k.goal || from >= to || time.Since(k.last) < pause {
		return
	}
	if p := k.members[from+rand.IntN(to-from)]; p.peer.URL != "" {
		k.execute(p)
	}
}

func (k *killing) execute(p *process) {
	k.kill(p)
	k.killed++
	k.last = time.Now()
	delete(k.widows, p)
	for _, other := range k.members {
		if k.widows[other] == nil {
			k.widows[other] = map[string]*bereft{}
		}
		k.widows[other][p.peer.Incarnation] = &bereft{since: time.Now()}
	}
	k.survey()
}

// survey asks all members what they hold.
func (k *killing) survey() {
	for _, p := range k.members {
		k.post(p, Command{Verb: Tell})
	}
}

// study looks for dead holders in what p held at some moment after asked.
func (k *killing) study(p *process, s *State, asked time.Time) {
	f := &k.found
	f.steps, f.missed = f.steps+s.Steps, f.missed+s.Missed
	for dead, b := range k.widows[p] {
		age := asked.Sub(b.since)
		switch {
		case age < 0: // it may have been asked before the kill
		case slices.Contains(s.Holders, dead):
			if !b.seen {
				b.seen = true
				f.orphans++
			}
			f.longest = max(f.longest, age)
			if age > orphanLimit {
				k.t.Fatalf("member %v lists %s as a holder, %v after its death", p.peer, dead, age)
			}
		default:
			delete(k.widows[p], dead)
		}
	}
}

// judge fails the test for each failure that has no cause: nobody is dead through whom
// the reference came, nor has released it. The members have told all that they knew
// when it came to that.
func (k *killing) judge() {
	for _, f := range k.pending {
		suspects := f.suspects()
		if !slices.ContainsFunc(suspects, func(who string) bool { return k.guilty(who, f.Cell) }) {
			k.t.Errorf("%s failed at %v, although all of %q live and have not released it (direct: %v): %s", f.Op, f.by, suspects, f.Direct, f.Text)
		}
	}
	k.pending = nil
}

// suspects are those whose end may be the cause of a failure.
func (f *Failure) suspects() (all []string) {
	if f.Peer != "" {
		all = append(all, f.Peer)
	}
	switch {
	case f.Cell != nil && f.Direct:
		all = append(all, f.Cell.Name.Owner)
	case f.Cell != nil:
		all = append(all, f.Cell.Path...)
	}
	return all
}

func (k *killing) guilty(who string, of *Origin) bool {
	_, dead := k.dead[who]
	return dead || of != nil && k.freed[release{of.Name, who}]
}

// settle stops the load and looks whether everything is as it should be then: no dead
// process is a holder, all living ones reach each other, and what they hold is good.
func (k *killing) settle() {
	k.t.Helper()
	k.meet()
	k.all(k.members, Command{Verb: Rest})
	for _, p := range k.members {
		k.poll(p, "end of dead holders", func(*State) bool { return len(k.widows[p]) == 0 })
	}
	for i, answer := range k.all(k.members, Command{Verb: Greet}) {
		if answer.Good != meshSize-1 {
			k.t.Errorf("%v cannot reach all others: %+v", k.members[i].peer, answer.Failures)
		}
	}
	for i, answer := range k.all(k.members, Command{Verb: Touch}) {
		for _, f := range answer.Failures {
			k.pending = append(k.pending, told{f, k.members[i].peer})
		}
	}
	k.judge()
	for i, answer := range k.all(k.members, Command{Verb: Touch}) {
		if len(answer.Failures) > 0 {
			k.t.Errorf("%v: references fail that have just been good: %+v", k.members[i].peer, answer.Failures)
		}
	}
	for _, answer := range k.all(k.members, Command{Verb: Tell}) {
		k.found.held, k.found.direct = k.found.held+answer.State.Held, k.found.direct+answer.State.Direct
	}
	for _, p := range k.members {
		k.post(p, Command{Verb: Load})
	}
}
