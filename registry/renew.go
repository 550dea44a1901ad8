package registry

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/netobj/netobj/objects"
)

// Pauses between attempts to reach a registry that is away. Each is drawn from
// the upper half of its length, so that many clients do not come back at once.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// pauses gives the lengths of the pauses of one series of attempts.
type pauses struct{ next time.Duration }

// wait waits for the next pause; it reports false if ctx ended first.
func (p *pauses) wait(ctx context.Context) bool {
	p.next = min(max(2*p.next, firstPause), lastPause)
	timer := time.NewTimer(p.next/2 + rand.N(p.next/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// lost runs when the registry in use has ended. While there are names to
// keep bound it stays and binds them anew; one goroutine at a time does so. It
// ends with the client or its node.
func (c *Client) lost() {
	c.mu.Lock()
	if c.ctx.Err() != nil || len(c.held) == 0 || c.renewing != nil {
		c.mu.Unlock()
		return
	}
	done := make(chan struct{})
	c.renewing = done
	c.mu.Unlock()
	go c.renew(done) // ends with c.ctx; Close waits for it
}

func (c *Client) renew(done chan struct{}) {
	defer close(done)
	var p pauses
	warned := false
	for p.wait(c.ctx) {
		err := c.renewStale()
		if err == nil && c.settled() {
			if warned {
				c.node.Logger().Info("registry: is back; names are bound anew", "registry", c.url)
			}
			return
		}
		if err != nil && !warned && c.ctx.Err() == nil {
			warned = true
			c.node.Logger().Warn("registry: lost; will bind names anew when it is back", "registry", c.url, "error", err)
		}
	}
}

// settled ends renew, unless names are stale: the registry was lost
// again, or they were bound in the former one just before that ended.
func (c *Client) settled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.stale()) > 0 {
		return false
	}
	c.renewing = nil
	return true
}

// stale returns the names whose registry has ended; c.mu is held.
func (c *Client) stale() map[string]*held {
	found := map[string]*held{}
	for name, h := range c.held {
		if endOf(h.in).Err() != nil {
			found[name] = h
		}
	}
	return found
}

// renewStale binds the stale names anew.
func (c *Client) renewStale() error {
	remote, err := c.connect(c.ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	stale := c.stale()
	c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(stale)) {
		if err := c.renewOne(remote, name, stale[name]); err != nil {
			return err
		}
	}
	return nil
}

// renewOne binds a name anew, with its old record id. A name that the registry
// has given to others meanwhile, that was removed, or whose object is gone, is
// forgotten: that is no error.
func (c *Client) renewOne(remote Registry, name string, h *held) error {
	c.offering <- struct{}{} // at most one call is waited for
	defer func() { <-c.offering }()
	if !c.holds(name, h) {
		return nil
	}
	_, err := remote.Bind(c.ctx, name, h.ref, h.terms)
	if object := objects.Alive(h.ref); object.Err() != nil {
		err = context.Cause(object)
	} else if err != nil && !errors.Is(err, ErrBound) && !errors.Is(err, ErrSpent) && !errors.Is(err, ErrTooManyNames) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		h.in = remote
		return nil
	}
	c.node.Logger().Warn("registry: a name is no longer ours", "name", name, "record", h.terms.ID, "error", err)
	if c.held[name] == h {
		delete(c.held, name)
	}
	return nil
}

func (c *Client) holds(name string, h *held) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held[name] == h
}

// withdraw ends the care for a name. It is not offered any more when withdraw
// returns without error.
func (c *Client) withdraw(ctx context.Context, name string) error {
	select {
	case c.offering <- struct{}{}:
		defer func() { <-c.offering }()
	case <-ctx.Done():
		return ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, name)
	return nil
}
