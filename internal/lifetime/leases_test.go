package lifetime

import (
	"slices"
	"testing"
	"time"
)

func TestO5ALeaseEndsWhenItsTimeIsOver(t *testing.T) {
	l := NewLeases(9, time.Second)
	l.Start(1, 2*time.Second)
	l.Start(2, 1500*time.Millisecond)
	l.Start(3, time.Second)
	if !l.Stop(3) || l.Stop(3) {
		t.Error("a lease can be stopped once")
	}
	for i, tick := range []struct {
		passed  time.Duration
		expired []SessionID
	}{{time.Second, nil}, {600 * time.Millisecond, []SessionID{2}}, {400 * time.Millisecond, []SessionID{1}}} {
		if expired := l.Tick(tick.passed); !slices.Equal(expired, tick.expired) {
			t.Errorf("tick %d: %v expire, not %v", i, expired, tick.expired)
		}
	}
	if l.Len() != 0 {
		t.Errorf("%d leases are left", l.Len())
	}
}

func TestO5AnOwnerThatWasStoppedExpiresNobody(t *testing.T) {
	l := NewLeases(9, time.Second)
	l.Start(1, time.Minute)
	if expired := l.Tick(time.Hour); expired != nil {
		t.Errorf("%v expire for an hour that the owner slept", expired)
	}
	for range 58 {
		if expired := l.Tick(time.Second); expired != nil {
			t.Fatal("expired early")
		}
	}
	if expired := l.Tick(time.Second); !slices.Equal(expired, []SessionID{1}) {
		t.Errorf("%v expire after a minute", expired)
	}
}

func TestLeasesDoNotPileUp(t *testing.T) {
	l := NewLeases(2, time.Second)
	l.Start(1, time.Minute)
	l.Start(2, time.Second)
	if evicted := l.Start(1, time.Hour); evicted != 0 {
		t.Errorf("%d is evicted for a lease that was there", evicted)
	}
	if evicted := l.Start(3, time.Minute); evicted != 2 || l.Len() != 2 {
		t.Errorf("%d is evicted, %d are left", evicted, l.Len())
	}
	if all := l.End(); len(all) != 2 || l.Len() != 0 {
		t.Errorf("%v end, %d are left", all, l.Len())
	}
}
