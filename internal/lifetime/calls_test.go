package lifetime

import (
	"errors"
	"slices"
	"testing"
)

// both are the two ends of a session's calls.
type both struct {
	t      *testing.T
	caller *Calls[string]
	callee *Results[string]
}

func newBoth(t *testing.T) *both {
	return &both{t, NewCalls[string](true), NewResults[string](ResultLimits{Kept: 2, Bytes: 100})}
}

// begin makes a call that arrives.
func (b *both) begin() (CallID, *Served[string]) {
	b.t.Helper()
	id, c := b.caller.Begin("call")
	s := &Served[string]{}
	if err := b.callee.Begin(c, id, s); err != nil {
		b.t.Fatal(err)
	}
	return id, s
}

// finish answers a call, and returns what is gone.
func (b *both) finish(s *Served[string], answer string, size int) (send Conn, gone []string) {
	s.R = answer
	send, all := b.callee.Finish(s, size, nil)
	mustCheck(b.t, b.callee)
	return send, answers(all)
}

func answers(all []*Served[string]) (texts []string) {
	for _, s := range all {
		texts = append(texts, s.R)
	}
	return texts
}

// resume fences both sides and resumes on connection c.
func (b *both) resume(c Conn) (unseen []CallID, r Resumed[string]) {
	b.t.Helper()
	b.caller.Fence()
	b.callee.Fence()
	r, err := b.callee.Reconcile(c, b.caller.Open())
	if err != nil {
		b.t.Fatal(err)
	}
	if unseen, err = b.caller.Reconcile(c, r.Have); err != nil {
		b.t.Fatal(err)
	}
	mustCheck(b.t, b.callee)
	return unseen, r
}

func TestC1ACallStartsOnce(t *testing.T) {
	b := newBoth(t)
	id, s := b.begin()
	again := func(when string, id CallID) {
		t.Helper()
		if b.callee.Begin(FirstConn, id, &Served[string]{}) == nil {
			t.Errorf("a number %s starts again", when)
		}
	}
	again("that runs", id)
	if send, gone := b.finish(s, "r", 1); send != FirstConn || gone != nil {
		t.Errorf("send on %d, gone %v", send, gone)
	}
	again("that is answered", id)
	b.callee.Ack(FirstConn, []CallID{id}, nil)
	again("that is acknowledged", id)
	again("0", 0)
}

func TestC1AcknowledgementsFreeAnswers(t *testing.T) {
	b := newBoth(t)
	id, s := b.begin()
	other, _ := b.begin()
	b.finish(s, "r", 10)
	for _, early := range []CallID{other, 77} {
		if _, err := b.callee.Ack(FirstConn, []CallID{early}, nil); err == nil {
			t.Errorf("call %d is acknowledged before it is answered", early)
		}
	}
	if call, err := b.caller.Return(FirstConn, id); call != "call" || err != nil {
		t.Fatal(call, err)
	}
	if _, err := b.caller.Return(FirstConn, id); err == nil || errors.Is(err, ErrStale) {
		t.Errorf("a second answer: %v", err)
	}
	done := b.caller.Done(FirstConn, 9, nil)
	b.caller.Undone(FirstConn, done)
	if b.caller.Due() != 1 {
		t.Errorf("%d acknowledgements are due", b.caller.Due())
	}
	b.caller.Done(FirstConn, 9, nil)
	if gone, err := b.callee.Ack(FirstConn, done, nil); err != nil || !slices.Equal(answers(gone), []string{"r"}) {
		t.Errorf("gone %v, error %v", gone, err)
	}
	if gone, err := b.callee.Ack(FirstConn, done, nil); err != nil || gone != nil {
		t.Errorf("a second time: gone %v, error %v", gone, err)
	}
	if running, kept, bytes := b.callee.Len(); running != 1 || kept != 0 || bytes != 0 {
		t.Errorf("%d calls run, %d answers of %d bytes are left", running, kept, bytes)
	}
}

func TestC1AnswersAreBounded(t *testing.T) {
	b := newBoth(t)
	var calls []*Served[string]
	for range 4 {
		_, s := b.begin()
		calls = append(calls, s)
	}
	b.finish(calls[0], "a", 40)
	b.finish(calls[1], "b", 40)
	if _, gone := b.finish(calls[2], "c", 10); !slices.Equal(gone, []string{"a"}) {
		t.Errorf("by number: gone %v", gone)
	}
	if send, gone := b.finish(calls[3], "d", 200); send != FirstConn || !slices.Equal(gone, []string{"d"}) {
		t.Errorf("by bytes: send on %d, gone %v", send, gone)
	}
	if running, kept, bytes := b.callee.Len(); running != 0 || kept != 2 || bytes != 50 {
		t.Errorf("%d calls run, %d answers of %d bytes", running, kept, bytes)
	}
	if _, s := b.begin(); true {
		if _, gone := b.finish(s, "e", 95); !slices.Equal(gone, []string{"b", "c"}) {
			t.Errorf("two make room: gone %v", gone)
		}
	}
}

