package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

// codec is one message as the tests of this package look at it: all of them run
// over all codecs.
type codec struct {
	name    string
	version int                              // elements that version 1 sends; 0 for the handshake
	parse   func(b []byte) (any, error)      // into a new message
	encode  func(m any) []byte               //
	fields  func(m any) any                  // what the vectors show of m
	message func(fields []byte) (any, error) // from JSON, as fields gives it
	vectors []example
}

// newCodec makes a codec of message M, of which V is what the vectors show.
func newCodec[M, V any](name string, version int, parse func([]byte, *M) error, encode func(*M) []byte, show func(*M) V, hide func(*V) M, vectors []example) *codec {
	return &codec{
		name: name, version: version, vectors: vectors,
		parse: func(b []byte) (any, error) {
			m := new(M)
			err := parse(b, m)
			return m, err
		},
		encode: func(m any) []byte { return encode(m.(*M)) },
		fields: func(m any) any { return show(m.(*M)) },
		message: func(fields []byte) (any, error) {
			var v V
			d := json.NewDecoder(bytes.NewReader(fields))
			d.DisallowUnknownFields()
			err := d.Decode(&v)
			m := hide(&v)
			return &m, err
		},
	}
}

// maxCaps is the number of references that the tests let a message have.
const maxCaps = 4

// codecs are all messages, in the order of docs/PROTOCOL.md.
var codecs = []*codec{
	newCodec("hello", 0,
		func(b []byte, h *wire.Hello) error { return wire.ReadHello(bytes.NewReader(b), h) },
		func(h *wire.Hello) []byte {
			return written(func(w *bytes.Buffer) error { return wire.WriteHello(w, h) })
		},
		showHello, hideHello, helloExamples),
	newCodec("hello_ack", 0,
		func(b []byte, a *wire.HelloAck) error { return wire.ReadHelloAck(bytes.NewReader(b), a) },
		func(a *wire.HelloAck) []byte {
			return written(func(w *bytes.Buffer) error { return wire.WriteHelloAck(w, a) })
		},
		showHelloAck, hideHelloAck, helloAckExamples),
	newCodec("go", 0,
		func(b []byte, g *wire.GoStatus) (err error) { *g, err = wire.ReadGo(bytes.NewReader(b)); return err },
		func(g *wire.GoStatus) []byte {
			return written(func(w *bytes.Buffer) error { return wire.WriteGo(w, *g) })
		},
		func(g *wire.GoStatus) goFields { return goFields{uint64(*g)} }, func(f *goFields) wire.GoStatus { return wire.GoStatus(f.Status) }, goExamples),
	newCodec("call", 9,
		func(b []byte, m *wire.Call) error { return wire.ParseCall(b, m, maxCaps) },
		func(m *wire.Call) []byte {
			return m.AppendTail(append(m.AppendHead(nil, len(m.Body.Inline)), m.Body.Inline...))
		},
		showCall, hideCall, callExamples),
	newCodec("return", 5,
		func(b []byte, m *wire.Return) error { return wire.ParseReturn(b, m, maxCaps) },
		func(m *wire.Return) []byte { return append(m.AppendHead(nil, len(m.Body.Inline)), m.Body.Inline...) },
		showReturn, hideReturn, returnExamples),
	newCodec("cancel", 2, wire.ParseCancel, func(m *wire.Cancel) []byte { return m.Append(nil) },
		func(m *wire.Cancel) cancelFields { return cancelFields{m.ID} }, func(f *cancelFields) wire.Cancel { return wire.Cancel{ID: f.ID} }, cancelExamples),
	newCodec("release", 2, wire.ParseRelease, func(m *wire.Release) []byte { return m.Append(nil) },
		showRelease, hideRelease, releaseExamples),
	newCodec("ping", 2, wire.ParsePing, func(m *wire.Ping) []byte { return m.Append(nil) },
		func(m *wire.Ping) pingFields { return pingFields{m.N} }, func(f *pingFields) wire.Ping { return wire.Ping{N: f.N} }, pingExamples),
	newCodec("pong", 2, wire.ParsePong, func(m *wire.Pong) []byte { return m.Append(nil) },
		func(m *wire.Pong) pingFields { return pingFields{m.N} }, func(f *pingFields) wire.Pong { return wire.Pong{N: f.N} }, pongExamples),
	newCodec("bye", 3, wire.ParseBye, func(m *wire.Bye) []byte { return m.Append(nil) },
		func(m *wire.Bye) byeFields { return byeFields{m.Code, m.Text} }, func(f *byeFields) wire.Bye { return wire.Bye{Code: f.Code, Text: f.Text} }, byeExamples),
	newCodec("broken", 2, wire.ParseBroken, func(m *wire.Broken) []byte { return m.Append(nil) },
		showBroken, hideBroken, brokenExamples),
	newCodec("ack", 2, wire.ParseAck, func(m *wire.Ack) []byte { return m.Append(nil) },
		func(m *wire.Ack) ackFields { return ackFields{m.IDs} }, func(f *ackFields) wire.Ack { return wire.Ack{IDs: f.IDs} }, ackExamples),
	newCodec("reconcile", 6, wire.ParseReconcile, func(m *wire.Reconcile) []byte { return m.Append(nil) },
		showReconcile, hideReconcile, reconcileExamples),
	newCodec("claim", 6, wire.ParseClaim, func(m *wire.Claim) []byte { return m.Append(nil) },
		showClaim, hideClaim, claimExamples),
	newCodec("claimresult", 5, wire.ParseClaimResult, func(m *wire.ClaimResult) []byte { return m.Append(nil) },
		func(m *wire.ClaimResult) claimResultFields {
			return claimResultFields{m.Q, uint64(m.Status), m.XID, m.Text}
		},
		func(f *claimResultFields) wire.ClaimResult {
			return wire.ClaimResult{Q: f.Q, Status: wire.ClaimStatus(f.Status), XID: f.XID, Text: f.Text}
		},
		claimResultExamples),
	newCodec("pressure", 3, wire.ParsePressure, func(m *wire.Pressure) []byte { return m.Append(nil) },
		func(m *wire.Pressure) pressureFields { return pressureFields{m.Bytes, m.Objects} },
		func(f *pressureFields) wire.Pressure { return wire.Pressure{Bytes: f.Bytes, Objects: f.Objects} }, pressureExamples),
}

