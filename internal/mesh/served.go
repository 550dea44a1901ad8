package mesh

import (
	"context"
	"errors"

	"github.com/netobj/netobj/objects"
)

// cell is a cell of this process.
type cell struct{ name Name }

// Name implements Cell.
func (c *cell) Name(context.Context) (Name, error) { return c.name, nil }

func (c *cell) origin() Origin { return Origin{Name: c.name, Path: []string{c.name.Owner}} }

func (m *member) newCell() *cell {
	return &cell{Name{Owner: m.incarnation, Serial: m.serial.Add(1)}}
}

// served is the Member that others call.
type served struct{ *member }

// Incarnation implements Member.
func (s served) Incarnation(context.Context) (string, error) { return s.incarnation, nil }

// Make implements Member.
func (s served) Make(context.Context) (Cell, Origin, error) {
	c := s.newCell()
	return c, c.origin(), nil
}

// Keep implements Member.
func (s served) Keep(_ context.Context, cell Cell, origin Origin) error {
	s.hold(cell, origin)
	return nil
}

// Lend implements Member.
func (s served) Lend(context.Context) (Cell, Origin, error) {
	cell, one, ok := s.held.some()
	if !ok || !s.mayPass(cell, one.origin) {
		return nil, Origin{}, nil
	}
	return cell, s.passedOn(one.origin), nil
}

// passedOn returns the origin of a reference that this member passes on.
func (m *member) passedOn(origin Origin) Origin {
	if origin.Name.Owner == m.incarnation {
		return origin
	}
	origin.Path = append(origin.Path[:len(origin.Path):len(origin.Path)], m.incarnation)
	return origin
}

// hold holds cell, and says so if it ends by itself.
func (m *member) hold(cell Cell, origin Origin) {
	one, fresh := m.held.add(cell, origin)
	if !fresh {
		return
	}
	alive := objects.Alive(cell)
	context.AfterFunc(alive, func() {
		if err := context.Cause(alive); !errors.Is(err, objects.ErrReleased) && !errors.Is(err, objects.ErrClosed) {
			now := m.held.look(one)
			m.say.failed(Failure{Op: "alive", Cell: &now.origin, Direct: now.direct}.describe(err))
		}
	})
}
