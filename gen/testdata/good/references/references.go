// Package references passes objects wherever they may stand.
package references

import (
	"context"

	"github.com/netobj/netobj/proxy"
)

// Room is a place for members.
//
//objgen:export
type Room interface {
	Join(ctx context.Context, m Member, others ...Member) (Room, error)
	Members(ctx context.Context) ([]Member, map[string]Member, [2]Member, error)
	Invite(ctx context.Context, i Invitation, p *Member, pp *Invitation) (map[string][]Invitation, error)
	Bind(ctx context.Context, name string, object *proxy.Ref) (*proxy.Ref, error)
	Audit(ctx context.Context, log []*proxy.Ref, by map[int]*proxy.Ref) error
}

// Member is somebody in a room.
//
//objgen:export
type Member interface {
	Tell(ctx context.Context, from Member, text string) error
}

// Invitation has references in all its fields.
type Invitation struct {
	From   Member
	To     []Member `cbor:"to,omitempty"`
	Seats  map[string]Member
	Table  [3]Member
	Host   *Member
	Rooms  []map[string][]Room
	Handle *proxy.Ref `cbor:",omitempty"`
}