// TestC1NothingIsKeptWithoutRoom, nor is there anything to acknowledge then.
func TestC1NothingIsKeptWithoutRoom(t *testing.T) {
	b := &both{t, NewCalls[string](false), NewResults[string](ResultLimits{})}
	id, s := b.begin()
	if send, gone := b.finish(s, "r", 0); send != FirstConn || !slices.Equal(gone, []string{"r"}) {
		t.Errorf("send on %d, gone %v", send, gone)
	}
	if _, err := b.caller.Return(FirstConn, id); err != nil || b.caller.Due() != 0 {
		t.Errorf("%v, %d due", err, b.caller.Due())
	}
}

func TestC2CallsAcrossABreak(t *testing.T) {
	b := newBoth(t)
	lost, lostCall := b.begin()
	cached, cachedCall := b.begin()
	late, lateCall := b.begin()
	runs, runsCall := b.begin()
	cut, cutCall := b.begin()
	unseen, _ := b.caller.Begin("lost on its way")
	answered, answeredCall := b.begin()
	b.finish(answeredCall, "came", 1)
	if _, err := b.caller.Return(1, answered); err != nil {
		t.Fatal(err)
	}
	b.finish(lostCall, "large", 101)
	b.finish(cachedCall, "cached", 1)
	b.callee.Fence()
	b.callee.Unbegin(cutCall)
	if send, _ := b.finish(lateCall, "late", 1); send != 0 {
		t.Errorf("an answer is sent on connection %d, which is lost", send)
	}
	again, r := b.resume(2)
	if !slices.Equal(again, []CallID{cut, unseen}) {
		t.Errorf("sent again: %v", again)
	}
	if !slices.Equal(answers(r.Again), []string{"cached", "late"}) || !slices.Equal(r.Lost, []CallID{lost}) || r.Gone != nil {
		t.Errorf("%+v", r)
	}
	if err := b.callee.Begin(2, unseen, &Served[string]{}); err != nil {
		t.Error(err)
	}
	if send, _ := b.finish(runsCall, "ran", 1); send != 2 {
		t.Errorf("the answer goes out on connection %d", send)
	}
	for _, id := range []CallID{lost, cached, late, runs} {
		if _, err := b.caller.Return(2, id); err != nil {
			t.Errorf("call %d: %v", id, err)
		}
	}
	if _, err := b.caller.Return(2, unseen); err == nil {
		t.Error("a call that was not sent is answered")
	}
	if b.caller.Len() != 2 || !slices.Equal(b.caller.Done(2, 2, nil), []CallID{lost, cached}) || b.caller.Due() != 2 {
		t.Errorf("%d calls are open, %d acknowledgements are due", b.caller.Len(), b.caller.Due())
	}
}

// TestC2CallsStandInLine: what was not seen, and what was made meanwhile, is sent in
// the order in which it was made.
func TestC2CallsStandInLine(t *testing.T) {
	b := newBoth(t)
	first, _ := b.caller.Begin("first")
	gone, _ := b.caller.Begin("gone")
	b.caller.Fence()
	while, send := b.caller.Begin("made meanwhile")
	if send != 0 || !b.caller.Waits(while) || b.caller.Waits(first) {
		t.Errorf("sent on %d", send)
	}
	b.resume(2)
	b.caller.Withdraw(gone)
	later, send := b.caller.Begin("made later")
	if send != 0 {
		t.Errorf("a later call is sent first, on %d", send)
	}
	for _, want := range []CallID{first, while, later} {
		if _, _, ok := b.caller.Turn(1); ok {
			t.Error("a turn on the old connection")
		}
		id, _, ok := b.caller.Turn(2)
		if id != want || !ok || !b.caller.Send(2, id) || b.caller.Send(2, id) || b.caller.Waits(id) {
			t.Errorf("call %d is next, want %d", id, want)
		}
		b.caller.Pass(2, id)
		b.caller.Pass(2, id) // once only
	}
	if _, _, ok := b.caller.Turn(2); ok {
		t.Error("the line goes on")
	}
	if _, send := b.caller.Begin("at once"); send != 2 {
		t.Errorf("sent on %d", send)
	}
}

func TestC2WhatThePeerDoesNotAskForIsLetGo(t *testing.T) {
	b := newBoth(t)
	id, s := b.begin()
	runs, other := b.begin()
	b.finish(s, "r", 1)
	b.caller.Return(1, id)
	b.caller.Withdraw(runs) // against the rules
	if _, r := b.resume(2); !slices.Equal(answers(r.Gone), []string{"r"}) || len(r.Again)+len(r.Lost) > 0 {
		t.Errorf("%+v", r)
	}
	if b.caller.Due() != 0 {
		t.Error("what the statement acknowledged is acknowledged again")
	}
	if send, gone := b.finish(other, "nobody's", 1); send != 0 || !slices.Equal(gone, []string{"nobody's"}) {
		t.Errorf("send on %d, gone %v", send, gone)
	}
}

