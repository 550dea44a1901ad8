package objects

import (
	"context"
	"sync"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/proxy"
)

// Scope gives back, when it is closed, the references that were received inside it.
// Methods may be called concurrently.
type Scope struct {
	outer *Scope // around this one; nil: none
	end   context.CancelFunc

	mu     sync.Mutex
	held   map[*proxy.Ref]int // receipts to give back
	closed bool
}

type scopeKey struct{}

// NewScope begins a scope. Received inside it is what the results of calls with
// ctx, or a context made of it, refer to, and what [Scope.Add] is told of. Close
// gives it back to its owners at once, but for what [Scope.Keep] was told of, what
// this process received outside of the scope as well, and what peers hold through
// it. Close also ends the context. Scopes nest: a receipt belongs to the innermost.
//
//	ctx, scope := objects.NewScope(ctx)
//	defer scope.Close()
//
// What a library receives with the context belongs to the scope, too: dial a
// registry outside of it.
func NewScope(ctx context.Context) (context.Context, *Scope) {
	s := &Scope{held: map[*proxy.Ref]int{}}
	s.outer, _ = ctx.Value(scopeKey{}).(*Scope)
	ctx, s.end = context.WithCancel(ctx)
	return context.WithValue(ctx, scopeKey{}, s), s
}

// enterScope puts what a call with ctx has received into the scope that it was made
// in, if it was.
func enterScope(ctx context.Context, received []marshal.Slot) {
	if len(received) == 0 {
		return
	}
	s, ok := ctx.Value(scopeKey{}).(*Scope)
	if !ok {
		return
	}
	for i := range received {
		if ref, remote := received[i].Object.(*proxy.Ref); remote {
			s.add(ref, 1)
		}
	}
}

// Add puts v, a proxy or a [proxy.Ref] that was received once more than the scope
// knows, inside it: an argument of the method that made the scope, say.
func (s *Scope) Add(v any) {
	if ref := handleOf(v); importOf(ref) != nil {
		s.add(ref, 1)
	}
}

func (s *Scope) add(ref *proxy.Ref, receipts int) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.held[ref] += receipts
	}
	s.mu.Unlock()
	if closed {
		forget(ref, receipts)
	}
}

// Keep takes v, a proxy or a [proxy.Ref], out of the scope. It then belongs to the
// scope around this one, and if there is none, to the program.
func (s *Scope) Keep(v any) {
	ref := handleOf(v)
	s.mu.Lock()
	receipts := s.held[ref]
	delete(s.held, ref)
	s.mu.Unlock()
	if receipts > 0 && s.outer != nil {
		s.outer.add(ref, receipts)
	}
}

// Close ends the scope and its context, and gives back what is in it; proxies of
// that return [ErrReleased] from then on. What calls that have not ended still
// receive is given back as it comes. Closing twice does nothing.
func (s *Scope) Close() {
	s.end()
	s.mu.Lock()
	held := s.held
	s.held, s.closed = nil, true
	s.mu.Unlock()
	for ref, receipts := range held {
		forget(ref, receipts)
	}
}
