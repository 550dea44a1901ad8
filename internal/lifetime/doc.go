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
// A session outlives its connections. When one breaks, what was on its way is
// lost, and the sum no longer holds. So each side of a session
//
//  1. fences the old connection, when it loses or replaces it: Fence of [Exports],
//     [Imports], [Calls], [Results] and [Claims]. The lease begins ([Leases.Start]);
//  2. states what it has, first on the next connection: a [Statement] of
//     [Imports.Snapshot], [Calls.Open] and [Results.Have]. The lease is over
//     ([Leases.Stop]), and claims are made again ([Claims.Resume]);
//  3. takes the peer's statement, when all of it has come: [Exports.Reconcile],
//     [Results.Reconcile] and [Calls.Reconcile]. What the latter two return is sent
//     before anything else.
//
// If it comes to no other connection, EndSession and End forget the session.
//
// An object that a third party passed on is claimed from its owner ([Claims],
// [Exports.Claim]). How a holder reaches it follows from the tables: directly if
// Imports finds it, not yet if it is being claimed, and over the vine otherwise.
//
// The comments name the rules of docs/PROTOCOL.md, "Lifetimes": O1 to O5 for
// owners, H1 to H8 for holders, R1 to R5 for reconnects, C1 and C2 for calls, T1
// to T6 for three parties.
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

// Conn numbers the connections of one session: it grows from one to the next, and
// both ends know it. Whoever is about to send counts for the connection on which
// it will send, and whoever receives for that on which it received: what is about
// another connection than the present one does not count (R1).
type Conn uint64

// FirstConn is the connection on which a session begins.
const FirstConn Conn = 1
