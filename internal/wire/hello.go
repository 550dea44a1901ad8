package wire

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/netobj/netobj/marshal"
)

// Version is the protocol version of this package.
const Version = 1

// Versions is the range of versions that a node speaks.
type Versions struct {
	Min, Max uint64
}

// Include reports whether version v is among them.
func (r Versions) Include(v uint64) bool { return r.Min <= v && v <= r.Max }

// String returns "1" or "1 to 3".
func (r Versions) String() string {
	if r.Min == r.Max {
		return fmt.Sprint(r.Min)
	}
	return fmt.Sprintf("%d to %d", r.Min, r.Max)
}

// Hello is the dialler's first frame: who it is, what it speaks, what it takes.
// It is a map with small numbers as keys, written at each field here; unknown
// keys are skipped.
type Hello struct {
	Versions    Versions      // 1, 2
	Node        [16]byte      // 3
	Incarnation [16]byte      // 4
	WantPeer    *[16]byte     // 5: the incarnation that must answer; nil: any
	Conn        uint64        // 6: number of the connection in its session: the least that will do, or what it is; 0: any
	Lease       time.Duration // 7: how long the node keeps what a lost peer held, in milliseconds
	Limits      Limits        // 8
	Features    []string      // 9: optional parts of the protocol that it speaks
	Nonce       *[16]byte     // 12: random; the secret of a session is made of both sides'. Nil: not told
	Key         []byte        // 13: SHA-256 of its TLS public key; empty: it has none
	Addrs       []string      // 14: where it can be reached, the sender's choice first; at most MaxAddrs
}

// Introductions is the feature of nodes that introduce objects to each other and
// take claims.
const Introductions = "introductions"

// Limits is what a node accepts, as an array in this order; 0 is "not told".
type Limits struct {
	Message    uint64 // bytes of arguments or results
	Depth      uint64 // nesting of values
	Elements   uint64 // of one array
	Pairs      uint64 // of one map
	References uint64 // of one message
	Streams    uint64 // bulk streams at once
	Exports    uint64 // objects that the peer may hold
	Imports    uint64 // objects of the peer that it holds
	Calls      uint64 // unfinished calls of the peer
	Arguments  uint64 // bytes of arguments of the peer's unfinished calls
}

// HelloStatus is the acceptor's verdict.
type HelloStatus uint64

// The verdicts.
const (
	StatusNew              HelloStatus = 0
	StatusResumed          HelloStatus = 1 // the connection is the next one of a session that is down
	StatusExpired          HelloStatus = 2 // the session has been given up
	StatusWrongIncarnation HelloStatus = 3
	StatusRefused          HelloStatus = 4
	StatusDuplicate        HelloStatus = 5 // there is a session already
	StatusVersion          HelloStatus = 6
)

// HelloAck answers a Hello: the same map, with two more keys.
type HelloAck struct {
	Hello
	Status HelloStatus // 10
	Text   string      // 11: why, for people
}

// GoStatus is the dialler's last word, after which multiplexing begins: the map
// {10: status}.
type GoStatus uint64

// The last words.
const (
	GoStart   GoStatus = 0
	GoAbandon GoStatus = 1 // another connection will be used
	GoReplace GoStatus = 2 // after StatusDuplicate or StatusResumed: this node knows no such session
	GoResume  GoStatus = 3 // after StatusDuplicate: this node has lost that session's connection
)

// String names the word.
func (g GoStatus) String() string {
	if g > GoResume {
		return fmt.Sprintf("status %d", uint64(g))
	}
	return [...]string{"start", "abandon", "replace", "resume"}[g]
}

// The keys of the handshake's maps.
const (
	keyMin = iota + 1
	keyMax
	keyNode
	keyIncarnation
	keyWantPeer
	keyConn
	keyLease
	keyLimits
	keyFeatures
	keyStatus
	keyText
	keyNonce
	keyKey
	keyAddrs
)

// WriteHello sends h in a frame.
func WriteHello(w io.Writer, h *Hello) error {
	return writeFrame(w, h.appendMore(h.appendPairs(marshal.AppendMap(nil, h.pairs()))))
}

// WriteHelloAck sends a in a frame.
func WriteHelloAck(w io.Writer, a *HelloAck) error {
	b := a.appendPairs(marshal.AppendMap(nil, a.pairs()+2))
	b = marshal.AppendUint(marshal.AppendUint(b, keyStatus), uint64(a.Status))
	b = appendText(marshal.AppendUint(b, keyText), a.Text)
	return writeFrame(w, a.appendMore(b))
}

// WriteGo sends g in a frame.
func WriteGo(w io.Writer, g GoStatus) error {
	return writeFrame(w, marshal.AppendUint(marshal.AppendUint(marshal.AppendMap(nil, 1), keyStatus), uint64(g)))
}

func (h *Hello) pairs() int {
	n := 8
	for _, there := range []bool{h.WantPeer != nil, h.Nonce != nil, len(h.Key) > 0, len(h.Addrs) > 0} {
		if there {
			n++
		}
	}
	return n
}

