package mesh

import (
	"slices"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
)

// The settings of members that are parted. Those that are to come together again in
// time have all the time there is.
const (
	shortLease = time.Second
	longLease  = 10 * time.Minute
)

// watchful are the settings of a node that notices silence soon.
func watchful(lease time.Duration) NodeConfig {
	return NodeConfig{Lease: lease, KeepAlive: 250 * time.Millisecond, KeepAliveTimeout: 250 * time.Millisecond}
}

// few is how many cells each side makes and holds.
const few = 20

// parted is an owner and a holder, each of objects of the other, and what is between
// them.
type parted struct {
	*control
	owner, holder *process
	url           string // where the holder reaches the owner
}

// share lets each of the two hold cells of the other.
func (p *parted) share() {
	p.t.Helper()
	for _, verb := range []Verb{Take, Give} {
		if answer := p.ask(p.holder, Command{Verb: verb, URL: p.url, N: few}); answer.Good != few {
			p.t.Fatalf("%s: %+v", verb, answer)
		}
	}
}

// touchBoth begins to call all cells on both sides.
func (p *parted) touchBoth() (numbers []int) {
	return []int{p.send(p.holder, Command{Verb: Touch}), p.send(p.owner, Command{Verb: Touch})}
}

// lost waits until both sides know that the connection is lost.
func (p *parted) lost() {
	p.t.Helper()
	for _, side := range []*process{p.owner, p.holder} {
		p.poll(side, "loss of the connection", func(s *State) bool { return s.Stats.Leases == 1 })
	}
}

// allGood checks that calls went well, and that no reference has ended.
func (p *parted) allGood(numbers ...int) {
	p.t.Helper()
	for _, number := range numbers {
		if answer := p.answer(number); answer.Good != few || len(answer.Failures) > 0 {
			p.t.Errorf("%d calls are good, want %d; failures: %+v", answer.Good, few, answer.Failures)
		}
	}
	if len(p.failures) > 0 {
		p.t.Errorf("references ended: %+v", p.failures)
	}
}

// allBroken checks that calls failed with an error that says why.
func (p *parted) allBroken(number int, codes ...objects.Code) {
	p.t.Helper()
	answer := p.answer(number)
	if answer.Good != 0 || len(answer.Failures) != few {
		p.t.Errorf("%d calls are good and %d failed, want 0 and %d", answer.Good, len(answer.Failures), few)
	}
	for _, f := range answer.Failures {
		if !slices.Contains(codes, f.Code) {
			p.t.Errorf("a call failed with %q (%v), want %v", f.Text, f.Outcome, codes)
		}
	}
}

// keeps parts the two for less than their lease: what is called meanwhile is answered
// when they are together again, and all references go on.
func (p *parted) keeps(strike, heal func()) {
	p.t.Helper()
	p.share()
	strike()
	touched := p.touchBoth()
	p.lost()
	heal()
	p.allGood(touched...)
	p.allGood(p.touchBoth()...)
	p.close()
}

// breaks parts the two for longer: calls and references fail, and what was held is
// reclaimed. When they are together again, they begin anew.
func (p *parted) breaks(strike, heal func()) {
	p.t.Helper()
	p.share()
	strike()
	for _, number := range p.touchBoth() {
		p.allBroken(number, objects.CodeUnreachable)
	}
	for _, side := range []*process{p.owner, p.holder} {
		p.poll(side, "reclaim", func(s *State) bool { return s.Stats.Exports == 1 && s.Stats.Leases == 0 })
	}
	heal()
	p.anew()
}

// anew lets the two begin again when all their references have said that they ended.
func (p *parted) anew() {
	p.t.Helper()
	p.until("end of all references", func() bool { return len(p.failures) == 2*few })
	p.failures = nil
	p.ask(p.holder, Command{Verb: Meet}) // it forgets whom it knew
	p.share()
	p.allGood(p.touchBoth()...)
	p.close()
}

// faults are what can happen to a link.
var faults = map[string]func(l *link){
	"silence":               func(l *link) { l.hold(toOwner, toHolder) },
	"silence at the owner":  func(l *link) { l.hold(toOwner) },
	"silence at the holder": func(l *link) { l.hold(toHolder) },
	"reset":                 func(l *link) { l.refuse(); l.reset(toOwner, toHolder) },
	"reset of the owner":    func(l *link) { l.refuse(); l.reset(toOwner) },
	"reset of the holder":   func(l *link) { l.refuse(); l.reset(toHolder) },
}

// TestPartitions parts two processes by what lies between them: what heals within the
// lease changes nothing, what does not breaks the references on both sides.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for name, strike := range faults {
		t.Run(name+", healed in time", func(t *testing.T) {
			t.Parallel()
			p, l := partedByLink(t, watchful(longLease), watchful(longLease))
			p.keeps(func() { strike(l) }, l.heal)
		})
		t.Run(name+", healed late", func(t *testing.T) {
			t.Parallel()
			p, l := partedByLink(t, watchful(shortLease), watchful(shortLease))
			p.breaks(func() { strike(l) }, l.heal)
		})
	}
}

// TestHalfOpenConnection: the owner still believes in the connection of a holder that
// has lost it and dials again.
func TestHalfOpenConnection(t *testing.T) {
	t.Parallel()
	p, l := partedByLink(t, watchful(longLease), watchful(longLease))
	p.share()
	l.reset(toHolder)
	p.allGood(p.touchBoth()...)
	p.close()
}

// partedByLink starts an owner and a holder with a link between them.
func partedByLink(t *testing.T, owner, holder NodeConfig) (*parted, *link) {
	t.Helper()
	p := &parted{control: newControl(t)}
	local := []string{"tcp://127.0.0.1:0"}
	p.owner, p.holder = p.start(Config{Listen: local, Node: owner}), p.start(Config{Listen: local, Node: holder})
	p.ready()
	l := newLink(t, p.owner.peer.URL)
	p.url = l.URL
	return p, l
}
