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

// lost runs when the session with the registry ended. While there are names to
// keep bound it stays and rebinds them; one goroutine at a time does so. It
// ends with the client or its node.
func (c *Client) lost() {
	c.mu.Lock()
	if c.ctx.Err() != nil || len(c.held) == 0 || c.rebinding != nil {
		c.mu.Unlock()
		return
	}
	done := make(chan struct{})
	c.rebinding = done
	c.mu.Unlock()
	go c.rebind(done) // ends with c.ctx; Close waits for it
}

func (c *Client) rebind(done chan struct{}) {
	defer close(done)
	var p pauses
	warned := false
	for p.wait(c.ctx) {
		remote, err := c.rebindAll()
		if err == nil && c.settled(remote) {
			if warned {
				c.log.Info("registry: is back; names are bound anew", "registry", c.url)
			}
			return
		}
		if err != nil && !warned && c.ctx.Err() == nil {
			warned = true
			c.log.Warn("registry: lost; will bind names anew when it is back", "registry", c.url, "error", err)
		}
	}
}

// settled ends the rebinding, unless the session that it was done in is lost
// again.
func (c *Client) settled(remote Registry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if objects.Alive(remote).Err() != nil {
		return false
	}
	c.rebinding = nil
	return true
}

// rebindAll binds every held name anew, with its old record id. Names that the
// registry has given to others meanwhile, or that were removed, are forgotten.
func (c *Client) rebindAll() (Registry, error) {
	remote, err := c.connect(c.ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	names := maps.Clone(c.held)
	c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		h := names[name]
		_, err := remote.Bind(c.ctx, name, h.ref, h.terms)
		switch {
		case errors.Is(err, ErrBound), errors.Is(err, ErrSpent), errors.Is(err, ErrTooManyNames):
			c.log.Warn("registry: a name is no longer ours", "name", name, "record", h.terms.ID, "error", err)
			c.forget(name, h)
		case err != nil:
			return nil, err
		}
	}
	return remote, nil
}
