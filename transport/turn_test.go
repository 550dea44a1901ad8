package transport

import (
	"testing"
	"testing/synctest"
)

// TestTurnsAreTakenInOrder: whoever gives a turn up and wants it again waits behind
// those who have come meanwhile.
func TestTurnsAreTakenInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var turn turn
		if !turn.try() || turn.try() {
			t.Fatal("a turn can be had once")
		}
		var order []int
		for i := range 3 {
			go func() {
				for range 2 {
					turn.take()
					order = append(order, i)
					turn.give()
				}
			}()
			synctest.Wait()
		}
		turn.give()
		synctest.Wait()
		for k, i := range order {
			if i != k%3 {
				t.Fatalf("turns went to %v", order)
			}
		}
		if len(order) != 6 || !turn.try() {
			t.Errorf("turns went to %v; in the end the turn is taken", order)
		}
	})
}