func codecNamed(t testing.TB, name string) *codec {
	for _, c := range codecs {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no codec %s", name)
	return nil
}

func written(write func(*bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

// hexBytes are bytes that JSON shows in hexadecimal.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", []byte(h)), nil }
func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// id is an identity in hexadecimal.
type id [16]byte

func (i id) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", i[:]), nil }
func (i *id) UnmarshalText(text []byte) error {
	n, err := hex.Decode(i[:], text)
	if err == nil && n != len(i) {
		err = fmt.Errorf("identity of %d bytes", n)
	}
	return err
}

// mac is a code of 32 bytes in hexadecimal.
type mac [32]byte

func (m mac) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%x", m[:]), nil }
func (m *mac) UnmarshalText(text []byte) error {
	n, err := hex.Decode(m[:], text)
	if err == nil && n != len(m) {
		err = fmt.Errorf("mac of %d bytes", n)
	}
	return err
}

// methodID is a number of 64 bits, which JSON readers could round.
type methodID uint64

func (m methodID) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(m)), nil }
func (m *methodID) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "%x", (*uint64)(m))
	return err
}

// What the vectors show of each message.
type (
	helloFields struct {
		MinVersion  uint64   `json:"min_version"`
		MaxVersion  uint64   `json:"max_version"`
		Node        id       `json:"node"`
		Incarnation id       `json:"incarnation"`
		WantPeer    *id      `json:"want_peer,omitempty"`
		Conn        uint64   `json:"conn"`
		LeaseMillis int64    `json:"lease_ms"`
		Limits      limits   `json:"limits"`
		Features    []string `json:"features,omitempty"`
		Nonce       *id      `json:"nonce,omitempty"`
		Key         hexBytes `json:"key,omitempty"`
		Addrs       []string `json:"addrs,omitempty"`
	}
	limits struct {
		Message    uint64 `json:"message"`
		Depth      uint64 `json:"depth"`
		Elements   uint64 `json:"elements"`
		Pairs      uint64 `json:"pairs"`
		References uint64 `json:"references"`
		Streams    uint64 `json:"streams"`
		Exports    uint64 `json:"exports"`
		Imports    uint64 `json:"imports"`
		Calls      uint64 `json:"calls"`
		Arguments  uint64 `json:"arguments"`
	}
	helloAckFields struct {
		helloFields
		Status uint64 `json:"status"`
		Text   string `json:"text"`
	}
	goFields struct {
		Status uint64 `json:"status"`
	}
	callFields struct {
		ID            uint64      `json:"id"`
		Target        uint64      `json:"target"`
		Method        methodID    `json:"method"`
		TimeoutMicros int64       `json:"timeout_us"`
		Flags         uint64      `json:"flags"`
		Caps          []capFields `json:"caps"`
		Meta          hexBytes    `json:"meta,omitempty"`
		Body          bodyFields  `json:"body"`
		Done          []uint64    `json:"done,omitempty"`
	}
	capFields struct {
		Kind   uint64       `json:"kind"`
		XID    uint64       `json:"xid"`
		Object uint64       `json:"object"`
		Iface  string       `json:"iface"`
		Third  *thirdFields `json:"third,omitempty"`
	}
	thirdFields struct {
		Owner        id       `json:"owner"`
		Key          hexBytes `json:"key,omitempty"`
		Object       uint64   `json:"object"`
		Addrs        []string `json:"addrs,omitempty"`
		ExpiryMillis int64    `json:"expiry_ms"`
		MAC          mac      `json:"mac"`
	}
	bodyFields struct {
		Inline hexBytes    `json:"inline,omitempty"`
		Bulk   *bulkFields `json:"bulk,omitempty"`
	}
	bulkFields struct {
		ID   uint64 `json:"id"`
		Size uint64 `json:"size"`
	}
	returnFields struct {
		ID     uint64      `json:"id"`
		Status uint64      `json:"status"`
		Caps   []capFields `json:"caps"`
		Body   bodyFields  `json:"body"`
	}
	cancelFields struct {
		ID uint64 `json:"id"`
	}
	releaseFields struct {
		Entries []releaseEntry `json:"entries"`
	}
	releaseEntry struct {
		XID    uint64 `json:"xid"`
		Grants uint64 `json:"grants"`
	}
	pingFields struct {
		N uint64 `json:"n"`
	}
	pressureFields struct {
		Bytes   uint64 `json:"bytes"`
		Objects uint64 `json:"objects"`
	}
	byeFields struct {
		Code uint64 `json:"code"`
		Text string `json:"text"`
	}
	brokenFields struct {
		Entries []brokenEntry `json:"entries"`
	}
	brokenEntry struct {
		XID    uint64 `json:"xid"`
		Reason uint64 `json:"reason"`
		Text   string `json:"text"`
	}
	ackFields struct {
		IDs []uint64 `json:"ids"`
	}
	reconcileFields struct {
		Conn  uint64         `json:"conn"`
		More  bool           `json:"more"`
		Held  []releaseEntry `json:"held"`
		Calls []uint64       `json:"calls"`
		Have  []uint64       `json:"have"`
	}
	claimFields struct {
		Q            uint64 `json:"q"`
		Object       uint64 `json:"object"`
		Via          id     `json:"via"`
		ExpiryMillis int64  `json:"expiry_ms"`
		MAC          mac    `json:"mac"`
	}
	claimResultFields struct {
		Q      uint64 `json:"q"`
		Status uint64 `json:"status"`
		XID    uint64 `json:"xid"`
		Text   string `json:"text"`
	}
)

