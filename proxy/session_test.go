package proxy_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// session stands for the runtime: it carries calls from a Ref to an object in
// the same process, through the codecs and the skeleton of the object's type.
// Like the runtime's, its reference tables hold the Go value of an object at its
// owner, and the one Ref of the object at everybody else.
type session struct {
	object   any
	ref      *proxy.Ref // of object, at its holder
	args     []byte     // of the last call
	slots    []marshal.Slot
	begun    int
	finished int
	broken   error // if set, calls fail before they are sent
	garbage  []byte
	ctx      context.Context // that the last method got
}

// remote returns a Ref of object, passed as the interface called iface, and the
// session that it is bound to.
func remote(iface string, object any) (*proxy.Ref, *session) {
	s := &session{object: object}
	s.ref = proxy.NewRef(iface, s)
	return s.ref, s
}

func (s *session) Begin(ctx context.Context, m *proxy.Method) *proxy.Call {
	s.begun++
	c := &proxy.Call{}
	c.Init(ctx, m, s)
	return c
}

func (s *session) String() string { return "obj://session/1" }

func (s *session) Run(c *proxy.Call) error {
	if s.broken != nil {
		return s.broken
	}
	if err := c.Args.Err(); err != nil {
		return fmt.Errorf("arguments of %s: %w", c.Method().FullName(), err)
	}
	s.args, s.slots, s.ctx = c.Args.Data(), c.Args.Slots(), c.Context()
	m := proxy.SkeletonOf(s.object).Method(c.Method().ID)
	if m == nil {
		return fmt.Errorf("%T has no method %x", s.object, uint64(c.Method().ID))
	}
	var in proxy.Incoming
	in.Args.Reset(s.args, s.atOwner(s.slots), nil, nil)
	in.Args.Tuple()
	failed := m.Serve(c.Context(), s.object, &in)
	if s.garbage != nil {
		c.Results.Reset(s.garbage, nil, nil, nil)
	} else {
		c.Results.Reset(in.Results.Data(), s.atHolder(in.Results.Slots()), nil, nil)
	}
	c.Results.Tuple()
	return failed
}

// atOwner is a reference table as the object's owner decodes it: the Ref has
// come home and is the Go value.
func (s *session) atOwner(slots []marshal.Slot) []marshal.Slot {
	return exchanged(slots, s.ref, s.object)
}

// atHolder is a reference table as the holder decodes it.
func (s *session) atHolder(slots []marshal.Slot) []marshal.Slot {
	return exchanged(slots, s.object, s.ref)
}

// exchanged returns slots with to in the place of from.
func exchanged(slots []marshal.Slot, from, to any) []marshal.Slot {
	seen := slices.Clone(slots)
	for i := range seen {
		if seen[i].Object == from {
			seen[i].Object = to
		}
	}
	return seen
}

func (s *session) Finish(_ *proxy.Call, results error) error {
	s.finished++
	return results
}
