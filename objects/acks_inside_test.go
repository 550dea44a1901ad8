//go:build !race

package objects

import (
	"context"
	"testing"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/proxy"
)

func (c wirelessConn) SendBody(context.Context, uint64, []byte) error { return nil }

// TestC1WhatIsToBeToldIsBounded, whatever the size of a caller's arguments; each answer is
// told once.
func TestC1WhatIsToBeToldIsBounded(t *testing.T) {
	for _, size := range []int{0, ackRoom + 1, bulkThreshold + 1} {
		s, w := newWireless(t)
		ref, err := s.imports.receive(lifetime.FirstConn, &mine(1)[0], surfacing)
		if err != nil {
			t.Fatal(err)
		}
		remote, args, none := sample.NewThingProxy(ref), make([]byte, size), array(func(e *marshal.Encoder) { e.Bytes(nil) })
		told := map[uint64]bool{}
		w.sent = func(sent []byte) {
			var call wire.Call
			var ack wire.Ack
			kind, err := wire.Peek(sent)
			if kind == wire.TypeAck {
				err = wire.ParseAck(sent, &ack)
			} else if err == nil {
				err = wire.ParseCall(sent, &call, 10)
			}
			if err != nil {
				t.Error(err)
			}
			for _, id := range append(ack.IDs, call.Done...) {
				if told[id] {
					t.Errorf("answer %d is told twice", id)
				}
				told[id] = true
			}
			if kind == wire.TypeAck {
				return
			}
			s.conn.Load().Message(append((&wire.Return{ID: call.ID}).AppendHead(nil, len(none)), none...))
		}
		const calls = 10 * ackBatch
		for range calls {
			if _, err := remote.Bytes(t.Context(), args); err != nil {
				t.Fatal(err)
			}
		}
		if due := s.calls.table.Due(); due > ackBatch || due+len(told) != calls {
			t.Errorf("%d bytes: %d answers are to be told, %d have been", size, due, len(told))
		}
	}
}

// TestGiveUpAtTheHeadOfTheLine: a caller that gives up when a connection has not taken its
// call, and those that do so behind it, hold up nobody.
func TestGiveUpAtTheHeadOfTheLine(t *testing.T) {
	s, w := newWireless(t)
	v := &s.calls
	s.fence(s.conn.Load())
	var line [3]*call
	for i := range line {
		line[i] = v.begin(t.Context(), &imported{s: s}, &proxy.Method{})
		if on, fail := v.register(t.Context(), line[i], 0); on != nil || fail != nil {
			t.Fatalf("%v, %v", on, fail)
		}
	}
	head, second, third := line[0], line[1], line[2]
	resume := func(number lifetime.Conn, have ...lifetime.CallID) *connection {
		on := newConnection(s, wirelessConn{w: w}, number)
		v.open()
		if _, err := v.reconcile(on, have); err != nil {
			t.Fatal(err)
		}
		return on
	}
	on := resume(2)
	if <-head.done != next {
		t.Fatal("the first has not got its turn")
	}
	if got, fail := v.take(head); got != on || fail != nil {
		t.Fatalf("%v, %v", got, fail)
	}
	if became := v.abandon(head); became != cancelled { // on has not taken it
		t.Errorf("the first became %v", became)
	}
	if became := v.abandon(second); became != withdrawn {
		t.Errorf("the second became %v", became)
	}
	v.fence()
	on = resume(3)
	if <-third.done != next {
		t.Fatal("the third has not got its turn")
	}
	if got, fail := v.take(third); got != on || fail != nil {
		t.Errorf("%v, %v", got, fail)
	}
	v.withdraw(third, on)
	if n := v.table.Len(); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}
