package mesh

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/objects"
)

// member is one process of a mesh.
type member struct {
	node        *objects.Node
	incarnation string
	config      Config
	say         *speaker
	held        *held
	serial      atomic.Uint64 // of the last cell made
	load        load
	touches     sync.WaitGroup // commands to touch

	mu      sync.Mutex
	peers   []Peer
	friends map[string]friend // by URL
}

// friend is a peer that was reached.
type friend struct {
	Member
	incarnation string
}

// patience is how long a call may take; one that takes longer hangs. It is more than
// any lease that tests set, and a busy machine needs.
const patience = time.Minute

// Main is the program of a member: it carries out the commands in in, and ends when
// there are no more. The error says what was left behind at the end.
func Main(config Config, in io.Reader, out io.Writer) error {
	before := runtime.NumGoroutine()
	m, err := newMember(config, newSpeaker(out))
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c Command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		switch c.Verb {
		case Close:
			return m.close(before)
		case Touch: // it may take as long as there is no connection
			m.touches.Go(func() { m.do(c) })
		default:
			m.do(c)
		}
	}
	return nil // nobody is interested any more
}

func newMember(config Config, say *speaker) (*member, error) {
	node, err := listen(config)
	if err != nil {
		return nil, err
	}
	m := &member{node: node, incarnation: node.Incarnation().String(), config: config, say: say, held: newHeld(), friends: map[string]friend{}}
	if err := objects.Publish[Member](node, "member", served{m}); err != nil {
		return nil, err
	}
	say.say(Event{Kind: Ready, Peer: &Peer{URL: node.Addrs()[0], Incarnation: m.incarnation}})
	return m, nil
}

func listen(config Config) (node *objects.Node, err error) {
	n := config.Node
	full := &objects.Config{
		Lease: n.Lease, KeepAlive: n.KeepAlive, KeepAliveTimeout: n.KeepAliveTimeout,
		HandshakeTimeout: n.HandshakeTimeout, AllowPlaintext: n.AllowPlaintext,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	for _, url := range config.Listen {
		if node, err = objects.Listen(context.Background(), url, full); err == nil {
			break
		}
	}
	return node, err
}

// do carries out a command and answers it.
func (m *member) do(c Command) {
	answer := Event{Kind: Answer, Number: c.Number}
	defer func() { m.say.say(answer) }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch c.Verb {
	case Meet:
		m.meet(c.Peers)
	case Load:
		m.load.begin(m)
	case Rest:
		m.load.end()
	case Greet:
		m.greet(ctx, &answer)
	case Take:
		m.take(ctx, c, &answer)
	case Give:
		m.give(ctx, c, &answer)
	case Touch:
		m.touchAll(ctx, &answer)
	case Drop:
		m.drop()
	case Tell:
		answer.State = m.state()
	default:
		m.say.wrong("there is no command %q", c.Verb)
	}
}

func (m *member) meet(peers []Peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peers = peers
	for url, f := range m.friends {
		if !known(peers, Peer{url, f.incarnation}) {
			delete(m.friends, url)
		}
	}
}

func known(peers []Peer, p Peer) bool {
	for _, one := range peers {
		if one == p {
			return true
		}
	}
	return false
}

// friend returns the peer that is at url.
func (m *member) friend(ctx context.Context, url string) (friend, error) {
	m.mu.Lock()
	f, met := m.friends[url]
	m.mu.Unlock()
	if met {
		return f, nil
	}
	remote, err := objects.Open[Member](ctx, m.node, url, "member")
	if err != nil {
		return friend{}, err
	}
	incarnation, err := remote.Incarnation(ctx)
	if err != nil {
		return friend{}, err
	}
	f = friend{remote, incarnation}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.friends[url] = f
	return f, nil
}

// unfriend forgets what is known of the peer at url.
func (m *member) unfriend(url string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.friends, url)
}

func (m *member) greet(ctx context.Context, answer *Event) {
	m.mu.Lock()
	peers := m.peers
	m.mu.Unlock()
	for _, p := range peers {
		f, err := m.friend(ctx, p.URL)
		if err == nil {
			_, err = f.Incarnation(ctx)
		}
		if err != nil {
			m.unfriend(p.URL)
			answer.Failures = append(answer.Failures, Failure{Op: "greet", Peer: p.Incarnation}.describe(err))
			continue
		}
		answer.Good++
	}
}

