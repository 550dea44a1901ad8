package registry

import (
	"time"

	"github.com/google/uuid"
)

// Store keeps the records of a registry. The registry calls one changing verb
// at a time; List and Close may be called beside it. What implements Store
// should pass package storetest.
//
// A change is durable when its verb returns nil: it survives the death of the
// process and of the machine. When a verb fails, the record is as it was
// before. A verb either happens or does not, whenever the process dies.
//
// Record ids are spent when their record is removed on purpose. A store
// remembers at least the latest [SpentKept] of them and does not take them
// again; so an owner that was away cannot revive what was removed meanwhile.
type Store interface {
	// Create adds r. It fails with ErrBound if the name is taken, with
	// ErrSpent if the id is spent.
	Create(r Record) error
	// Replace puts r in the place of the record of that name, if there is one,
	// and spends the replaced id unless it is the same. It fails with ErrSpent
	// if r's own id is spent.
	Replace(r Record) error
	// Delete removes the record called name if its id is id, and spends the
	// id. It fails with ErrNotFound if there is no such record.
	Delete(name string, id uuid.UUID) error
	// Expire is Delete without spending the id: the owner may come back.
	Expire(name string, id uuid.UUID) error
	// List returns the records whose names begin with prefix, sorted by name.
	List(prefix string) ([]Record, error)
	// Close gives the store's resources back. Verbs called later fail.
	Close() error
}

// SpentKept is how many spent record ids a [Store] remembers at least.
const SpentKept = 10_000

// Record is what a registry knows of one name.
type Record struct {
	Name        string    `json:"name"`
	ID          uuid.UUID `json:"id"`          // names this binding, version 7
	Interface   string    `json:"interface"`   // import path and type name
	Signature   string    `json:"signature"`   // the interface's methods as Go text, one a line
	Owner       uuid.UUID `json:"owner"`       // the node that bound it
	Incarnation uuid.UUID `json:"incarnation"` // that node's life
	Principal   string    `json:"principal"`   // who bound it, for the limit on names
	BoundAt     time.Time `json:"bound_at"`    // by the registry's clock, UTC
}
