package mesh

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objtest"
)

var counterCalls = flag.Int64("counter.calls", 30_000, "how many calls TestCounterAcrossBreaks makes")

// What TestCounterAcrossBreaks is made of.
const (
	counterClients = 4       // nodes, each with a link of its own
	counterCallers = 32      // goroutines of each
	perBreak       = 1000    // calls of a client between two breaks of its link
	perBody        = 100     // calls between two with a body
	bodySize       = 100_000 // bytes, which travel on a stream of their own
)

// counter counts the calls that run, and remembers their numbers.
type counter struct {
	count atomic.Int64
	twice atomic.Int64 // that ran although their number had run before
	seen  bits
}

// Add implements Counter.
func (c *counter) Add(_ context.Context, number uint64, body []byte) ([]byte, error) {
	c.count.Add(1)
	if c.seen.set(number) {
		c.twice.Add(1)
	}
	return body, nil
}

// bits is a set of numbers.
type bits []atomic.Uint64

func newBits(most int64) bits { return make(bits, most/64+1) }

// set adds a number, and reports whether it was there.
func (b bits) set(n uint64) bool { return b[n/64].Or(1<<(n%64))>>(n%64)&1 == 1 }

// less returns how many numbers of b are not in c.
func (b bits) less(c bits) (n int) {
	for i := range b {
		for rest := b[i].Load() &^ c[i].Load(); rest != 0; rest &= rest - 1 {
			n++
		}
	}
	return n
}

// counting is the run of TestCounterAcrossBreaks.
type counting struct {
	t            *testing.T
	counter      counter
	next         atomic.Int64 // number of the latest call
	acknowledged bits
	good         atomic.Int64 // how many those are
	unknown      atomic.Int64 // calls that may have run
	breaks       atomic.Int64
}

// TestCounterAcrossBreaks counts over tcp while the connections of many callers break in
// every way: no call runs twice, none that was acknowledged is missing, and none has run
// that was neither acknowledged nor said to be unknown.
func TestCounterAcrossBreaks(t *testing.T) {
	c := &counting{t: t, acknowledged: newBits(*counterCalls)}
	c.counter.seen = newBits(*counterCalls)
	kit := objtest.NewConfig(t, objects.Config{
		Logger:    slog.New(slog.DiscardHandler),
		KeepAlive: 250 * time.Millisecond, KeepAliveTimeout: 250 * time.Millisecond, // a peer that lost its connection alone is soon asked
	})
	server := kit.NodeAt("tcp://127.0.0.1:0")
	if err := objects.Publish[Counter](server, "counter", &c.counter); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var clients sync.WaitGroup
	for range counterClients {
		node, l := kit.Node(), newLink(t, server.Addrs()[0])
		clients.Go(func() { c.client(node, l) })
	}
	clients.Wait()
	n, good, unknown := c.counter.count.Load(), c.good.Load(), c.unknown.Load()
	t.Logf("%d calls in %v: counted %d, acknowledged %d, unknown %d, over %d breaks", *counterCalls, time.Since(begun).Round(time.Second), n, good, unknown, c.breaks.Load())
	if unknown > *counterCalls/10_000 { // answers are kept until they have arrived
		t.Errorf("%d calls have an unknown outcome", unknown)
	}
	if good > n || n > good+unknown || good+unknown != *counterCalls {
		t.Errorf("the counter is not between what was acknowledged and what that and the unknown make")
	}
	if twice, lost := c.counter.twice.Load(), c.acknowledged.less(c.counter.seen); twice+int64(lost) > 0 {
		t.Errorf("%d calls ran twice, %d were acknowledged and have not run", twice, lost)
	}
}

// client makes calls from one node, together with others, until there are enough.
func (c *counting) client(node *objects.Node, l *link) {
	remote, err := objects.Open[Counter](c.t.Context(), node, l.URL, "counter")
	if err != nil {
		c.t.Error(err)
		return
	}
	var callers, breaker sync.WaitGroup
	due := make(chan struct{}, 1)
	breaker.Go(func() {
		for kind := 0; ; kind++ {
			if _, more := <-due; !more {
				return
			}
			c.breakLink(l, kind)
		}
	})
	var made atomic.Int64
	for range counterCallers {
		callers.Go(func() {
			for number := c.next.Add(1); number <= *counterCalls; number = c.next.Add(1) {
				if made.Add(1)%perBreak == 0 {
					select {
					case due <- struct{}{}:
					default: // the last break is not over yet
					}
				}
				c.call(remote, uint64(number-1))
			}
		})
	}
	callers.Wait()
	close(due)
	breaker.Wait()
}

// call makes one call and notes how it ended.
func (c *counting) call(remote Counter, number uint64) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var body []byte
	if number%perBody == 0 {
		body = bytes.Repeat([]byte{byte(number / perBody)}, bodySize)
	}
	back, err := remote.Add(ctx, number, body)
	switch {
	case err == nil && bytes.Equal(back, body):
		c.good.Add(1)
		c.acknowledged.set(number)
	case err == nil:
		c.t.Errorf("call %d brought %d bytes back, not its own %d", number, len(back), len(body))
	case objects.OutcomeOf(err) == objects.OutcomeUnknown && ctx.Err() == nil:
		c.unknown.Add(1)
	default:
		c.t.Errorf("call %d: %v (%v)", number, err, objects.OutcomeOf(err))
	}
}

// breakLink breaks the connection of a link, in one way after the other.
func (c *counting) breakLink(l *link, kind int) {
	c.breaks.Add(1)
	switch kind % 5 {
	case 0:
		l.reset(toOwner, toHolder)
	case 1: // answers are lost
		l.hold(toHolder)
		c.someRun()
		l.reset(toOwner, toHolder)
	case 2: // calls are lost
		l.hold(toOwner)
		l.reset(toOwner, toHolder)
	case 3:
		l.reset(toHolder)
	case 4:
		l.reset(toOwner)
	}
	l.heal()
}

// someRun waits until further calls have run, or none does for a while.
func (c *counting) someRun() {
	beat := time.NewTicker(time.Millisecond)
	defer beat.Stop()
	before := c.counter.count.Load()
	for range 100 {
		if c.counter.count.Load() >= before+counterCallers/2 {
			return
		}
		<-beat.C
	}
}
