package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// example becomes a vector of testdata/wire: a message that is sent, or bytes
// that are only received.
type example struct {
	name  string
	about string
	m     any    // what is sent; nil: see bytes
	bytes []byte // what this version would not send
	fails string // what its parser then says; empty: it takes the bytes
}

const (
	account = "example.com/bank.Account"
	auditor = "example.com/bank.Auditor"
)

var deposit = uint64(proxy.NewMethodID(account, "Deposit"))

// encoded returns what write writes.
func encoded(write func(e *marshal.Encoder)) []byte {
	var e marshal.Encoder
	write(&e)
	if err := e.Err(); err != nil {
		panic(err)
	}
	return e.Data()
}

// tuple returns an array of the items, each written by its function.
func tuple(items ...func(e *marshal.Encoder)) []byte {
	return encoded(func(e *marshal.Encoder) {
		e.Array(len(items))
		for _, item := range items {
			item(e)
		}
	})
}

func number(v int64) func(*marshal.Encoder)    { return func(e *marshal.Encoder) { e.Int(v) } }
func text(v string) func(*marshal.Encoder)     { return func(e *marshal.Encoder) { e.String(v) } }
func failure(err error) func(*marshal.Encoder) { return func(e *marshal.Encoder) { e.Error(err) } }
func raw(item []byte) func(*marshal.Encoder)   { return func(e *marshal.Encoder) { e.Raw(item) } }
func inline(item []byte) wire.Body             { return wire.Body{Inline: item} }
func mine(xid, o uint64, iface string) wire.Cap {
	return wire.Cap{Kind: wire.CapMine, XID: xid, Object: o, Iface: iface}
}
func yours(xid uint64) wire.Cap { return wire.Cap{Kind: wire.CapYours, XID: xid} }
func numbered(first byte) (id [16]byte) {
	for i := range id {
		id[i] = first + byte(i)
	}
	return id
}

var (
	dialler  = wire.Hello{Versions: wire.Versions{Min: 1, Max: 1}, Node: numbered(0x10), Incarnation: numbered(0x20), Lease: time.Minute, Limits: defaults}
	acceptor = wire.Hello{Versions: wire.Versions{Min: 1, Max: 1}, Node: numbered(0xa0), Incarnation: numbered(0xb0), Lease: time.Minute, Limits: defaults}
	defaults = wire.Limits{Message: 4 << 20, Depth: 32, Elements: 65536, Pairs: 16384, References: 1024, Streams: 128, Exports: 65536, Imports: 65536, Calls: 16640, Arguments: 12 << 20}
	newer    = wire.Hello{Versions: wire.Versions{Min: 2, Max: 3}, Node: numbered(0x10), Incarnation: numbered(0x20)}
)

func with(h wire.Hello, change func(*wire.Hello)) *wire.Hello {
	change(&h)
	return &h
}