func (h *Hello) appendPairs(b []byte) []byte {
	number := func(key, v uint64) { b = marshal.AppendUint(marshal.AppendUint(b, key), v) }
	id := func(key uint64, v *[16]byte) { b = marshal.AppendBytes(marshal.AppendUint(b, key), v[:]) }
	number(keyMin, h.Versions.Min)
	number(keyMax, h.Versions.Max)
	id(keyNode, &h.Node)
	id(keyIncarnation, &h.Incarnation)
	if h.WantPeer != nil {
		id(keyWantPeer, h.WantPeer)
	}
	number(keyConn, h.Conn)
	number(keyLease, uint64(h.Lease/time.Millisecond))
	fields := h.Limits.fields()
	b = marshal.AppendArray(marshal.AppendUint(b, keyLimits), len(fields))
	for _, f := range fields {
		b = marshal.AppendUint(b, *f)
	}
	b = marshal.AppendArray(marshal.AppendUint(b, keyFeatures), len(h.Features))
	for _, f := range h.Features {
		b = marshal.AppendString(b, f)
	}
	return b
}

// appendMore appends the pairs that come last.
func (h *Hello) appendMore(b []byte) []byte {
	if h.Nonce != nil {
		b = marshal.AppendBytes(marshal.AppendUint(b, keyNonce), h.Nonce[:])
	}
	if len(h.Key) > 0 {
		b = marshal.AppendBytes(marshal.AppendUint(b, keyKey), h.Key)
	}
	if len(h.Addrs) > 0 {
		b = appendAddrs(marshal.AppendUint(b, keyAddrs), h.Addrs)
	}
	return b
}

// fields lists the limits in their order on the wire.
func (l *Limits) fields() []*uint64 {
	return []*uint64{&l.Message, &l.Depth, &l.Elements, &l.Pairs, &l.References, &l.Streams, &l.Exports, &l.Imports, &l.Calls, &l.Arguments}
}

// ReadHello receives a Hello. Of one whose sender does not speak Version, nothing
// but its Versions is sure to be there.
func ReadHello(r io.Reader, h *Hello) error {
	var a HelloAck
	err := readHandshake(r, &a)
	*h = a.Hello
	return err
}

// ReadHelloAck receives a HelloAck, as ReadHello does.
func ReadHelloAck(r io.Reader, a *HelloAck) error { return readHandshake(r, a) }

// ReadGo receives a Go.
func ReadGo(r io.Reader) (GoStatus, error) {
	frame, err := readFrame(r)
	if err != nil {
		return 0, err
	}
	var a HelloAck
	if err := a.parse(frame); err != nil {
		return 0, err
	}
	return GoStatus(a.Status), nil
}

var (
	errNoVersion  = errors.New("no version in it")
	errNoIdentity = errors.New("no incarnation in it")
)

func readHandshake(r io.Reader, a *HelloAck) error {
	frame, err := readFrame(r)
	if err != nil {
		return err
	}
	err = a.parse(frame)
	switch {
	case a.Versions.Min > 0 && a.Versions.Max >= a.Versions.Min && !a.Versions.Include(Version):
		return nil // what else it says may have another meaning
	case err != nil:
		return err
	case a.Versions.Min == 0 || a.Versions.Min > a.Versions.Max:
		return failed("handshake", errNoVersion)
	case a.Incarnation == [16]byte{}:
		return failed("handshake", errNoIdentity)
	}
	return nil
}

// parse reads the pairs of any of the three maps.
func (a *HelloAck) parse(frame []byte) error {
	*a = HelloAck{}
	if err := marshal.Check(frame, nil); err != nil {
		return failed("handshake", err)
	}
	var d marshal.Decoder
	d.Reset(frame, nil, nil, nil)
	for range max(d.Map(), 0) {
		a.pair(&d)
	}
	return failed("handshake", d.End())
}

// maxFeatures is how many features a node may name.
const maxFeatures = 256

func parseID(d *marshal.Decoder, id *[16]byte) { parseFixed(d, id[:], "identity") }

// parseFixed reads bytes of a length that is given.
func parseFixed(d *marshal.Decoder, into []byte, what string) {
	v := d.View()
	if len(v) != len(into) && d.Err() == nil {
		d.Fail(fmt.Errorf("%s of %d bytes, it must have %d", what, len(v), len(into)))
	}
	copy(into, v)
}

func (a *HelloAck) pair(d *marshal.Decoder) {
	switch d.IntKey() {
	case keyMin:
		a.Versions.Min = d.Uint64()
	case keyMax:
		a.Versions.Max = d.Uint64()
	case keyNode:
		parseID(d, &a.Node)
	case keyIncarnation:
		parseID(d, &a.Incarnation)
	case keyWantPeer:
		a.WantPeer = new([16]byte)
		parseID(d, a.WantPeer)
	case keyConn:
		a.Conn = d.Uint64()
	case keyLease:
		a.Lease = time.Duration(min(d.Uint64(), maxTimeout/1000)) * time.Millisecond
	case keyLimits:
		outer := d.BeginTuple()
		for _, f := range a.Limits.fields() {
			*f = d.Next().Uint64()
		}
		d.EndTuple(outer)
	case keyFeatures:
		for range entries(d, maxFeatures) {
			a.Features = append(a.Features, d.String())
		}
	case keyStatus:
		a.Status = HelloStatus(d.Uint64())
	case keyText:
		a.Text = clean(d.String())
	case keyNonce:
		a.Nonce = new([16]byte)
		parseFixed(d, a.Nonce[:], "nonce")
	case keyKey:
		a.Key = parseKey(d)
	case keyAddrs:
		a.Addrs = parseAddrs(d)
	default:
		d.Skip()
	}
}
