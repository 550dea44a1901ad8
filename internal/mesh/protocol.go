package mesh

import (
	"time"

	"github.com/netobj/netobj/objects"
)

// Config is how a member is set up.
type Config struct {
	Listen  []string      // URLs; the first that can be listened at is taken
	Node    NodeConfig    // of its node
	Workers int           // goroutines that make load, when told to
	Pause   time.Duration // between two steps of one of them
}

// NodeConfig is the part of [objects.Config] that tests set.
type NodeConfig struct {
	Lease, KeepAlive, KeepAliveTimeout, HandshakeTimeout time.Duration
	AllowPlaintext                                       bool
}

// Peer is a process of the mesh.
type Peer struct {
	URL         string
	Incarnation string
}

// Command is one line of a member's standard input, as JSON. Each is answered by an
// [Event] with its number. A member ends with its input.
type Command struct {
	Number int
	Verb   Verb
	Peers  []Peer // of Meet
	URL    string // of Take and Give
	N      int    // of Take and Give
}

// Verb says what a member is to do.
type Verb string

// The verbs.
const (
	Meet  Verb = "meet"  // know these peers, and no others
	Load  Verb = "load"  // begin to make load
	Rest  Verb = "rest"  // make no more load; the answer comes when the last step has ended
	Greet Verb = "greet" // call every peer
	Take  Verb = "take"  // let the member at URL make N cells, and hold them
	Give  Verb = "give"  // make N cells, and let the member at URL hold them
	Touch Verb = "touch" // call every cell that is held; those that have ended are dropped
	Drop  Verb = "drop"  // hold no cell and know no peer any more: release half, collect the rest
	Tell  Verb = "tell"  // what is held
	Close Verb = "close" // close the node, and end
)

// Kind says what an event is about.
type Kind string

// The kinds.
const (
	Ready  Kind = "ready"  // Peer: the member listens
	Worked Kind = "worked" // it has made a number of steps under load
	Failed Kind = "failed" // Failure: something failed, under load or by itself
	Freed  Kind = "freed"  // Name: the member has released the cell, for those, too, who hold it through it
	Wrong  Kind = "wrong"  // Text: what must never be has happened
	Answer Kind = "answer" // to the command Number
)

// Event is one line of a member's standard output, as JSON.
type Event struct {
	Kind     Kind
	Peer     *Peer     `json:",omitempty"`
	Failure  *Failure  `json:",omitempty"`
	Name     *Name     `json:",omitempty"`
	Text     string    `json:",omitempty"`
	Number   int       `json:",omitempty"`
	Good     int       `json:",omitempty"` // of Touch and Greet: how many calls succeeded
	Failures []Failure `json:",omitempty"` // of Touch and Greet
	State    *State    `json:",omitempty"` // of Tell
}

// Failure is a call that failed, or a reference that ended, and everything whose end
// may be the cause.
type Failure struct {
	Op      string
	Peer    string // incarnation of who was called, if it was not the cell alone
	Cell    *Origin
	Direct  bool // the cell was known to be reached without those it came through
	Code    objects.Code
	Outcome objects.Outcome
	Text    string
}

// State is what a member holds.
type State struct {
	Stats   objects.Stats
	Holders []string // incarnations that hold objects of the member
	Held    int      // cells
	Direct  int      // of these, those reached without others between
	Steps   int64    // that its load has made since it was last asked
	Missed  int64    // of these, those that did not find a peer
}
