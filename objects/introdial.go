package objects

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
)

// candidate is an address of an owner, and who introduced it.
type candidate struct {
	Introduction
	by *session
}

// maxCandidates is how many addresses of one owner wait to be tried on the word of one
// introducer.
const maxCandidates = wire.MaxAddrs

// offer adds the addresses of an introduction to those that are to be tried.
func (o *owner) offer(v *vine) {
	s := v.of.vine.s
	theirs := 0
	for _, c := range o.candidates {
		if c.by == s {
			theirs++
		}
	}
	for _, addr := range v.token.Addrs {
		known := slices.ContainsFunc(o.candidates, func(c candidate) bool { return c.Addr == addr && c.by == s })
		if known || theirs >= maxCandidates {
			continue
		}
		theirs++
		o.candidates = append(o.candidates, candidate{Introduction{s.peer.public(), v.token.Owner, v.token.Key, addr}, s})
	}
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// pursue sees to the claims of an owner: they are sent, or it is dialled first.
func (x *introductions) pursue(incarnation uuid.UUID) {
	x.mu.Lock()
	o, s := x.owners[incarnation], x.peers[incarnation]
	dial := o != nil && s == nil && !o.dialling
	if dial {
		o.dialling = true
	}
	x.mu.Unlock()
	switch {
	case o != nil && s != nil:
		x.n.spawn(func() { x.send(s) }) // else the node is closing, and the session ends
	case dial && !x.n.spawn(func() { x.dial(incarnation, o) }):
		x.mu.Lock()
		x.fail(incarnation, o)
		x.mu.Unlock()
	}
}

// nextDial is how long an address has the word alone before the next one is tried too.
const nextDial = 100 * time.Millisecond

// dial reaches an owner at one of its addresses, the nearest first, and keeps the first
// that proves to be it. If there is none, all claims fail.
func (x *introductions) dial(incarnation uuid.UUID, o *owner) {
	ctx, cancel := context.WithCancel(x.n.ctx)
	defer cancel()
	reached, done := make(chan *session), make(chan struct{})
	defer close(done)
	for under := 0; ; {
		next, more := x.candidate(o)
		if more {
			under++
			x.n.tasks.Go(func() { // this task runs meanwhile
				s := x.try(ctx, next)
				select {
				case reached <- s:
				case <-done:
				}
			})
		} else if under == 0 {
			if x.giveUp(incarnation, o) {
				return
			}
			continue
		}
		s, ended := o.await(reached, more)
		if ended {
			under--
		}
		if s != nil && x.reached(s, incarnation, o) {
			return
		}
	}
}

// await waits until a dial has ended, or, with hurry, for nextDial, or for other
// addresses.
func (o *owner) await(reached <-chan *session, hurry bool) (s *session, ended bool) {
	var turn <-chan time.Time
	if hurry {
		timer := time.NewTimer(nextDial)
		defer timer.Stop()
		turn = timer.C
	}
	select {
	case s = <-reached:
		return s, true
	case <-turn:
	case <-o.more:
	}
	return nil, false
}

// candidate takes the next address that may be dialled.
func (x *introductions) candidate(o *owner) (candidate, bool) {
	for {
		x.mu.Lock()
		c, ok := nearest(&o.candidates)
		x.mu.Unlock()
		if !ok || x.n.cfg.DialPolicy(c.Introduction) {
			return c, ok
		}
		x.n.log.Debug("introduced address is not dialled: DialPolicy", "owner", c.Owner, "address", c.Addr, "introducer", c.Introducer.Addr)
	}
}

// try dials one address. It returns nil if that does not lead to the owner.
func (x *introductions) try(ctx context.Context, c candidate) *session {
	select {
	case c.by.introducer.dials <- struct{}{}:
		defer func() { <-c.by.introducer.dials }()
	case <-ctx.Done():
		return nil
	}
	if !x.mayDial(c.by.introducer) {
		x.n.log.Debug("introduced owner is not dialled: Limits.Owners", "owner", c.Owner, "introducer", c.Introducer.Addr)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, x.n.cfg.HandshakeTimeout)
	defer cancel()
	said := c.Introduction // the session keeps it: not who said so
	want := wanted{incarnation: &said.Owner, by: c.by.introducer, permit: func(ip netip.Addr) error {
		if !x.n.cfg.DialPolicy(said.at(ip)) {
			return errNotPermitted
		}
		return nil
	}}
	if c.Key != nil {
		want.key = (*[32]byte)(c.Key)
	}
	var s *session
	err := error(errCrossed)
	for range crossedDials {
		if s, err = x.n.dialOnce(ctx, c.Addr, want); !errors.Is(err, errCrossed) {
			break
		}
	}
	x.n.log.Debug("dialled the owner of an introduced object", "owner", c.Owner, "address", c.Addr, "cause", err)
	return s
}

var errNotPermitted = errors.New("DialPolicy does not permit it")

// giveUp fails the claims of an owner that cannot be reached, unless somebody has
// introduced it again.
func (x *introductions) giveUp(incarnation uuid.UUID, o *owner) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(o.candidates) > 0 && x.n.ctx.Err() == nil {
		return false
	}
	o.dialling = false
	if x.owners[incarnation] == o && x.peers[incarnation] == nil {
		x.missed(incarnation, x.fail(incarnation, o))
	}
	return true
}

// reached ends the dialling: s is a session with the owner. It reports false if that
// has ended already.
func (x *introductions) reached(s *session, incarnation uuid.UUID, o *owner) bool {
	x.begun(s.conn.Load())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.peers[incarnation] == nil {
		return false
	}
	o.dialling, o.candidates = false, nil
	return true
}
