package registry

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/proxy"
)

//go:generate go tool objgen

// Registry maps names to objects. A [Server] implements it and publishes it as
// the root object "registry"; programs use it through a [Client], which adds
// Go types, redialling and rebinding.
//
//objgen:export
type Registry interface {
	// Bind binds name to object as terms say. Repeating a Bind with the same
	// record id is safe: it renews the binding.
	Bind(ctx context.Context, name string, object *proxy.Ref, terms Terms) (Entry, error)
	// Unbind removes name, whoever bound it. It fails with ErrNotFound.
	Unbind(ctx context.Context, name string) error
	// Lookup returns the object bound to name. It fails with ErrNotFound, or
	// with ErrNameUnreachable; then the entry is valid nevertheless.
	Lookup(ctx context.Context, name string) (object *proxy.Ref, entry Entry, err error)
	// List returns entries whose names begin with prefix and come after the
	// name given, sorted by name, and whether there are more.
	List(ctx context.Context, prefix, after string) (entries []Entry, more bool, err error)
	// Watch tells w of the names that begin with prefix: of each that is there,
	// in their order, and from then on of every change of it. It goes on until
	// the subscription is stopped or released, or the caller's connection ends.
	Watch(ctx context.Context, prefix string, w Watcher) (Subscription, error)
}

// Watcher is told of changes. A client exports one for each watch.
//
//objgen:export
type Watcher interface {
	// Notify brings events in their order, at most 256. The next ones come when
	// it has returned; meanwhile the registry keeps a bounded number of them,
	// and a watcher that stays further behind is told to begin anew with an
	// event of kind Resync. When Notify fails, the watch ends.
	Notify(ctx context.Context, events []Event) error
}

// Subscription is one watch. It ends when the client lets go of it, too.
//
//objgen:export
type Subscription interface {
	// Stop ends the watch; events may still be on their way.
	Stop(ctx context.Context) error
}

// Terms say how a name is to be bound.
type Terms struct {
	// ID is the record id, a UUID of version 7. Nil: the registry makes one.
	ID uuid.UUID
	// Signature is the object's interface as Go text, one method a line; at most
	// 64 KiB of UTF-8.
	Signature string
	// Replace permits to take a name that is bound already.
	Replace bool
}

// Entry is what a registry tells of one name.
type Entry struct {
	Name        string    `json:"name"`
	ID          uuid.UUID `json:"id"`          // names this binding; a rebound name has another
	Interface   string    `json:"interface"`   // import path and type name
	Signature   string    `json:"signature"`   // its methods as Go text, one a line
	Owner       uuid.UUID `json:"owner"`       // the node that bound it
	Incarnation uuid.UUID `json:"incarnation"` // that node's life
	BoundAt     time.Time `json:"bound_at"`    // by the registry's clock
	Reachable   bool      `json:"reachable"`   // false while the owner is away
}

// EventKind says what happened to a name.
type EventKind string

// The kinds of events. More may come; ignore those that you do not know.
const (
	// Bound: the name is bound and reachable: newly, by another object than
	// before (then the record id is new), or its owner came back.
	Bound EventKind = "bound"
	// Unreachable: the owner's connection is lost.
	Unreachable EventKind = "unreachable"
	// Unbound: the name is gone.
	Unbound EventKind = "unbound"
	// Resync: events were lost. Forget what was told before; the names that
	// are there now follow as Bound and Unreachable. It has no entry.
	Resync EventKind = "resync"
)

// Event is one change of one name.
type Event struct {
	Kind  EventKind `json:"kind"`
	Entry Entry     `json:"entry"` // after the change; for Unbound, before it
}