func (m *member) take(ctx context.Context, c Command, answer *Event) {
	f, err := m.friend(ctx, c.URL)
	for ; err == nil && answer.Good < c.N; answer.Good++ {
		var cell Cell
		var origin Origin
		if cell, origin, err = f.Make(ctx); err != nil {
			break
		}
		m.hold(cell, origin)
	}
	if err != nil {
		answer.Failures = append(answer.Failures, Failure{Op: "take", Peer: f.incarnation}.describe(err))
	}
}

func (m *member) give(ctx context.Context, c Command, answer *Event) {
	f, err := m.friend(ctx, c.URL)
	for ; err == nil && answer.Good < c.N; answer.Good++ {
		one := m.newCell()
		if err = f.Keep(ctx, one, one.origin()); err != nil {
			break
		}
	}
	if err != nil {
		answer.Failures = append(answer.Failures, Failure{Op: "give", Peer: f.incarnation}.describe(err))
	}
}

// touchAll calls all cells at once: those that wait for a connection do so together.
func (m *member) touchAll(ctx context.Context, answer *Event) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	for cell, one := range m.held.all() {
		calls.Go(func() {
			failure := m.touch(ctx, cell, one)
			mu.Lock()
			defer mu.Unlock()
			if failure == nil {
				answer.Good++
				return
			}
			answer.Failures = append(answer.Failures, *failure)
		})
	}
	calls.Wait()
}

// touch calls cell and checks that it is the one that it should be. One that has ended
// is no longer held.
func (m *member) touch(ctx context.Context, cell Cell, one holding) *Failure {
	name, err := cell.Name(ctx)
	switch {
	case err == nil && name == one.origin.Name:
		return nil
	case err == nil:
		m.say.wrong("a reference to %v leads to %v", one.origin.Name, name)
		return nil
	}
	m.dropEnded(cell)
	failure := Failure{Op: "touch", Cell: &one.origin, Direct: one.direct}.describe(err)
	return &failure
}

// dropEnded lets go of cell if it cannot be used any more.
func (m *member) dropEnded(cell Cell) {
	if objects.Alive(cell).Err() != nil {
		m.held.drop(cell)
	}
}

// drop lets go of everything that the member has received.
func (m *member) drop() {
	m.load.end()
	release := false
	for cell, one := range m.held.all() {
		if release = !release; release {
			m.free(cell, one)
		} else {
			m.held.drop(cell)
		}
	}
	m.held.forget()
	m.meet(nil)
	runtime.GC()
}

// free gives cell back at once.
func (m *member) free(cell Cell, one holding) {
	m.say.say(Event{Kind: Freed, Name: &one.origin.Name})
	m.held.release(cell)
}

func (m *member) state() *State {
	s := &State{Stats: m.node.Stats(), Steps: m.load.untold.Swap(0), Missed: m.load.missed.Swap(0)}
	s.Held, s.Direct = m.held.counts()
	seen := map[string]bool{}
	for _, e := range objects.Snapshot(m.node).Exports {
		for _, h := range e.Holders {
			if who := h.Incarnation.String(); !seen[who] {
				seen[who] = true
				s.Holders = append(s.Holders, who)
			}
		}
	}
	return s
}

// close closes the node and looks for what is left: entries in tables, goroutines.
func (m *member) close(before int) error {
	m.touches.Wait()
	if err := m.node.Close(); err != nil {
		return err
	}
	if left := m.node.Stats(); left != (objects.Stats{}) {
		return fmt.Errorf("the closed node holds %+v", left)
	}
	beat := time.NewTicker(time.Millisecond)
	defer beat.Stop()
	for late := time.Now().Add(patience); time.Now().Before(late); <-beat.C { // some are about to end, on a busy machine
		if runtime.NumGoroutine() <= before {
			return nil
		}
	}
	stacks := make([]byte, 1<<20)
	return fmt.Errorf("%d goroutines, %d at the beginning:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}
