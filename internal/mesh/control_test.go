package mesh

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/proctest"
	"github.com/netobj/netobj/objects"
)

// control is the test's side of its members: it gives commands, takes events, and
// knows who lives. Its methods belong to the test's goroutine.
type control struct {
	t        *testing.T
	events   chan heard
	members  []*process
	number   int
	asked    map[int]time.Time    // when commands were given that are not answered yet
	answers  map[int]*Event       // to commands whose answers are waited for; nil until they come
	dead     map[string]time.Time // incarnations that were killed, and when
	failures []Failure            // that members told by themselves
	hook     func(heard)          // sees each event
}

// process is a member that runs, or has run.
type process struct {
	*proctest.Process
	cmd    *exec.Cmd
	in     io.WriteCloser
	peer   Peer
	ending bool // it was killed, or told to close
	ended  bool // it has ended
}

// heard is an event of a member; nil at the end of its output.
type heard struct {
	from *process
	*Event
	asked time.Time // when the command was given that it answers
}

func newControl(t *testing.T) *control {
	t.Helper()
	if _, err := os.Executable(); err != nil {
		t.Skip("this system does not tell a program its path: ", err)
	}
	return &control{t: t, events: make(chan heard, 1000), asked: map[int]time.Time{}, answers: map[int]*Event{}, dead: map[string]time.Time{}}
}

// start starts a member, behind the words of a command that starts it, if any.
func (c *control) start(config Config, behind ...string) *process {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := json.Marshal(config)
	if err != nil {
		c.t.Fatal(err)
	}
	words := append(slices.Clone(behind), self)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), role+"="+string(text), "GOMAXPROCS=2")
	p := &process{cmd: cmd}
	if p.in, err = cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	p.Process = proctest.Start(c.t, cmd)
	c.members = append(c.members, p)
	go c.listen(p)
	return p
}

// listen passes a member's events on; it ends with the member, or the test.
func (c *control) listen(p *process) {
	for line := range p.Lines() {
		e := new(Event)
		if err := json.Unmarshal([]byte(line), e); err != nil {
			e = &Event{Kind: Wrong, Text: "it says " + line}
		}
		if !c.pass(heard{from: p, Event: e}) {
			return
		}
	}
	c.pass(heard{from: p})
}

func (c *control) pass(h heard) bool {
	select {
	case c.events <- h:
		return true
	case <-c.t.Context().Done():
		return false
	}
}

// waiting is how long a test waits for what should be there soon.
const waiting = 2 * patience

// until takes events until done says so. What is waited for is named for the failure
// of a test that waits in vain.
func (c *control) until(what string, done func() bool) {
	c.t.Helper()
	late := time.NewTimer(waiting)
	defer late.Stop()
	for !done() {
		select {
		case h := <-c.events:
			c.take(h)
		case <-late.C:
			c.t.Fatalf("no %s within %v", what, waiting)
		}
	}
}

// take takes one event.
func (c *control) take(h heard) {
	c.t.Helper()
	switch {
	case h.Event == nil:
		c.end(h.from)
	case h.Kind == Ready:
		h.from.peer = *h.Peer
	case h.Kind == Wrong:
		c.t.Errorf("member %v: %s", h.from.peer, h.Text)
	case h.Kind == Failed:
		c.failures = append(c.failures, *h.Failure)
	case h.Kind == Answer:
		h.asked = c.asked[h.Number]
		delete(c.asked, h.Number)
		if _, wanted := c.answers[h.Number]; wanted {
			c.answers[h.Number] = h.Event
		}
	}
	if c.hook != nil {
		c.hook(h)
	}
}

// end notes that a member has ended.
func (c *control) end(p *process) {
	err := p.Wait()
	if !p.ending {
		c.t.Fatalf("member %v ended: %v", p.peer, err)
	}
	p.ended = true
}

// ready waits until all members listen.
func (c *control) ready() {
	c.t.Helper()
	for _, p := range c.members {
		c.until("member that listens", func() bool { return p.peer.URL != "" })
	}
}

// post gives a command whose answer nobody waits for.
func (c *control) post(p *process, cmd Command) (number int) {
	c.number++
	cmd.Number = c.number
	c.asked[c.number] = time.Now()
	text, err := json.Marshal(cmd)
	if err != nil {
		c.t.Fatal(err)
	}
	p.in.Write(append(text, '\n')) // a member that has ended is noticed by its output
	return c.number
}

// send gives a command; answer waits for the answer.
func (c *control) send(p *process, cmd Command) (number int) {
	number = c.post(p, cmd)
	c.answers[number] = nil
	return number
}

func (c *control) answer(number int) *Event {
	c.t.Helper()
	c.until("answer", func() bool { return c.answers[number] != nil })
	defer delete(c.answers, number)
	return c.answers[number]
}

// ask gives a command and waits for its answer.
func (c *control) ask(p *process, cmd Command) *Event {
	c.t.Helper()
	return c.answer(c.send(p, cmd))
}

// all gives a command to several members at once and returns their answers, in order.
func (c *control) all(members []*process, cmd Command) []*Event {
	c.t.Helper()
	var numbers []int
	for _, p := range members {
		numbers = append(numbers, c.send(p, cmd))
	}
	var answers []*Event
	for _, number := range numbers {
		answers = append(answers, c.answer(number))
	}
	return answers
}

// poll asks a member for its state, again and again, until done says so.
func (c *control) poll(p *process, what string, done func(*State) bool) {
	c.t.Helper()
	var state *State
	c.again(what, func() (string, bool) {
		state = c.ask(p, Command{Verb: Tell}).State
		return fmt.Sprintf("%v: %+v", p.peer, state), done(state)
	})
}

// again calls try again and again until it is done. If it never is, the test shows what
// try said last.
func (c *control) again(what string, try func() (said string, done bool)) {
	c.t.Helper()
	beat := time.NewTicker(10 * time.Millisecond)
	defer beat.Stop()
	late := time.Now().Add(waiting)
	for {
		said, done := try()
		if done {
			return
		}
		if time.Now().After(late) {
			c.t.Fatalf("no %s within %v: %s", what, waiting, said)
		}
		<-beat.C
	}
}

// kill ends a member as kill -9 does, without waiting for its end.
func (c *control) kill(p *process) {
	c.dead[p.peer.Incarnation] = time.Now()
	p.ending = true
	p.cmd.Process.Kill()
	c.members = slices.DeleteFunc(c.members, func(one *process) bool { return one == p })
}

// close lets all members drop what they hold, checks that nothing is left of it, and
// ends them: each then looks at its tables and goroutines itself.
func (c *control) close() {
	c.t.Helper()
	members := slices.Clone(c.members)
	c.again("end of all that was held", func() (said string, empty bool) {
		c.all(members, Command{Verb: Drop})
		empty = true
		for i, answer := range c.all(members, Command{Verb: Tell}) {
			said += fmt.Sprintf("%v: %+v\n", members[i].peer, answer.State)
			empty = empty && answer.State.empty()
		}
		return said, empty
	})
	for _, p := range members {
		p.ending = true
		c.post(p, Command{Verb: Close})
		c.until("end of the member", func() bool { return p.ended })
		if err := p.Wait(); err != nil {
			c.t.Errorf("member %v at its end: %v", p.peer, err)
		}
	}
	c.members = nil
}

// empty reports whether the member holds nothing of others, nor they of it. What it
// publishes is an export.
func (s *State) empty() bool {
	up := s.Stats
	up.Sessions = 0
	return up == objects.Stats{Exports: 1} && s.Held == 0 && len(s.Holders) == 0
}
