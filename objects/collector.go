package objects

import (
	"sync"
	"time"
)

// collector takes the garbage collector's word that a Ref is gone, and sees to
// it that releases are sent: ReleaseDelay after the first, or at once when a
// batch is full (rule H5).
type collector struct {
	s    *session
	poll bool // look every ReleaseDelay instead of being woken

	mu      sync.Mutex // guards what follows
	dead    []*imported
	timer   *time.Timer
	armed   bool
	full    bool // the timer is set for whole batches alone
	stopped bool
	running sync.WaitGroup // flushes in progress; joined by stop
}

// init prepares the collector. Cleanups run on a goroutine of the runtime that
// must not touch timers or channels of a testing/synctest bubble (rule H7).
// In-memory connections are what such bubbles use; there the session looks for
// itself.
func (c *collector) init(s *session) {
	c.s = s
	c.poll = s.peer.info.InMemory
	if c.poll {
		c.arm(s.node.cfg.ReleaseDelay)
	}
}

// collected takes the word that the Ref of i is gone.
func (c *collector) collected(i *imported) {
	c.mu.Lock()
	stopped := c.stopped
	if !stopped {
		c.dead = append(c.dead, i)
		if !c.poll {
			c.scheduleLocked(len(c.dead) >= releaseBatch)
		}
	}
	c.mu.Unlock()
	if stopped {
		c.s.imports.forget(i)
	}
}

// take returns what was collected since the last call.
func (c *collector) take() []*imported {
	c.mu.Lock()
	defer c.mu.Unlock()
	dead := c.dead
	c.dead = nil
	return dead
}

// schedule arranges for a flush: now, of whole batches, or of all after ReleaseDelay.
func (c *collector) schedule(now bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scheduleLocked(now)
}

func (c *collector) scheduleLocked(now bool) {
	switch {
	case c.stopped:
	case now && !c.full:
		c.full = true
		c.armLocked(0)
	case !c.armed:
		c.armLocked(c.s.node.cfg.ReleaseDelay)
	}
}

func (c *collector) arm(delay time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armLocked(delay)
}

func (c *collector) armLocked(delay time.Duration) {
	c.armed = true
	if c.timer == nil {
		c.timer = time.AfterFunc(delay, c.flush)
		return
	}
	c.timer.Reset(delay)
}

// flush is what the timer runs.
func (c *collector) flush() {
	c.mu.Lock()
	if c.stopped {
		c.mu.Unlock()
		return
	}
	whole := c.full
	c.armed, c.full = false, false
	c.running.Add(1)
	c.mu.Unlock()
	defer c.running.Done()
	c.s.imports.flush(whole)
	if c.poll || c.s.imports.pending() { // they are too few, or there is no connection
		c.schedule(false)
	}
}

// stop ends the flushing and waits for what is in progress. It returns what was
// collected and not flushed.
func (c *collector) stop() []*imported {
	c.mu.Lock()
	c.stopped = true
	dead := c.dead
	c.dead = nil
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.running.Wait()
	return dead
}