func showHello(h *wire.Hello) helloFields {
	return helloFields{h.Versions.Min, h.Versions.Max, h.Node, h.Incarnation, (*id)(h.WantPeer), h.Conn, h.Lease.Milliseconds(), limits(h.Limits), h.Features,
		(*id)(h.Nonce), h.Key, h.Addrs}
}

func hideHello(f *helloFields) wire.Hello {
	return wire.Hello{Versions: wire.Versions{Min: f.MinVersion, Max: f.MaxVersion}, Node: f.Node, Incarnation: f.Incarnation, WantPeer: (*[16]byte)(f.WantPeer),
		Conn: f.Conn, Lease: time.Duration(f.LeaseMillis) * time.Millisecond, Limits: wire.Limits(f.Limits), Features: f.Features,
		Nonce: (*[16]byte)(f.Nonce), Key: f.Key, Addrs: f.Addrs}
}

func showHelloAck(a *wire.HelloAck) helloAckFields {
	return helloAckFields{showHello(&a.Hello), uint64(a.Status), a.Text}
}

func hideHelloAck(f *helloAckFields) wire.HelloAck {
	return wire.HelloAck{Hello: hideHello(&f.helloFields), Status: wire.HelloStatus(f.Status), Text: f.Text}
}

func showCall(m *wire.Call) callFields {
	return callFields{m.ID, m.Target.XID, methodID(m.Method), m.Timeout.Microseconds(), m.Flags, each(m.Caps, showCap), m.Meta, showBody(&m.Body), m.Done}
}

