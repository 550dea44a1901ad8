package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/netobj/netobj/examples/chat"
	"github.com/netobj/netobj/objects"
)

// patience is how long a member may take to hear a line before it misses it.
const patience = 5 * time.Second

// room is the real thing behind chat.Room.
type room struct {
	mu    sync.Mutex
	seats map[string]*seat
}

func newRoom() *room { return &room{seats: map[string]*seat{}} }

// seat is the real thing behind chat.Seat: one member in the room.
type seat struct {
	room   *room
	name   string
	member chat.Member
	unhook func() bool // stops the watch over the member
}

// Join implements chat.Room.
func (r *room) Join(_ context.Context, name string, m chat.Member) (chat.Seat, error) {
	if m == nil {
		return nil, errors.New("nobody to bring in: the member is nil")
	}
	s := &seat{room: r, name: name, member: m}
	r.mu.Lock()
	if r.seats[name] != nil {
		r.mu.Unlock()
		return nil, fmt.Errorf("%q: %w", name, chat.ErrNameTaken)
	}
	r.seats[name] = s
	// The reference tells when its owner is gone, for whatever reason.
	alive := objects.Alive(m)
	s.unhook = context.AfterFunc(alive, func() { s.leave("is gone") })
	r.mu.Unlock()
	r.tell(name, func(ctx context.Context, m chat.Member) error { return m.Notice(ctx, name+" joined") })
	return s, nil
}

// Say implements chat.Seat.
func (s *seat) Say(_ context.Context, text string) error {
	s.room.tell(s.name, func(ctx context.Context, m chat.Member) error { return m.Hear(ctx, s.name, text) })
	return nil
}

// Leave implements chat.Seat.
func (s *seat) Leave(context.Context) error {
	s.leave("left")
	return nil
}

// Unreferenced runs when the member's process holds its seat no longer.
func (s *seat) Unreferenced() { s.leave("is gone") }

func (s *seat) leave(how string) {
	s.room.mu.Lock()
	there := s.room.seats[s.name] == s
	if there {
		delete(s.room.seats, s.name)
		s.unhook()
	}
	s.room.mu.Unlock()
	if there {
		s.room.tell(s.name, func(ctx context.Context, m chat.Member) error { return m.Notice(ctx, s.name+" "+how) })
	}
}

// tell calls all members but one, at the same time, so that a slow one holds
// nobody up. A member that cannot be told will be noticed by the watch over it.
func (r *room) tell(except string, f func(context.Context, chat.Member) error) {
	r.mu.Lock()
	var members []chat.Member
	for name, s := range r.seats {
		if name != except {
			members = append(members, s.member)
		}
	}
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var told sync.WaitGroup
	for _, m := range members {
		told.Go(func() { f(ctx, m) })
	}
	told.Wait()
}
