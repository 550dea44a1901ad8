// Package lifetime holds the rules of counted references as pure state machines:
// inputs in, effects out, and no clock, lock, goroutine or I/O. Package objects
// drives them under its locks; tests and models drive them directly.
//
// An owner counts every sending of a reference, a grant, when it sends it
// ([Exports]). A holder counts every grant that it receives ([Imports]), and
// gives all of them back in one batch when its last proxy is gone. The object is
// reclaimed when all grants are back, nothing else pins it and none of its
// methods runs. Since owner and holder count the same events, nothing has to be
// acknowledged: at any moment
//
//	granted and not returned (owner) = in flight + held + in the batch + on the way back
//
// The comments name the rules of docs/PROTOCOL.md, "Lifetimes": O1 to O4 for
// owners, H1 to H6 for holders.
package lifetime

// ObjectID names an object at its owner. It counts up from 1 and is never used
// again. It is a name, not an authority.
type ObjectID uint64

// XID names an object inside one session. It counts up from 1 and is never used
// again in that session, so that a late message cannot reach another object. It
// is the authority to use the object.
type XID uint64

// SessionID names one of this node's sessions.
type SessionID uint64

// Grants counts sendings of a reference.
type Grants uint64

// Gen counts the proxies that were made in one session, one after another. It is
// never used again, so that word of a proxy's end cannot be taken for another's.
type Gen uint64
