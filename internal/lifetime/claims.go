package lifetime

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ClaimID numbers the claims that one side of a session makes. It counts up from 1
// and is never used again in the session.
type ClaimID uint64

// Claims is the holder's side of introductions (T3, T5): objects of one peer that
// others introduced, and that the peer has not granted yet. V is an introduction
// with its vine. The vine belongs to the claim from Introduce on, and is the
// caller's again when the claim is resolved: to give it back if the object was
// granted, and to stay on it if not.
//
// There is one claim for each object. What is introduced again meanwhile joins it,
// and is tried when the introductions before it have failed.
type Claims[V any] struct {
	limit    int // claims at once
	last     ClaimID
	conn     Conn
	fenced   bool // conn is lost, and there is no other yet
	open     map[ClaimID]*claim[V]
	byObject map[ObjectID]ClaimID
}

type claim[V any] struct {
	object ObjectID
	vines  []V
	failed int // so many of them were refused
	sent   bool
}

// maxIntroductions is how many introductions of one object are kept while it is
// claimed.
const maxIntroductions = 8

// NewClaims returns an empty table for up to limit claims, on FirstConn.
func NewClaims[V any](limit int) *Claims[V] {
	return &Claims[V]{limit: limit, conn: FirstConn, open: map[ClaimID]*claim[V]{}, byObject: map[ObjectID]ClaimID{}}
}

// Introduce enters an introduction of object o, which is not held. It reports
// false if there are too many: then the vine stays the caller's, to stay on it.
func (t *Claims[V]) Introduce(o ObjectID, vine V) bool {
	c := t.open[t.byObject[o]]
	switch {
	case c == nil && len(t.open) >= t.limit, c != nil && len(c.vines) >= maxIntroductions:
		return false
	case c == nil:
		c = &claim[V]{object: o}
		t.enter(c)
	}
	c.vines = append(c.vines, vine)
	return true
}

// enter gives a claim a number, under which it has not been sent.
func (t *Claims[V]) enter(c *claim[V]) {
	t.last++
	c.sent = false
	t.open[t.last] = c
	t.byObject[c.object] = t.last
}

// Claiming reports whether object o is being claimed; calls on it wait meanwhile.
func (t *Claims[V]) Claiming(o ObjectID) bool {
	_, claiming := t.byObject[o]
	return claiming
}

// Next takes a claim that is to be sent on connection c, the oldest first.
func (t *Claims[V]) Next(c Conn) (q ClaimID, o ObjectID, vine V, ok bool) {
	if t.fenced || c != t.conn {
		return 0, 0, vine, false
	}
	for _, q := range slices.Sorted(maps.Keys(t.open)) {
		if c := t.open[q]; !c.sent {
			c.sent = true
			return q, c.object, c.vines[c.failed], true
		}
	}
	return 0, 0, vine, false
}

// Answer takes the owner's answer, which came on connection c. If the claim is
// resolved by it, the vines are the caller's again; otherwise there is another
// introduction to be tried, see Next. The error is ErrStale if that was an old
// connection: the claim is made again (R1). Any other is a violation of the
// protocol.
func (t *Claims[V]) Answer(c Conn, q ClaimID, granted bool) (o ObjectID, vines []V, resolved bool, err error) {
	if t.fenced || c != t.conn {
		return 0, nil, false, ErrStale
	}
	claim := t.open[q]
	if claim == nil || !claim.sent {
		return 0, nil, false, fmt.Errorf("answer to claim %d, which was not made, or is answered", q)
	}
	delete(t.open, q)
	if !granted {
		claim.failed++
	}
	if !granted && claim.failed < len(claim.vines) {
		t.enter(claim)
		return claim.object, nil, false, nil
	}
	delete(t.byObject, claim.object)
	return claim.object, claim.vines, true, nil
}

// Fence tells that the session's connection is lost or replaced: answers that came
// on it count no more, and every claim is to be sent again (R1).
func (t *Claims[V]) Fence() {
	t.fenced = true
	for _, c := range t.open {
		c.sent = false
	}
}

// Resume begins connection c.
func (t *Claims[V]) Resume(c Conn) { t.conn, t.fenced = c, false }

// End resolves all claims as failed: the session is over, or was never made (R5).
// The vines are the caller's.
func (t *Claims[V]) End() (vines []V) {
	for _, c := range t.open {
		vines = append(vines, c.vines...)
	}
	clear(t.open)
	clear(t.byObject)
	return vines
}

// Len returns the number of claims.
func (t *Claims[V]) Len() int { return len(t.open) }

// ErrIntroducer refuses a claim whose introducer has no session any more.
var ErrIntroducer = errors.New("the introducer's session has ended")

// Claim grants object o to session s, for which session via introduced it (T4).
// Whether the introduction is genuine, and not expired, the caller has checked. Via
// must hold the object: it can give away no more than it has. The errors are
// ErrIntroducer, and those of Grant; ErrGone among them.
func (x *Exports[T]) Claim(s SessionID, c Conn, o ObjectID, via SessionID) (XID, error) {
	introducer := x.sessions[via]
	if introducer == nil {
		return 0, ErrIntroducer
	}
	if _, listed := introducer.byID.Get(o); !listed {
		return 0, ErrGone
	}
	return x.Grant(s, c, o)
}