func hideCall(f *callFields) wire.Call {
	return wire.Call{ID: f.ID, Target: wire.Target{XID: f.Target}, Method: uint64(f.Method), Timeout: time.Duration(f.TimeoutMicros) * time.Microsecond,
		Flags: f.Flags, Caps: each(f.Caps, hideCap), Meta: f.Meta, Body: hideBody(&f.Body), Done: f.Done}
}

func showReturn(m *wire.Return) returnFields {
	return returnFields{m.ID, uint64(m.Status), each(m.Caps, showCap), showBody(&m.Body)}
}

func hideReturn(f *returnFields) wire.Return {
	return wire.Return{ID: f.ID, Status: wire.Status(f.Status), Caps: each(f.Caps, hideCap), Body: hideBody(&f.Body)}
}

func showCap(c wire.Cap) capFields {
	f := capFields{uint64(c.Kind), c.XID, c.Object, c.Iface, nil}
	if i := c.Third; i != nil {
		f.Third = &thirdFields{i.Owner, i.Key, i.Object, i.Addrs, i.Expiry.Milliseconds(), i.MAC}
	}
	return f
}

func hideCap(f capFields) wire.Cap {
	c := wire.Cap{Kind: wire.CapKind(f.Kind), XID: f.XID, Object: f.Object, Iface: f.Iface}
	if i := f.Third; i != nil {
		c.Third = &wire.Introduction{Owner: i.Owner, Key: i.Key, Object: i.Object, Addrs: i.Addrs, Expiry: time.Duration(i.ExpiryMillis) * time.Millisecond, MAC: i.MAC}
	}
	return c
}

func showEntry(e wire.Entry) releaseEntry { return releaseEntry{e.XID, e.N} }
func hideEntry(e releaseEntry) wire.Entry { return wire.Entry{XID: e.XID, N: e.Grants} }

func showReconcile(m *wire.Reconcile) reconcileFields {
	return reconcileFields{m.Conn, m.More, each(m.Held, showEntry), m.Calls, m.Have}
}

func hideReconcile(f *reconcileFields) wire.Reconcile {
	return wire.Reconcile{Conn: f.Conn, More: f.More, Held: each(f.Held, hideEntry), Calls: f.Calls, Have: f.Have}
}

func showClaim(m *wire.Claim) claimFields {
	return claimFields{m.Q, m.Object, m.Via, m.Expiry.Milliseconds(), m.MAC}
}

func hideClaim(f *claimFields) wire.Claim {
	return wire.Claim{Q: f.Q, Object: f.Object, Via: f.Via, Expiry: time.Duration(f.ExpiryMillis) * time.Millisecond, MAC: f.MAC}
}

func showBody(b *wire.Body) bodyFields {
	if b.Bulk {
		return bodyFields{Bulk: &bulkFields{b.BulkID, b.Size}}
	}
	return bodyFields{Inline: b.Inline}
}

func hideBody(f *bodyFields) wire.Body {
	if f.Bulk != nil {
		return wire.Body{Bulk: true, BulkID: f.Bulk.ID, Size: f.Bulk.Size}
	}
	return wire.Body{Inline: f.Inline}
}

func showRelease(m *wire.Release) releaseFields {
	return releaseFields{each(m.Entries, showEntry)}
}

func hideRelease(f *releaseFields) wire.Release {
	return wire.Release{Entries: each(f.Entries, hideEntry)}
}

func showBroken(m *wire.Broken) brokenFields {
	return brokenFields{each(m.Entries, func(e wire.BrokenEntry) brokenEntry { return brokenEntry(e) })}
}

func hideBroken(f *brokenFields) wire.Broken {
	return wire.Broken{Entries: each(f.Entries, func(e brokenEntry) wire.BrokenEntry { return wire.BrokenEntry(e) })}
}

func each[A, B any](list []A, f func(A) B) []B {
	all := make([]B, len(list))
	for i, v := range list {
		all[i] = f(v)
	}
	return all
}

// same compares two messages as the vectors show them, which is all of them.
func (c *codec) same(a, b any) bool { return bytes.Equal(c.json(a), c.json(b)) }

func (c *codec) json(m any) []byte {
	text, err := json.MarshalIndent(c.fields(m), "", "  ")
	if err != nil {
		panic(err) // the fields are plain
	}
	return text
}
