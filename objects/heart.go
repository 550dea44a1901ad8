package objects

import (
	"fmt"
	"sync"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

// heart watches that the peer is alive: it asks for a sign of life after
// Config.KeepAlive of silence and gives up Config.KeepAliveTimeout later. Any
// byte is a sign of life, be it in the middle of a large body. It watches over
// bodies that do not come, too: time that this process spent stopped is one tick,
// and held against nobody. The side that dialled asks first, so that an idle pair has
// one ping in each interval; the other asks two ticks later.
type heart struct {
	mu      sync.Mutex
	timer   *time.Timer // nil before start and after stop
	pulse   time.Duration
	seen    uint64 // bytes that had come at the last tick
	silent  int    // ticks since anything was heard
	askAt   int    // ticks of silence after which the peer is asked
	deadAt  int    // ticks of silence after which it is dead
	stopped bool
}

// ticksPerKeepAlive divides the keepalive into ticks. The silence measured is
// short by up to one tick, so the limits are one tick lower: a dead peer is
// noticed within KeepAlive + KeepAliveTimeout, never later.
const ticksPerKeepAlive = 6

func (h *heart) start(c *connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	cfg := c.s.node.cfg
	h.pulse = max(cfg.KeepAlive/ticksPerKeepAlive, time.Millisecond)
	h.askAt = ticksPerKeepAlive - 1
	h.deadAt = h.askAt + max(int(cfg.KeepAliveTimeout/h.pulse), 1)
	if !c.s.peer.dialled {
		h.askAt = min(h.askAt+2, h.deadAt-1)
	}
	h.timer = time.AfterFunc(h.pulse, func() { h.tick(c) })
}

func (h *heart) tick(c *connection) {
	c.s.serving.watchReader()
	c.s.node.endIdle()
	c.s.node.fallen.tell()
	c.s.relieve()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return
	}
	if now := c.Received(); now != h.seen {
		h.seen, h.silent = now, 0
	} else {
		h.silent++
	}
	switch h.silent {
	case h.askAt:
		c.sendLater(&wire.Ping{})
	case h.deadAt:
		silence := h.pulse * time.Duration(h.deadAt+1)
		c.Abort(fmt.Errorf("no sign of life for %v", silence))
		return
	}
	if c.bodies.overdue(h.pulse) {
		c.Abort(violation("bodies were announced and do not come"))
		return
	}
	h.timer.Reset(h.pulse)
}

func (h *heart) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	if h.timer != nil {
		h.timer.Stop()
	}
}