func TestR1OldConnectionsCountForNoCall(t *testing.T) {
	b := newBoth(t)
	id, s := b.begin()
	b.finish(s, "r", 1)
	stale := func() {
		t.Helper()
		_, returned := b.caller.Return(1, id)
		_, acked := b.callee.Ack(1, []CallID{id}, nil)
		for _, err := range []error{returned, acked, b.callee.Begin(1, 7, &Served[string]{})} {
			if !errors.Is(err, ErrStale) {
				t.Errorf("%v", err)
			}
		}
		b.caller.Undone(1, []CallID{id})
		if b.caller.Done(1, 9, nil) != nil || b.caller.Due() > 0 {
			t.Error("acknowledged on the old connection")
		}
	}
	b.caller.Fence()
	b.callee.Fence()
	stale()
	b.resume(2)
	stale()
	if _, err := b.caller.Return(2, id); err != nil {
		t.Error(err)
	}
}

func TestC2FalseStatementsChangeNothing(t *testing.T) {
	b := newBoth(t)
	id, _ := b.begin()
	if _, err := b.caller.Reconcile(2, nil); err == nil {
		t.Error("a statement on a connection that stands")
	}
	if _, err := b.callee.Reconcile(2, nil); err == nil {
		t.Error("a statement on a connection that stands")
	}
	b.caller.Fence()
	b.callee.Fence()
	b.caller.Open()
	meanwhile, _ := b.caller.Begin("not asked for")
	for _, ids := range [][]CallID{{0}, {1, 1}, {2, 1}, {7}, {meanwhile}} {
		if _, err := b.caller.Reconcile(2, ids); err == nil {
			t.Errorf("the caller takes %v", ids)
		}
	}
	for _, ids := range [][]CallID{{0}, {1, 1}, {2, 1}} {
		if _, err := b.callee.Reconcile(2, ids); err == nil {
			t.Errorf("the callee takes %v", ids)
		}
	}
	if unseen, _ := b.resume(2); !slices.Equal(unseen, []CallID{meanwhile}) || b.caller.Len() != 2 {
		t.Errorf("unseen %v, %d open", unseen, b.caller.Len())
	}
	if call, ok := b.caller.Get(id); !ok || call != "call" {
		t.Errorf("%q, %v", call, ok)
	}
}

func TestR5EndOfCalls(t *testing.T) {
	b := newBoth(t)
	_, runs := b.begin()
	id, s := b.begin()
	b.finish(s, "r", 1)
	b.caller.Set(id, "changed")
	if open := b.caller.End(); len(open) != 2 || open[id] != "changed" || b.caller.Len() != 0 {
		t.Errorf("open %v", open)
	}
	if id, send := b.caller.Begin("after"); id != 0 || send != 0 || b.caller.Len() != 0 {
		t.Errorf("call %d is made after the end", id)
	}
	if gone := b.callee.End(); !slices.Equal(answers(gone), []string{"r"}) {
		t.Errorf("gone %v", gone)
	}
	if running, kept, bytes := b.callee.Len(); running != 1 || kept+bytes != 0 {
		t.Error("something is left")
	}
	for s := range b.callee.Running() {
		if s != runs {
			t.Errorf("call %d runs", s.ID())
		}
	}
	if send, gone := b.finish(runs, "after", 1); send != 0 || len(gone) != 1 {
		t.Errorf("send on %d, gone %v", send, gone)
	}
	if running, _, _ := b.callee.Len(); running != 0 {
		t.Error("a call is left")
	}
}

// TestSeenCalls: the last 32,768 numbers are known one by one, older ones count as
// seen, and may still come for the first time.
func TestSeenCalls(t *testing.T) {
	var s seen
	if s.has(1) || !s.add(5) || s.add(5) || !s.add(3) || s.has(4) || !s.has(5) {
		t.Error("small numbers")
	}
	s.remove(3)
	if s.has(3) || !s.add(3) {
		t.Error("a number that was taken back")
	}
	if !s.add(5+seenWindow-1) || !s.has(5) || s.has(6) || s.has(5+seenWindow) {
		t.Error("the window's ends")
	}
	if !s.add(5+seenWindow) || !s.has(5) || !s.old(5) || s.has(6) {
		t.Error("the window has moved by one")
	}
	if !s.add(4) || !s.has(4) {
		t.Error("an old number")
	}
	if !s.add(1<<40) || s.has(1<<40-1) || !s.has(7) || s.add(1<<40) {
		t.Error("a far number")
	}
}
