package objects

import (
	"errors"
	"sync"

	"github.com/netobj/netobj/internal/lifetime"
)

// pins are the objects that the program keeps exported, see [Pin].
type pins struct {
	mu      sync.Mutex
	held    map[*pin]struct{}
	stopped bool // the node is closing
}

// pin is one of them.
type pin struct{ export lifetime.ObjectID }

// Pin keeps obj exported by n, although no peer may hold it, until unpin is called
// or n closes: its number stays, its Unreferenced method is not called, and a proxy
// of another node's object is not given back. It is for what is passed again and
// again, with times between in which nobody holds it. Unpin may be called more than
// once. Errors: [ErrNotExported] if peers could not call obj, or could not be told
// that it is the same object again; [ErrClosed].
func Pin(n *Node, obj any) (unpin func(), err error) {
	target := obj
	if ref := handleOf(obj); ref != nil {
		if target = any(ref); importOf(ref) == nil {
			target, _ = ref.Local()
		}
	}
	if err := pinnable(target); err != nil {
		return nil, &Error{Code: CodeNotExported, Op: "pin", Cause: err}
	}
	p, ok := n.pins.add(n, target)
	if !ok {
		return nil, errClosing("pin")
	}
	return func() { n.pins.remove(n, p) }, nil
}

var errNotComparable = errors.New("the value is another object each time that it is passed; pin a pointer")

func pinnable(target any) error {
	switch {
	case target == nil:
		return errors.New("the object is nil")
	case !canCompare(target):
		return errNotComparable
	}
	if err := exportable(target); err != nil {
		return errors.Unwrap(err)
	}
	return nil
}

func (s *pins) add(n *Node, target any) (*pin, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, false
	}
	if s.held == nil {
		s.held = map[*pin]struct{}{}
	}
	p := &pin{n.exports.pin(target)}
	s.held[p] = struct{}{}
	return p, true
}

func (s *pins) remove(n *Node, p *pin) {
	s.mu.Lock()
	_, held := s.held[p]
	delete(s.held, p)
	s.mu.Unlock()
	if held {
		n.reclaim(n.exports.unpin(p.export))
	}
}

// stop ends every pin: the node is closing.
func (s *pins) stop(n *Node) {
	s.mu.Lock()
	held := s.held
	s.held, s.stopped = nil, true
	s.mu.Unlock()
	for p := range held {
		n.reclaim(n.exports.unpin(p.export))
	}
}
