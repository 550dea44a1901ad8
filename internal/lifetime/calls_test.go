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
	return &both{t, NewCalls[string](), NewResults[string](ResultLimits{Calls: 9, Kept: 2, Bytes: 100})}
}

// begin makes a call that arrives.
func (b *both) begin(c Conn) CallID {
	b.t.Helper()
	id := b.caller.Begin("call")
	if err := b.callee.Begin(c, id); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// resume fences both sides and resumes on connection c.
func (b *both) resume(c Conn) (unseen []CallID, r Resumed[string]) {
	b.t.Helper()
	b.caller.Fence()
	b.callee.Fence()
	open, have := b.caller.Open(), b.callee.Have()
	unseen, err := b.caller.Reconcile(c, have)
	if err != nil {
		b.t.Fatal(err)
	}
	if r, err = b.callee.Reconcile(c, open); err != nil {
		b.t.Fatal(err)
	}
	mustCheck(b.t, b.callee)
	return unseen, r
}

func TestC1ACallStartsOnce(t *testing.T) {
	b := newBoth(t)
	id := b.begin(FirstConn)
	if b.callee.Begin(FirstConn, id) == nil {
		t.Error("a number that runs starts again")
	}
	if send, gone := b.callee.Finish(id, "r", 1); send != FirstConn || gone != nil {
		t.Errorf("send on %d, gone %v", send, gone)
	}
	if b.callee.Begin(FirstConn, id) == nil {
		t.Error("a number that is answered starts again")
	}
	if b.callee.Begin(FirstConn, 0) == nil {
		t.Error("number 0 starts")
	}
}

func TestC1AcknowledgementsFreeAnswers(t *testing.T) {
	b := newBoth(t)
	id, other := b.begin(FirstConn), b.begin(FirstConn)
	b.callee.Finish(id, "r", 10)
	if _, err := b.callee.Ack(FirstConn, []CallID{other}, nil); err == nil {
		t.Error("a call that runs is acknowledged")
	}
	if call, err := b.caller.Return(FirstConn, id); call != "call" || err != nil {
		t.Fatal(call, err)
	}
	if _, err := b.caller.Return(FirstConn, id); err == nil || errors.Is(err, ErrStale) {
		t.Errorf("a second answer: %v", err)
	}
	if b.caller.Due() != 1 {
		t.Errorf("%d acknowledgements are due", b.caller.Due())
	}
	done := b.caller.Done(FirstConn, 9, nil)
	if gone, err := b.callee.Ack(FirstConn, done, nil); err != nil || !slices.Equal(gone, []string{"r"}) {
		t.Errorf("gone %v, error %v", gone, err)
	}
	if gone, err := b.callee.Ack(FirstConn, done, nil); err != nil || gone != nil {
		t.Errorf("a second time: gone %v, error %v", gone, err)
	}
	if calls, kept, bytes := b.callee.Len(); calls != 1 || kept != 0 || bytes != 0 {
		t.Errorf("%d calls, %d answers of %d bytes are left", calls, kept, bytes)
	}
}

func TestC1AnswersAreBounded(t *testing.T) {
	b := newBoth(t)
	var ids []CallID
	for range 4 {
		ids = append(ids, b.begin(FirstConn))
	}
	b.callee.Finish(ids[0], "a", 40)
	b.callee.Finish(ids[1], "b", 40)
	if _, gone := b.callee.Finish(ids[2], "c", 10); !slices.Equal(gone, []string{"a"}) {
		t.Errorf("by number: gone %v", gone)
	}
	if send, gone := b.callee.Finish(ids[3], "d", 200); send != FirstConn || !slices.Equal(gone, []string{"d"}) {
		t.Errorf("by bytes: send on %d, gone %v", send, gone)
	}
	mustCheck(t, b.callee)
	if calls, kept, bytes := b.callee.Len(); calls != 4 || kept != 2 || bytes != 50 {
		t.Errorf("%d calls, %d answers of %d bytes", calls, kept, bytes)
	}
	for range 5 {
		b.begin(FirstConn)
	}
	if b.callee.Begin(FirstConn, 10) == nil {
		t.Error("a caller that acknowledges nothing goes on")
	}
}

func TestC2CallsAcrossABreak(t *testing.T) {
	b := newBoth(t)
	dropped, cached, late, running := b.begin(1), b.begin(1), b.begin(1), b.begin(1)
	unseen := b.caller.Begin("lost on its way")
	answered := b.begin(1)
	b.callee.Finish(answered, "came", 1)
	if _, err := b.caller.Return(1, answered); err != nil {
		t.Fatal(err)
	}
	b.callee.Finish(dropped, "large", 101)
	b.callee.Finish(cached, "cached", 1)
	b.callee.Fence()
	if send, _ := b.callee.Finish(late, "late", 1); send != 0 {
		t.Errorf("an answer is sent on connection %d, which is lost", send)
	}
	again, r := b.resume(2)
	if !slices.Equal(again, []CallID{unseen}) {
		t.Errorf("sent again: %v", again)
	}
	if !slices.Equal(r.Answers, []Answer[string]{{cached, "cached"}, {late, "late"}}) || !slices.Equal(r.Dropped, []CallID{dropped}) {
		t.Errorf("answers %v, dropped %v", r.Answers, r.Dropped)
	}
	if !slices.Equal(r.Gone, []string(nil)) {
		t.Errorf("gone %v", r.Gone)
	}
	if err := b.callee.Begin(2, unseen); err != nil {
		t.Error(err)
	}
	if send, _ := b.callee.Finish(running, "ran", 1); send != 2 {
		t.Errorf("the answer goes out on connection %d", send)
	}
	for _, id := range []CallID{dropped, cached, late, running} {
		if _, err := b.caller.Return(2, id); err != nil {
			t.Errorf("call %d: %v", id, err)
		}
	}
	if b.caller.Len() != 1 || !slices.Equal(b.caller.Done(2, 2, nil), []CallID{dropped, cached}) || b.caller.Due() != 2 {
		t.Errorf("%d calls are open, %d acknowledgements are due", b.caller.Len(), b.caller.Due())
	}
}

func TestC2WhatThePeerDoesNotAskForIsLetGo(t *testing.T) {
	b := newBoth(t)
	id, running := b.begin(1), b.begin(1)
	b.callee.Finish(id, "r", 1)
	b.caller.Return(1, id)
	b.caller.Withdraw(running) // against the rules
	if _, r := b.resume(2); !slices.Equal(r.Gone, []string{"r"}) || len(r.Answers)+len(r.Dropped) > 0 {
		t.Errorf("%+v", r)
	}
	if b.caller.Due() != 0 {
		t.Error("what the statement acknowledged is acknowledged again")
	}
	if send, gone := b.callee.Finish(running, "nobody's", 1); send != 0 || !slices.Equal(gone, []string{"nobody's"}) {
		t.Errorf("send on %d, gone %v", send, gone)
	}
}

func TestR1OldConnectionsCountForNoCall(t *testing.T) {
	b := newBoth(t)
	id := b.begin(1)
	b.callee.Finish(id, "r", 1)
	stale := func() {
		t.Helper()
		_, returned := b.caller.Return(1, id)
		_, acked := b.callee.Ack(1, []CallID{id}, nil)
		for _, err := range []error{returned, acked, b.callee.Begin(1, 7)} {
			if !errors.Is(err, ErrStale) {
				t.Errorf("%v", err)
			}
		}
		if b.caller.Done(1, 9, nil) != nil {
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
	id := b.begin(1)
	if _, err := b.caller.Reconcile(2, nil); err == nil {
		t.Error("a statement on a connection that stands")
	}
	if _, err := b.callee.Reconcile(2, nil); err == nil {
		t.Error("a statement on a connection that stands")
	}
	b.caller.Fence()
	b.callee.Fence()
	for _, ids := range [][]CallID{{0}, {1, 1}, {2, 1}, {7}} {
		if _, err := b.caller.Reconcile(2, ids); err == nil {
			t.Errorf("the caller takes %v", ids)
		}
	}
	for _, ids := range [][]CallID{{0}, {1, 1}, {2, 1}} {
		if _, err := b.callee.Reconcile(2, ids); err == nil {
			t.Errorf("the callee takes %v", ids)
		}
	}
	if unseen, _ := b.resume(2); len(unseen) != 0 || b.caller.Len() != 1 {
		t.Errorf("unseen %v, %d open", unseen, b.caller.Len())
	}
	if call, ok := b.caller.Get(id); !ok || call != "call" {
		t.Errorf("%q, %v", call, ok)
	}
}

func TestR5EndOfCalls(t *testing.T) {
	b := newBoth(t)
	b.begin(1)
	id := b.begin(1)
	b.callee.Finish(id, "r", 1)
	b.caller.Set(id, "changed")
	if open := b.caller.End(); len(open) != 2 || open[id] != "changed" || b.caller.Len() != 0 {
		t.Errorf("open %v", open)
	}
	if gone := b.callee.End(); !slices.Equal(gone, []string{"r"}) {
		t.Errorf("gone %v", gone)
	}
	if calls, kept, bytes := b.callee.Len(); calls+kept+bytes != 0 {
		t.Error("something is left")
	}
	if send, gone := b.callee.Finish(1, "after", 1); send != 0 || len(gone) != 1 {
		t.Errorf("send on %d, gone %v", send, gone)
	}
}

// Acknowledgements come in another order than answers; the order of answers must
// not grow with what is not kept any more.
func TestResultsOrderStaysSmall(t *testing.T) {
	r := NewResults[int](ResultLimits{Calls: 10, Kept: 5, Bytes: 100})
	r.Begin(1, 1)
	r.Finish(1, 1, 1) // never acknowledged
	for id := CallID(2); id < 1000; id++ {
		if err := r.Begin(1, id); err != nil {
			t.Fatal(err)
		}
		r.Finish(id, int(id), 1)
		r.Ack(1, []CallID{id}, nil)
		mustCheck(t, r)
	}
	if len(r.order) > 32 {
		t.Errorf("the order has %d entries for %d answers", len(r.order), r.kept)
	}
}
