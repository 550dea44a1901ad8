package lifetime

import "fmt"

// A star is one object, its owner, and up to three holders, of which each may hand
// the object to the next: the tables of all of them, the messages between them,
// and what is true of their programs. Its state is a value (starState); load makes
// tables of it, steps drive these, and save takes them apart again. Numbers that
// only matter by their order, such as xids and generations, become small again
// then, so that the same situation is the same state.
//
// A star may be told to leave out one rule.
type star struct {
	starState
	size     int // holders
	without  rule
	deferred bool // proxies may die under a one-way call, and introductions join an open claim; the oracle knows neither
	err      error

	owner   *Exports[int]
	object  ObjectID
	holders [3]*Imports
	conns   [3]Conn
	claims  [3]*Claims[uint8]
	dead    [3]proxyEnd // the cleanup that is stale
	givers  [2]*Exports[int]
	takers  [2]*Imports
	vineAt  [2]ObjectID
}

// starState is all of it as one comparable value without padding.
type starState struct {
	obj, root, ownerUp bool
	h                  [3]holderState
	v                  [2]vineState
	budget             budget
}

type holderState struct {
	alive, live, cur bool
	old              uint8 // a stale cleanup: 1 of the reference that is held, 2 of one before
	route            route
	conn             conn
	hf, of           bool
	grants, ow, oa   uint8 // on their way
	ctl              control
	claim            claimStage
	pins             uint8

	// the owner's table, the holder's, the holder's claims
	open, ownerFenced bool
	listed            uint8
	holderFenced      bool
	held, batch, uses uint8
	dead              bool
	vines, failed     uint8 // introductions of the open claim
	sent              bool
}

type vineState struct {
	conn               vineConn
	handoffs, releases uint8
	pending            bool
	listed, held       uint8 // the giver's table, the taker's
}

// kind is one that can happen; with a holder or a vine it is a label.
type kind uint8

const (
	kGrant kind = iota
	kDecode
	kDrop
	kUnreachable
	kCleanup
	kStale
	kFlush
	kRead
	kOneWay
	kServe
	kAck
	kBreak
	kHolderFence
	kOwnerFence
	kResume
	kExpire
	kLearn
	kCrash
	kRoot
	kHandoff
	kDecodeHandoff
	kSendClaim
	kCannotClaim
	kServeClaim
	kClaimOK
	kClaimFail
	kGiveVine
	kReleaseVine
	kReadVine
	kVineBreak
	kVineExpire
	kVineLearn
	kOwnerCrash
)

var kindNames = [...]string{
	"owner grants to", "decodes a grant", "drops its proxy", "proxy is unreachable", "cleanup", "stale cleanup", "flushes its batch",
	"owner reads the control message of", "makes a one-way call", "owner serves the one-way call of", "reads an acknowledgement",
	"connection breaks", "fences", "owner fences", "resumes", "lease is over", "learns that its lease is over", "crashes",
	"owner drops its root", "hands on", "next decodes the handoff of", "next sends the claim after", "next cannot claim after",
	"owner serves the claim after", "next gets the object after", "next is refused after", "next gives back the vine of", "next releases the vine of",
	"reads the release of its vine", "vine's connection breaks", "expires its vine", "next learns the end of the vine of", "owner crashes",
}

// label is something that can happen, at holder at, or to the vine from holder at
// to the next.
type label struct {
	kind kind
	at   uint8
}

func (w *star) name(l label) string { return kindNames[l.kind] + " " + string("ACD"[l.at]) }

// labels are all of them for n holders.
func labels(n uint8) (all []label) {
	for k := kGrant; k <= kOwnerCrash; k++ {
		for at := range n {
			all = append(all, label{k, at})
		}
	}
	return all
}

func newStar(size uint8, without rule, deferred bool) *star {
	w := &star{size: int(size), without: without, deferred: deferred, owner: NewExports[int](9)}
	for i := range w.holders {
		w.holders[i], w.claims[i] = NewImports(9), NewClaims[uint8](9)
	}
	for i := range w.givers {
		w.givers[i], w.takers[i] = NewExports[int](9), NewImports(9)
		w.givers[i].Open(1, 0)
	}
	return w
}

func (w *star) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

// hands reports whether there is a vine from holder i to the next.
func (w *star) hands(i int) bool { return i < w.size-1 }

// session is the owner's number for its session with holder i.
func session(i int) SessionID { return SessionID(i + 1) }

// reclaimed takes note of what the owner reclaimed.
func (w *star) reclaimed(gone []Reclaimed[int]) {
	for range gone {
		if !w.obj {
			w.fail("the object is reclaimed twice")
		}
		if w.root {
			w.fail("S9: the object is reclaimed while it is published")
		}
		w.obj = false
	}
}

// step does what l says; it reports false if that cannot happen.
func (w *star) step(l label) bool { return starSteps[l.kind](w, int(l.at)) }

var starSteps = [...]func(w *star, i int) bool{
	kGrant: (*star).grant, kDecode: (*star).decode, kDrop: (*star).drop, kUnreachable: (*star).unreachable,
	kCleanup: (*star).cleanup, kStale: (*star).stale, kFlush: (*star).flush, kRead: (*star).read,
	kOneWay: (*star).oneWay, kServe: (*star).serve, kAck: (*star).ack, kBreak: (*star).breakUp,
	kHolderFence: (*star).holderFence, kOwnerFence: (*star).ownerFence, kResume: (*star).resume,
	kExpire: (*star).expire, kLearn: (*star).learn, kCrash: (*star).crash, kRoot: (*star).dropRoot,
	kHandoff: (*star).handoff, kDecodeHandoff: (*star).decodeHandoff, kSendClaim: (*star).sendClaim,
	kCannotClaim: (*star).cannotClaim, kServeClaim: (*star).serveClaim, kClaimOK: (*star).claimOK,
	kClaimFail: (*star).claimFail, kGiveVine: (*star).giveVine, kReleaseVine: (*star).releaseVine,
	kReadVine: (*star).readVine, kVineBreak: (*star).vineBreak, kVineExpire: (*star).vineExpire, kVineLearn: (*star).vineLearn,
	kOwnerCrash: (*star).crashOwner,
}

// isFault reports whether what l says need not happen.
func (w *star) isFault(l label) bool {
	switch l.kind {
	case kBreak, kVineBreak, kCrash, kOwnerCrash:
		return true
	case kExpire:
		return w.h[l.at].alive
	}
	return false
}
