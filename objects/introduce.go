package objects

import (
	"time"

	"github.com/netobj/netobj/internal/wire"
)

// leastIntroduction is the least time for which an introduction is good.
const leastIntroduction = 10 * time.Second

// introduction returns what lets the peer of s claim the object of r from its owner
// (rules T1, T2), nil if it is to use the forwarder: the object is reached through
// others, one of the three nodes takes no part, or the owner can be reached nowhere.
func (s *session) introduction(r reference) *wire.Introduction {
	if r.way() != routeDirect {
		return nil
	}
	i := r.now()
	owner := &i.s.peer
	if s.peer.secret == nil || owner.secret == nil || len(owner.addrs) == 0 || i.xid == nodeXID || owner.incarnation == s.peer.incarnation {
		return nil
	}
	expiry := (i.s.age() + max(owner.lease, leastIntroduction)).Truncate(time.Millisecond)
	return &wire.Introduction{
		Owner:  owner.incarnation,
		Key:    owner.key,
		Object: uint64(i.object),
		Addrs:  owner.addrs,
		Expiry: expiry,
		MAC:    wire.ClaimMAC(owner.secret, owner.incarnation, uint64(i.object), s.peer.recipient(), expiry),
	}
}

// age is how old the session is; both of its ends count it from the handshake.
func (s *session) age() time.Duration { return s.node.clock() - s.born }
