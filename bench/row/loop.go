package row

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/bench/process"
	"github.com/netobj/netobj/bench/stats"
)

// warm is the part of a measurement's time that is spent before it.
const warm = 5 // a fifth

// timed makes calls one after the other for a while and returns their times. The
// first ones, of a fifth of the time, do not count.
func (e *env) timed(during time.Duration, call func(n int) error) ([]stats.Call, error) {
	var calls []stats.Call
	begun := time.Now()
	end := begun
	for n := 0; end.Sub(begun) < during+during/warm || len(calls) == 0; n++ {
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		if err := call(n); err != nil {
			return nil, err
		}
		last := end
		end = time.Now()
		if end.Sub(begun) > during/warm {
			calls = append(calls, stats.Call{Took: end.Sub(start), Gap: start.Sub(last)})
		}
	}
	return calls, nil
}

// both is what the two processes have used.
func (e *env) both(depth process.Depth) (client, server process.Usage, err error) {
	server, err = e.server.Usage(depth)
	return process.Use(depth), server, err
}

// crowd is a number of callers on one connection.
type crowd struct {
	stop atomic.Bool
	done sync.WaitGroup
	made []callerCount

	once sync.Once
	err  error // of the first call that failed; valid when done
}

// callerCount is one caller's; it has a cache line of its own.
type callerCount struct {
	calls atomic.Int64
	_     [120]byte
}

// gather lets callers call until it is told to stop or a call fails. A call is
// given a number that no other has.
func gather(callers int, call func(n int) error) *crowd {
	c := &crowd{made: make([]callerCount, callers)}
	for i := range c.made {
		c.done.Go(func() { // ends by stop, or with the first error
			for n := i; !c.stop.Load(); n += callers {
				if err := call(n); err != nil {
					c.fail(err)
					return
				}
				c.made[i].calls.Add(1)
			}
		})
	}
	return c
}

func (c *crowd) fail(err error) {
	c.once.Do(func() { c.err = err })
	c.stop.Store(true)
}

// calls returns how many calls have been made.
func (c *crowd) calls() (sum int64) {
	for i := range c.made {
		sum += c.made[i].calls.Load()
	}
	return sum
}

// end stops the callers and returns the first error.
func (c *crowd) end() error {
	c.stop.Store(true)
	c.done.Wait()
	return c.err
}

// throughput is what a crowd did.
type throughput struct {
	calls int64
	took  time.Duration
	cpu   time.Duration // of both processes
}

// crowded measures a number of callers for a while; longer if none gets an answer.
func (e *env) crowded(callers int, call func(n int) error) (throughput, error) {
	c := gather(callers, call)
	e.wait(e.Time / warm)
	client, server, err := e.both(process.CPU)
	calls, begun := c.calls(), time.Now()
	for e.wait(e.Time); c.calls() == calls && !c.stop.Load() && e.ctx.Err() == nil; {
		e.wait(e.Time)
	}
	t := throughput{calls: c.calls() - calls, took: time.Since(begun)}
	client2, server2, err2 := e.both(process.CPU)
	t.cpu = client2.CPU - client.CPU + server2.CPU - server.CPU
	for _, err := range []error{c.end(), e.ctx.Err(), err, err2} {
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

// share divides n pieces of work between callers, and returns the first error.
func share(n, callers int, piece func(i int) error) error {
	var next atomic.Int64
	c := &crowd{}
	for range callers {
		c.done.Go(func() { // ends when nothing is left, or with the first error
			for i := next.Add(1) - 1; i < int64(n) && !c.stop.Load(); i = next.Add(1) - 1 {
				if err := piece(int(i)); err != nil {
					c.fail(err)
				}
			}
		})
	}
	c.done.Wait()
	return c.err
}

// wait lets time pass.
func (e *env) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-e.ctx.Done():
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func rate(n int64, took time.Duration) float64 { return float64(n) / took.Seconds() }
