package marshal

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudgetWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := NewBudget("DecodeBudget", 100, nil)
		session, other := NewBudget("DecodeBudget", 80, node), NewBudget("DecodeBudget", 80, node)
		if err := session.Reserve(60); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- other.Wait(t.Context(), 50) }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("110 of 100 taken: %v", err)
		default:
		}
		if err := other.Reserve(40); err != nil {
			t.Errorf("one that waits takes what there is from others: %v", err)
		}
		session.Release(20)
		synctest.Wait()
		other.Release(40)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if node.Used() != 90 || other.Used() != 50 {
			t.Errorf("%d taken of the node, %d of the session", node.Used(), other.Used())
		}
	})
}

func TestBudgetWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget("DecodeBudget", 10, NewBudget("NodeBudget", 8, nil))
		if err := b.Wait(t.Context(), 9); err == nil {
			t.Error("9 of 8 taken")
		}
		b.Reserve(5)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Wait(ctx, 5); err == nil || b.Used() != 5 {
			t.Errorf("after the context: %v, %d taken", err, b.Used())
		}
		if b.Limit() != 8 {
			t.Errorf("limit %d", b.Limit())
		}
	})
}