// frame puts the magic and the length before a payload.
func frame(payload ...byte) []byte {
	return append([]byte{'N', 'O', 'B', 'J', 0, 0, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}

var helloExamples = []example{
	{name: "defaults", about: "a node with default settings dials", m: &dialler},
	{name: "a certain peer", about: "the dialler accepts only this incarnation at the address",
		m: with(dialler, func(h *wire.Hello) { peer := numbered(0xb0); h.WantPeer = &peer })},
	{name: "versions and features", about: "the dialler speaks three versions and two optional parts",
		m: with(dialler, func(h *wire.Hello) { h.Versions.Max = 3; h.Features = []string{"resume", "introductions"} })},
	{name: "introductions", about: "the dialler takes introductions and claims, and says where it listens", m: with(dialler, introduces)},
	{name: "next connection", about: "the dialler wants to go on with a session whose connections had numbers below 3",
		m: with(dialler, func(h *wire.Hello) { peer := numbered(0xb0); h.WantPeer, h.Conn = &peer, 3 })},
	{name: "short nonce", about: "a nonce has 16 bytes",
		bytes: frame(append(append([]byte{0xa4, 1, 1, 2, 1, 4, 0x50}, filled(16, 0x20)...), 0x0c, 0x41, 1)...), fails: "nonce of 1 bytes"},
	{name: "many addresses", about: "a node tells of four addresses at most",
		bytes: frame(append(append([]byte{0xa4, 1, 1, 2, 1, 4, 0x50}, filled(16, 0x20)...), 0x0e, 0x85, 0x60, 0x60, 0x60, 0x60, 0x60)...), fails: "list of 5 entries"},
	{name: "short key", about: "the hash of a key has 32 bytes",
		bytes: frame(append(append([]byte{0xa4, 1, 1, 2, 1, 4, 0x50}, filled(16, 0x20)...), 0x0d, 0x41, 1)...), fails: "key of 1 bytes"},
	{name: "least", about: "what is not told reads as zero: no limits, no lease, no node",
		bytes: frame(append([]byte{0xa3, 1, 1, 2, 1, 4, 0x50}, filled(16, 0x20)...)...)},
	{name: "more", about: "a key that this version does not know, and a limit more, are skipped",
		bytes: frame(append(append([]byte{0xa5, 1, 1, 2, 2, 4, 0x50}, filled(16, 0x20)...), 8, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x18, 99, 0x82, 1, 0xa0)...)},
	{name: "later version", about: "of a dialler that does not speak version 1 only the versions are read", bytes: frame(0xa3, 1, 2, 2, 3, 4, 0x61, 'x')},
	{name: "no version", about: "the versions must be there", bytes: frame(append([]byte{0xa1, 4, 0x50}, filled(16, 0x20)...)...), fails: "no version"},
	{name: "no incarnation", about: "so must the incarnation", bytes: frame(0xa2, 1, 1, 2, 1), fails: "no incarnation"},
	{name: "short identity", about: "an identity has 16 bytes", bytes: frame(0xa3, 1, 1, 2, 1, 4, 0x41, 7), fails: "identity of 1 bytes"},
	{name: "key twice", about: "no map may have a key twice", bytes: frame(0xa2, 1, 1, 1, 1), fails: "key twice"},
	{name: "too long", about: "a frame has at most 65,536 bytes; its length alone is refused", bytes: []byte("NOBJ\x00\x01\x00\x01"), fails: "65537 bytes"},
	{name: "another protocol", about: "what does not begin with the magic is no frame", bytes: []byte("GET / HTTP/1.1\r\n"), fails: "HTTP"},
}

// introduces adds what a node says that takes part in introductions.
func introduces(h *wire.Hello) {
	nonce := numbered(0x30)
	h.Features, h.Nonce, h.Key = []string{wire.Introductions}, &nonce, filled(32, 0x7e)
	h.Addrs = []string{"unix:///run/bank.sock", "tls://192.0.2.7:7654"}
}

func filled(n int, b byte) []byte {
	all := make([]byte, n)
	for i := range all {
		all[i] = b
	}
	return all
}

var helloAckExamples = []example{
	{name: "new", about: "the connection becomes the session", m: &wire.HelloAck{Hello: acceptor}},
	{name: "introductions", about: "the acceptor takes part, too", m: &wire.HelloAck{Hello: *with(acceptor, introduces)}},
	{name: "resumed", about: "the connection is number 3 of a session that both have", m: &wire.HelloAck{Hello: *with(acceptor, func(h *wire.Hello) { h.Conn = 3 }), Status: wire.StatusResumed}},
	{name: "expired", about: "the session that the dialler wants is given up", m: &wire.HelloAck{Hello: acceptor, Status: wire.StatusExpired, Text: "node is closing"}},
	{name: "duplicate", about: "there is a session already", m: &wire.HelloAck{Hello: acceptor, Status: wire.StatusDuplicate}},
	{name: "wrong incarnation", about: "the dialler wanted somebody else", m: &wire.HelloAck{Hello: acceptor, Status: wire.StatusWrongIncarnation}},
	{name: "refused", about: "the acceptor says why", m: &wire.HelloAck{Hello: acceptor, Status: wire.StatusRefused, Text: "node is closing"}},
	{name: "version", about: "the acceptor speaks versions 2 and 3 only", m: &wire.HelloAck{Hello: newer, Status: wire.StatusVersion}},
}

func word(g wire.GoStatus) *wire.GoStatus { return &g }

var goExamples = []example{
	{name: "start", about: "multiplexing begins", m: word(wire.GoStart)},
	{name: "abandon", about: "another connection will be used", m: word(wire.GoAbandon)},
	{name: "replace", about: "after duplicate or resumed: the dialler knows no such session", m: word(wire.GoReplace)},
	{name: "resume", about: "after duplicate: the dialler has lost the session's connection", m: word(wire.GoResume)},
}

var callExamples = []example{
	{name: "one number", about: "Deposit(500) on the object that the receiver granted as xid 1",
		m: &wire.Call{ID: 1, Target: wire.Target{XID: 1}, Method: deposit, Body: inline(tuple(number(500)))}},
	{name: "with a deadline", about: "1.5 s are left",
		m: &wire.Call{ID: 2, Target: wire.Target{XID: 1}, Method: deposit, Timeout: 1500 * time.Millisecond, Body: inline(tuple(number(500)))}},
	{name: "no arguments", about: "PeerService.Ping on the receiver itself, target 0",
		m: &wire.Call{ID: 3, Method: uint64(proxy.NewMethodID("github.com/netobj/netobj/objects.PeerService", "Ping")), Body: inline(tuple())}},
	{name: "with references", about: "the arguments are entries 0 and 1 of the table: an object of the caller's, granted by this message, and one of the receiver's",
		m: &wire.Call{ID: 4, Target: wire.Target{XID: 1}, Method: uint64(proxy.NewMethodID(account, "Watch")),
			Caps: []wire.Cap{mine(3, 12, auditor), yours(2)}, Body: inline(tuple(number(0), number(1)))}},
	{name: "in bulk", about: "the arguments come on a bulk stream, as body 1 of 40,003 bytes",
		m: &wire.Call{ID: 5, Target: wire.Target{XID: 1}, Method: uint64(proxy.NewMethodID(account, "Attach")), Body: wire.Body{Bulk: true, BulkID: 1, Size: 40003}}},
	{name: "with metadata", about: "reserved; it must be a map, and is ignored",
		m: &wire.Call{ID: 6, Target: wire.Target{XID: 1}, Method: deposit, Body: inline(tuple(number(500))),
			Meta: encoded(func(e *marshal.Encoder) { e.Map(1); e.Key("traceparent"); e.String("00-ab-cd-01") })}},
	{name: "introduction", about: "the argument is object 12 of a third node, granted as forwarder 9 of the caller's under xid 4",
		m: &wire.Call{ID: 13, Target: wire.Target{XID: 1}, Method: uint64(proxy.NewMethodID(account, "Watch")), Caps: []wire.Cap{introduced}, Body: inline(tuple(number(0)))}},
	{name: "acknowledging", about: "Deposit(500); the Returns of calls 11 and 13 have come",
		m: &wire.Call{ID: 14, Target: wire.Target{XID: 1}, Method: deposit, Body: inline(tuple(number(500))), Done: []uint64{11, 13}}},
	{name: "result as argument", about: "a reference of kind 3 is reserved; its entry is skipped, and the call is answered with unsupported",
		bytes: tuple(number(1), number(7), number(1), number(1), number(0), number(0),
			raw([]byte{0x81, 0x84, 3, 0x41, 7, 0x61, 'x', 0xf6}), raw([]byte{0xf6}), raw([]byte{0x42, 0x81, 0}))},
	{name: "short introduction", about: "an introduction has ten elements at least",
		bytes: tuple(number(1), number(7), number(1), number(1), number(0), number(0),
			raw([]byte{0x81, 0x84, 2, 4, 9, 0x60}), raw([]byte{0xf6}), raw([]byte{0x42, 0x81, 0})), fails: "at least 10"},
	{name: "on an answer", about: "an array in place of the target is reserved; answered with unsupported",
		bytes: tuple(number(1), number(8), raw([]byte{0x82, 7, 0x80}), number(1), number(0), number(0), raw([]byte{0x80}), raw([]byte{0xf6}), raw([]byte{0x41, 0x80})), fails: "reserved"},
	{name: "unknown flag", about: "all flags are reserved; answered with unsupported",
		bytes: tuple(number(1), number(9), number(1), number(1), number(0), number(1), raw([]byte{0x80}), raw([]byte{0xf6}), raw([]byte{0x41, 0x80})), fails: "reserved"},
	{name: "longer", about: "elements that a later version adds, to the message, to a reference and to the place of the body, are skipped",
		bytes: tuple(number(1), number(10), number(1), number(1), number(0), number(0), raw([]byte{0x81, 0x85, 1, 2, 0, 0x60, 0x18, 99}),
			raw([]byte{0xf6}), raw([]byte{0x83, 1, 0x19, 0x9c, 0x43, 0xf5}), raw([]byte{0x80}), text("later"), raw([]byte{0xa1, 1, 2}))},
	{name: "no body", about: "every element of version 1 must be there",
		bytes: tuple(number(1), number(11), number(1), number(1), number(0), number(0), raw([]byte{0x80}), raw([]byte{0xf6})), fails: "8 elements, at least 9"},
	{name: "metadata in a list", about: "metadata is a map or null",
		bytes: tuple(number(1), number(12), number(1), number(1), number(0), number(0), raw([]byte{0x80}), raw([]byte{0x80}), raw([]byte{0x40})), fails: "not a map"},
	{name: "negative id", about: "all numbers are natural ones",
		bytes: tuple(number(1), number(-1), number(1), number(1), number(0), number(0), raw([]byte{0x80}), raw([]byte{0xf6}), raw([]byte{0x40})), fails: "does not fit"},
}

var returnExamples = []example{
	{name: "a result", about: "Deposit returned 1500", m: &wire.Return{ID: 1, Body: inline(tuple(number(1500)))}},
	{name: "a reference", about: "the result is object 12 of the answering side, granted as xid 3",
		m: &wire.Return{ID: 2, Caps: []wire.Cap{mine(3, 12, auditor)}, Body: inline(tuple(number(0)))}},
	{name: "an introduction", about: "the result is object 12 of a third node, granted as forwarder 9 of the answering side's under xid 4",
		m: &wire.Return{ID: 14, Caps: []wire.Cap{introduced}, Body: inline(tuple(number(0)))}},
	{name: "the caller's own", about: "the result is what the caller granted as xid 2", m: &wire.Return{ID: 16, Caps: []wire.Cap{yours(2)}, Body: inline(tuple(number(0)))}},
	{name: "a reference of a later version", about: "a reference of kind 3 is reserved; its entry is skipped, and the call fails with unsupported",
		bytes: []byte{0x85, 2, 15, 0, 0x81, 0x82, 3, 0x80, 0x42, 0x81, 0}},
	{name: "an error", about: "errors.New(\"no such account\"), and the results beside it",
		m: &wire.Return{ID: 3, Status: wire.StatusError, Body: inline(tuple(failure(errors.New("no such account")), raw(tuple(number(0)))))}},
	{name: "a wrapped error", about: "fmt.Errorf(\"open ledger: %w\", fs.ErrNotExist)",
		m: &wire.Return{ID: 4, Status: wire.StatusError, Body: inline(tuple(failure(fmt.Errorf("open ledger: %w", fs.ErrNotExist)), raw(tuple(number(0)))))}},
	{name: "joined errors", about: "errors.Join of two, one of them with fields",
		m: &wire.Return{ID: 5, Status: wire.StatusError, Body: inline(tuple(
			failure(errors.Join(context.Canceled, &fs.PathError{Op: "open", Path: "/ledger", Err: fs.ErrPermission})), raw(tuple(number(0)))))}},
	{name: "a fault", about: "code 5, no such object; no cause tree would be null; no hint; outcome 2, failed there",
		m: &wire.Return{ID: 6, Status: wire.StatusFault, Body: inline(tuple(number(int64(objects.CodeNoSuchObject)), failure(errors.New("this session knows no object 9")), text(""), number(int64(objects.FailedThere))))}},
	{name: "a fault without cause", about: "code 3, closed; outcome 0, not sent: calling again elsewhere is safe",
		m: &wire.Return{ID: 7, Status: wire.StatusFault, Body: inline(tuple(number(int64(objects.CodeClosed)), failure(nil), text("look the name up again"), number(int64(objects.NotSent))))}},
	{name: "in bulk", about: "the results come on a bulk stream, as body 1 of 40,003 bytes", m: &wire.Return{ID: 8, Body: wire.Body{Bulk: true, BulkID: 1, Size: 40003}}},
	{name: "unknown status", about: "a status above 2 is reserved; the call fails with unsupported", bytes: []byte{0x85, 2, 9, 3, 0x80, 0x40}, fails: "reserved"},
	{name: "longer", about: "elements that a later version adds are skipped", bytes: []byte{0x86, 2, 10, 0, 0x80, 0x41, 0x80, 0x63, 'n', 'e', 'w'}},
	{name: "cut", about: "the message ends in its body", bytes: []byte{0x85, 2, 11, 0, 0x80, 0x45, 0x80}, fails: "too early"},
	{name: "more than it says", about: "nothing may follow the array", bytes: []byte{0x85, 2, 12, 0, 0x80, 0x41, 0x80, 0x00}, fails: "bytes follow"},
	{name: "body as text", about: "a body is a byte string or [id, size]", bytes: []byte{0x85, 2, 13, 0, 0x80, 0x60}, fails: "expected a byte string"},
}

var cancelExamples = []example{
	{name: "cancel", about: "nobody waits for call 2 any more", m: &wire.Cancel{ID: 2}},
	{name: "longer", about: "an element more is skipped", bytes: []byte{0x83, 3, 2, 0xa0}},
}

var releaseExamples = []example{
	{name: "one", about: "the only grant of xid 3", m: &wire.Release{Entries: []wire.Entry{{XID: 3, N: 1}}}},
	{name: "one, written in full", about: "a single grant may be written like several", bytes: []byte{0x82, 4, 0x81, 0x82, 3, 1}},
	{name: "several", about: "references in the order in which they were given up", m: &wire.Release{Entries: []wire.Entry{{XID: 300, N: 2}, {XID: 1, N: 70000}}}},
	{name: "longer", about: "an element more in an entry is skipped", bytes: []byte{0x82, 4, 0x81, 0x83, 3, 1, 0x61, 'x'}},
	{name: "short entry", about: "an entry that is an array has two elements at least", bytes: []byte{0x82, 4, 0x81, 0x81, 3}, fails: "array of 1 elements"},
}

var pingExamples = []example{
	{name: "ping", about: "the number comes back", m: &wire.Ping{N: 7}},
	{name: "heartbeat", about: "what this implementation sends after a silence", m: &wire.Ping{}},
}

var pongExamples = []example{{name: "pong", about: "answer to ping 7", m: &wire.Pong{N: 7}}}

var byeExamples = []example{
	{name: "drained", about: "the node closes, and has answered all calls that came", m: &wire.Bye{Code: wire.ByeDrained, Text: "its owner closed its node"}},
	{name: "closing", about: "the node closes, and methods may still run", m: &wire.Bye{Text: "its owner closed its node"}},
	{name: "unknown code", about: "a code above 1 is reserved and taken like 0", bytes: []byte{0x83, 7, 9, 0x60}},
}

var brokenExamples = []example{
	{name: "gone", about: "what was granted as xid 3 is gone, error code 1",
		m: &wire.Broken{Entries: []wire.BrokenEntry{{XID: 3, Reason: uint64(objects.CodeGone), Text: "its owner restarted"}}}},
	{name: "not held", about: "an answer to a Reconcile: the session does not hold what the peer states as xid 9, error code 5",
		m: &wire.Broken{Entries: []wire.BrokenEntry{{XID: 9, Reason: uint64(objects.CodeNoSuchObject), Text: "this session does not hold it"}}}},
	{name: "longer", about: "an element more in an entry is skipped", bytes: []byte{0x82, 8, 0x81, 0x84, 3, 1, 0x60, 0x80}},
	{name: "several", about: "two references, of which one cannot be reached, error code 4", m: &wire.Broken{Entries: []wire.BrokenEntry{
		{XID: 3, Reason: uint64(objects.CodeUnreachable), Text: "connection closed"}, {XID: 4, Reason: uint64(objects.CodeReleased)}}}},
}

// introduced is an entry with every element.
var introduced = wire.Cap{Kind: wire.CapThird, XID: 4, Object: 9, Iface: auditor, Third: &wire.Introduction{
	Owner: numbered(0xc0), Key: filled(32, 0x7e), Object: 12, Addrs: []string{"unix:///run/bank.sock", "tls://192.0.2.7:7654"},
	Expiry: 90500 * time.Millisecond, MAC: [32]byte(filled(32, 0x5a))}}

var ackExamples = []example{
	{name: "one", about: "the Return of call 5 has come", m: &wire.Ack{IDs: []uint64{5}}},
	{name: "longer", about: "an element more is skipped", bytes: []byte{0x83, 9, 0x81, 5, 0xf6}},
	{name: "several", about: "in the order in which they came", m: &wire.Ack{IDs: []uint64{300, 7}}},
}

var reconcileExamples = []example{
	{name: "whole", about: "on connection 2: one grant of xid 3 and two of xid 300 are held, calls 8 and 9 have no Return, call 4 of the receiver is known",
		m: &wire.Reconcile{Conn: 2, Held: []wire.Entry{{XID: 3, N: 1}, {XID: 300, N: 2}}, Calls: []uint64{8, 9}, Have: []uint64{4}}},
	{name: "nothing", about: "nothing is held, nobody waits", m: &wire.Reconcile{Conn: 3}},
	{name: "first part", about: "another Reconcile follows", m: &wire.Reconcile{Conn: 4, More: true, Held: []wire.Entry{{XID: 1, N: 1}}}},
	{name: "longer", about: "elements that a later version adds are skipped", bytes: []byte{0x87, 10, 2, 0, 0x81, 0x83, 3, 1, 0x60, 0x80, 0x80, 0x61, 'x'}},
	{name: "short entry", about: "an entry that is an array has two elements at least", bytes: []byte{0x86, 10, 2, 0, 0x81, 0x81, 3, 0x80, 0x80}, fails: "array of 1 elements"},
}

var claimExamples = []example{
	{name: "claim", about: "object 12 of the receiver, introduced by the node with incarnation d0 d1 ... df", m: &wire.Claim{Q: 1, Object: 12, Via: numbered(0xd0),
		Expiry: 90500 * time.Millisecond, MAC: [32]byte(filled(32, 0x5a))}},
	{name: "short mac", about: "a mac has 32 bytes", bytes: append([]byte{0x86, 11, 1, 12, 0x50}, append(filled(16, 1), 0, 0x41, 7)...), fails: "mac of 1 bytes"},
}

var claimResultExamples = []example{
	{name: "granted", about: "the object is granted as xid 5", m: &wire.ClaimResult{Q: 1, XID: 5}},
	{name: "gone", about: "there is no such object any more", m: &wire.ClaimResult{Q: 2, Status: wire.ClaimGone, Text: "the object was reclaimed"}},
	{name: "denied", about: "the introduction is not for this node, or forged", m: &wire.ClaimResult{Q: 3, Status: wire.ClaimDenied}},
	{name: "expired", about: "it is too late", m: &wire.ClaimResult{Q: 4, Status: wire.ClaimExpired}},
	{name: "unknown status", about: "a status above 3 means that the claim failed", bytes: []byte{0x85, 12, 5, 9, 0, 0x60}},
}

var pressureExamples = []example{
	{name: "pressure", about: "1 MiB is in use, the receiver holds 100 objects", m: &wire.Pressure{Bytes: 1 << 20, Objects: 100}},
	{name: "longer", about: "an element more is skipped", bytes: []byte{0x84, 13, 0, 1, 0x61, 'x'}},
}

// reservedExamples are messages that this version skips, whatever is in them.
var reservedExamples = []example{
	{name: "Credit", about: "a message of a reserved type", bytes: []byte{0x83, 14, 1, 0x1a, 0, 1, 0, 0}},
	{name: "message type 99", about: "a type that nobody has thought of", bytes: []byte{0x81, 0x18, 99}},
}
