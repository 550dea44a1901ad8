// Package chat is a chat room: members hand the room an object of their own,
// which the room calls back.
package chat

import (
	"context"
	"errors"
)

//go:generate go tool objgen

// ErrNameTaken says that somebody of that name is in the room.
//
//objgen:error
var ErrNameTaken = errors.New("chat: name taken")

// Room is where members meet.
//
//objgen:export
type Room interface {
	// Join brings m into the room under name, which must be free: else it fails
	// with ErrNameTaken. The member stays until it leaves, lets go of its seat,
	// or its process ends.
	Join(ctx context.Context, name string, m Member) (Seat, error)
}

// Member is what a room sees of somebody in it.
//
//objgen:export
type Member interface {
	// Hear brings a line that another member said.
	Hear(ctx context.Context, from, text string) error
	// Notice brings news of the room itself.
	Notice(ctx context.Context, text string) error
}

// Seat is what a member has of the room.
//
//objgen:export
type Seat interface {
	// Say says text to all the others.
	Say(ctx context.Context, text string) error
	// Leave ends the membership.
	Leave(ctx context.Context) error
}
