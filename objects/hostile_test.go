package objects_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/transport"
)

// rawPeer speaks to a node message by message, as no well-behaved node would.
type rawPeer struct {
	t     *testing.T
	conn  transport.Conn
	node  uuid.UUID     // incarnation of the node
	lane  chan []byte   // messages that the node sent
	ended chan error    // why the connection ended
	turn  chan struct{} // held by the reader, or by a test that stops it; capacity 1
	opens uint64        // calls of open, whose numbers are 1, 1001 and so on

	number uint64 // of a connection that resumes a session
	ack    wire.HelloAck
}

func dialRawPeer(t *testing.T, url string) *rawPeer {
	t.Helper()
	return dialRawPeerOn(t, nil, url)
}

func dialRawPeerOn(t *testing.T, pipes *transport.PipeNet, url string) *rawPeer {
	t.Helper()
	return dialRawPeerAs(t, pipes, url, uuid.New())
}

// dialRawPeerAs dials as the node of an incarnation.
func dialRawPeerAs(t *testing.T, pipes *transport.PipeNet, url string, incarnation uuid.UUID) *rawPeer {
	t.Helper()
	hello := rawHello()
	hello.Incarnation = incarnation
	p, status := greetRaw(t, pipes, url, &hello)
	if status != wire.StatusNew {
		t.Fatalf("handshake: %v", status)
	}
	return p
}

// rawHello is the Hello of a peer that was never seen before.
func rawHello() wire.Hello {
	return wire.Hello{Versions: wire.Versions{Min: wire.Version, Max: wire.Version}, Node: uuid.New(), Incarnation: uuid.New(), Lease: time.Minute}
}

// greetRaw connects with a Hello of the test's own, and goes on if that is a new or a
// resumed session.
func greetRaw(t *testing.T, pipes *transport.PipeNet, url string, hello *wire.Hello) (*rawPeer, wire.HelloStatus) {
	t.Helper()
	p, status, err := tryGreetRaw(t, pipes, url, hello)
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return p, status
}

// tryGreetRaw is greetRaw for a Hello that may be wrong.
func tryGreetRaw(t *testing.T, pipes *transport.PipeNet, url string, hello *wire.Hello) (*rawPeer, wire.HelloStatus, error) {
	return greetRawWith(t, &transport.Config{PipeNet: pipes}, url, hello)
}

func greetRawWith(t *testing.T, config *transport.Config, url string, hello *wire.Hello) (*rawPeer, wire.HelloStatus, error) {
	link, err := transport.Dial(t.Context(), url, config)
	if err != nil {
		return nil, 0, err
	}
	var ack wire.HelloAck
	err = errors.Join(wire.WriteHello(link, hello), wire.ReadHelloAck(link, &ack))
	if err != nil || ack.Status != wire.StatusNew && ack.Status != wire.StatusResumed {
		link.Close()
		return nil, ack.Status, err
	}
	if err := wire.WriteGo(link, wire.GoStart); err != nil {
		return nil, ack.Status, err
	}
	conn, err := link.Open(transport.Dialer, nil)
	if err != nil {
		return nil, ack.Status, err
	}
	p := &rawPeer{t: t, conn: conn, node: ack.Incarnation, lane: make(chan []byte, 1000), ended: make(chan error, 1), turn: make(chan struct{}, 1)}
	go func() { p.ended <- conn.Serve(p) }()
	p.number, p.ack = ack.Conn, ack
	t.Cleanup(func() { conn.Abort(nil) })
	return p, ack.Status, nil
}

// Message keeps what no test waits for only as long as there is room.
func (p *rawPeer) Message(msg []byte) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	select {
	case p.lane <- append([]byte(nil), msg...):
	default:
	}
}

func (p *rawPeer) Body(context.Context, uint64, int64) ([]byte, error) { return nil, nil }
func (p *rawPeer) BodyDone(uint64, []byte, error)                      {}
func (p *rawPeer) send(msg []byte)                                     { p.conn.Send(context.Background(), msg, nil) }
func (p *rawPeer) sendCall(m *wire.Call, args []byte) {
	p.send(append(m.AppendHead(nil, len(args)), args...))
}

// receive waits for the node's next message of a kind.
func (p *rawPeer) receive(kind wire.Type) []byte {
	p.t.Helper()
	for {
		msg := p.next()
		if got, _ := wire.Peek(msg); got == kind {
			return msg
		}
	}
}

// next waits for the node's next message.
func (p *rawPeer) next() []byte {
	p.t.Helper()
	select {
	case msg := <-p.lane:
		return msg
	case err := <-p.ended:
		p.t.Fatalf("the connection ended: %v", err)
		return nil
	}
}

// answer waits for the node's next Return.
func (p *rawPeer) answer() wire.Return {
	p.t.Helper()
	var m wire.Return
	if err := wire.ParseReturn(p.receive(wire.TypeReturn), &m, 1024); err != nil {
		p.t.Fatal(err)
	}
	return m
}

// arrive waits until the node has read what was sent so far.
func (p *rawPeer) arrive() {
	p.t.Helper()
	p.send((&wire.Ping{}).Append(nil))
	p.receive(wire.TypePong)
}

// open asks for what the node publishes under name, and returns its number.
func (p *rawPeer) open(name string) (xid uint64) {
	p.t.Helper()
	return p.opened(name).XID
}

// opened is open that returns the whole reference.
func (p *rawPeer) opened(name string) wire.Cap {
	p.t.Helper()
	p.sendCall(&wire.Call{ID: 1 + 1000*p.opens, Method: rootMethod}, marshal.AppendString(marshal.AppendArray(nil, 1), name))
	p.opens++
	m := p.answer()
	if len(m.Caps) != 1 {
		p.t.Fatalf("no reference in %+v", m)
	}
	return m.Caps[0]
}

// faultCode is the code of a Return that reports a failure of the runtime.
func faultCode(m wire.Return) objects.Code {
	var d marshal.Decoder
	d.Reset(m.Body.Inline, nil, nil, nil)
	d.Tuple()
	return objects.Code(d.Next().Uint16())
}

var (
	emptyArgs  = marshal.AppendArray(nil, 0)
	pingMethod = uint64(proxy.NewMethodID("github.com/netobj/netobj/objects.PeerService", "Ping"))
	rootMethod = uint64(proxy.NewMethodID("github.com/netobj/netobj/objects.PeerService", "Root"))
)

// TestViolationsEndTheSessionAlone sends what no correct peer sends. The node
// says in its log which rule was broken, ends that session, and serves the
// others.
func TestViolationsEndTheSessionAlone(t *testing.T) {
	ping := &wire.Call{ID: 1, Method: pingMethod}
	for name, c := range map[string]struct {
		send func(p *rawPeer)
		want string
	}{
		"garbage":        {func(p *rawPeer) { p.send([]byte{0xff, 0xff}) }, "malformed"},
		"empty":          {func(p *rawPeer) { p.send(nil) }, "malformed"},
		"cut call":       {func(p *rawPeer) { p.send(ping.AppendHead(nil, 100)) }, "malformed Call"},
		"unknown return": {func(p *rawPeer) { p.send((&wire.Return{ID: 7}).AppendHead(nil, 0)) }, "a call that was not made"},
		"unannounced body": {func(p *rawPeer) {
			p.conn.SendBody(p.t.Context(), 99, make([]byte, 100_000))
			p.sendCall(&wire.Call{ID: 1, Method: pingMethod, Body: wire.Body{Bulk: true, BulkID: 1, Size: 1 << 40}}, nil)
		}, "1099511627776"},
	} {
		t.Run(name, func(t *testing.T) {
			log, logger := newLog()
			p := newPairAt(t, objects.Config{Logger: logger}, "tcp://127.0.0.1:0")
			raw := dialRawPeer(t, p.server.Addrs()[0])
			c.send(raw)
			<-raw.ended
			if line := <-log.lines; !strings.Contains(line, "peer broke the protocol") || !strings.Contains(line, c.want) {
				t.Errorf("log line %q does not say %q", line, c.want)
			}
			if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
				t.Errorf("the other client: %v", err)
			}
		})
	}
}

// TestBadCallsAreAnswered sends calls that this node cannot serve; each gets an
// answer, and the session goes on.
func TestBadCallsAreAnswered(t *testing.T) {
	p := newPairAt(t, quiet, "tcp://127.0.0.1:0")
	raw := dialRawPeer(t, p.server.Addrs()[0])
	id := uint64(0)
	for name, c := range map[string]struct {
		call wire.Call
		args []byte
		want objects.Code
	}{
		"unknown object":  {wire.Call{Target: wire.Target{XID: 77}, Method: pingMethod}, emptyArgs, objects.CodeNoSuchObject},
		"unknown method":  {wire.Call{Method: 12345}, emptyArgs, objects.CodeNoSuchMethod},
		"reserved flag":   {wire.Call{Method: pingMethod, Flags: 1}, emptyArgs, objects.CodeUnsupported},
		"reserved kind":   {wire.Call{Method: pingMethod, Caps: []wire.Cap{{Kind: wire.CapAnswer}}}, emptyArgs, objects.CodeUnsupported},
		"no list":         {wire.Call{Method: pingMethod}, marshal.AppendUint(nil, 1), objects.CodeBadArguments},
		"malformed":       {wire.Call{Method: pingMethod}, []byte{0x9f}, objects.CodeBadArguments},
		"nothing at all":  {wire.Call{Method: pingMethod}, nil, objects.CodeBadArguments},
		"too many levels": {wire.Call{Method: pingMethod}, []byte(strings.Repeat("\x81", 40) + "\x00"), objects.CodeBadArguments},
	} {
		id++
		c.call.ID = id
		raw.sendCall(&c.call, c.args)
		if m := raw.answer(); m.ID != id || m.Status != wire.StatusFault || faultCode(m) != c.want {
			t.Errorf("%s: answer %v to call %d with code %v, want %v", name, m.Status, m.ID, faultCode(m), c.want)
		}
	}
	raw.send([]byte{0x81, 0x18, 99}) // a message of an unknown type
	id++
	raw.sendCall(&wire.Call{ID: id, Method: pingMethod}, emptyArgs)
	if m := raw.answer(); m.ID != id || m.Status != wire.StatusOK {
		t.Errorf("a good call afterwards: %+v", m)
	}
}

// TestAnswerOfALaterVersion answers a call with a status that this node does not
// know: the call fails, the session goes on.
func TestAnswerOfALaterVersion(t *testing.T) {
	p := newPairAt(t, quiet, "tcp://127.0.0.1:0")
	raw := dialRawPeer(t, p.server.Addrs()[0])
	thing := "github.com/netobj/netobj/objects/internal/sample.Thing"
	raw.sendCall(&wire.Call{ID: 1, Method: uint64(proxy.NewMethodID("github.com/netobj/netobj/objects.PeerService", "Root"))},
		marshal.AppendString(marshal.AppendArray(nil, 1), "thing"))
	root := raw.answer().Caps[0].XID
	raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: root}, Method: uint64(proxy.NewMethodID(thing, "Nest")),
		Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: thing}}}, []byte{0x82, 0x00, 0x01})
	raw.receive(wire.TypeCall) // back
	raw.send((&wire.Return{ID: 1, Status: 7}).AppendHead(nil, 0))
	m := raw.answer()
	var d marshal.Decoder
	d.Reset(m.Body.Inline, nil, nil, nil)
	d.Tuple()
	if err := d.Next().Error(); m.ID != 2 || m.Status != wire.StatusError || !errors.Is(err, objects.ErrUnsupported) {
		t.Errorf("answer %+v with error %v", m, err)
	}
	raw.sendCall(&wire.Call{ID: 3, Method: pingMethod}, emptyArgs)
	if m := raw.answer(); m.ID != 3 || m.Status != wire.StatusOK {
		t.Errorf("a good call afterwards: %+v", m)
	}
}

// TestReferencesInTheReturnOfACancelledCallAreGivenBack: nobody waits for the
// Return any more, but its grants count (rule H8).
func TestReferencesInTheReturnOfACancelledCallAreGivenBack(t *testing.T) {
	p := newPairAt(t, quiet, "tcp://127.0.0.1:0")
	raw := dialRawPeer(t, p.server.Addrs()[0])
	thing := "github.com/netobj/netobj/objects/internal/sample.Thing"
	raw.sendCall(&wire.Call{ID: 1, Method: uint64(proxy.NewMethodID("github.com/netobj/netobj/objects.PeerService", "Root"))},
		marshal.AppendString(marshal.AppendArray(nil, 1), "thing"))
	root := raw.answer().Caps[0].XID
	raw.sendCall(&wire.Call{ID: 2, Target: wire.Target{XID: root}, Method: uint64(proxy.NewMethodID(thing, "Nest")),
		Caps: []wire.Cap{{Kind: wire.CapMine, XID: 1, Object: 1, Iface: thing}}}, []byte{0x82, 0x00, 0x01})
	raw.receive(wire.TypeCall) // back
	raw.send((&wire.Cancel{ID: 2}).Append(nil))
	raw.receive(wire.TypeCancel) // of the call back
	raw.send((&wire.Return{ID: 1, Caps: []wire.Cap{{Kind: wire.CapMine, XID: 7, Object: 9, Iface: thing}}}).AppendHead(nil, 0))
	for {
		var m wire.Release
		if err := wire.ParseRelease(raw.receive(wire.TypeRelease), &m); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(m.Entries, wire.Entry{XID: 7, N: 1}) {
			return
		}
	}
}

// TestReferencesInARefusedCallAreGivenBack: they count before the call is
// refused, and become garbage (rule H1).
func TestReferencesInARefusedCallAreGivenBack(t *testing.T) {
	p := newPairAt(t, quiet, "tcp://127.0.0.1:0")
	raw := dialRawPeer(t, p.server.Addrs()[0])
	raw.sendCall(&wire.Call{ID: 1, Target: wire.Target{XID: 77}, Method: pingMethod,
		Caps: []wire.Cap{{Kind: wire.CapMine, XID: 7, Object: 9, Iface: "a.B"}, {Kind: wire.CapMine, XID: 7, Object: 9, Iface: "a.B"}}}, emptyArgs)
	if m := raw.answer(); faultCode(m) != objects.CodeNoSuchObject {
		t.Fatalf("answer %+v", m)
	}
	for len(raw.lane) == 0 {
		if t.Context().Err() != nil || p.server.Stats().Sessions < 2 {
			t.Fatal("the session ended")
		}
		runtime.GC()
	}
	var m wire.Release
	if err := wire.ParseRelease(raw.receive(wire.TypeRelease), &m); err != nil || !slices.Equal(m.Entries, []wire.Entry{{XID: 7, N: 2}}) {
		t.Errorf("given back are %v, error %v", m.Entries, err)
	}
}

// TestPeerBeyondItsCallsIsCutOff opens more calls than the handshake allowed.
func TestPeerBeyondItsCallsIsCutOff(t *testing.T) {
	log, logger := newLog()
	p := newPairAt(t, objects.Config{Logger: logger, Limits: objects.Limits{Running: 2, Queued: 3}}, "tcp://127.0.0.1:0")
	p.local.block = make(chan struct{})
	raw := dialRawPeer(t, p.server.Addrs()[0])
	xid := raw.open("thing")
	wait := thingMethod("Wait")
	for id := range uint64(6) {
		raw.sendCall(&wire.Call{ID: id + 2, Target: wire.Target{XID: xid}, Method: wait}, emptyArgs)
	}
	<-raw.ended
	if line := <-log.lines; !strings.Contains(line, "more than 5 calls at once") {
		t.Errorf("log line %q", line)
	}
	close(p.local.block)
}

// TestOneByteASecond dribbles a valid handshake; the whole of it has a limit,
// not each byte.
func TestOneByteASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := transport.NewPipeNet()
		log, logger := newLog()
		node, err := objects.Listen(t.Context(), "pipe://server", &objects.Config{PipeNet: pipes, Logger: logger})
		if err != nil {
			t.Fatal(err)
		}
		defer node.Close()
		if err := objects.Publish[sample.Thing](node, "thing", &thing{}); err != nil {
			t.Fatal(err)
		}
		link, err := transport.Dial(t.Context(), "pipe://server", &transport.Config{PipeNet: pipes})
		if err != nil {
			t.Fatal(err)
		}
		defer link.Close()
		begun := time.Now()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for _, b := range helloBytes() {
			<-tick.C
			if _, err := link.Write([]byte{b}); err != nil {
				break
			}
		}
		if took := time.Since(begun); took > 7*time.Second {
			t.Errorf("the node listened to the dribble for %v", took)
		}
		if line := <-log.lines; !strings.Contains(line, "stopped after") {
			t.Errorf("log line %q", line)
		}
		client := objects.NewNode(&objects.Config{PipeNet: pipes, Logger: logger})
		defer client.Close()
		if err := openError(t.Context(), client, "pipe://server"); err != nil {
			t.Errorf("the next client: %v", err)
		}
	})
}

// TestACallBehindABodyWaitsForIt sends a call whose arguments come on a bulk
// stream, and behind it a small call on the same object and one on another: the
// first keeps its place, and the last does not wait.
func TestACallBehindABodyWaitsForIt(t *testing.T) {
	p := newPairAt(t, objects.Config{Logger: quiet.Logger, Limits: objects.Limits{Running: 1}}, "tcp://127.0.0.1:0")
	raw := dialRawPeer(t, p.server.Addrs()[0])
	xid := raw.open("thing")
	args := marshal.AppendBytes(marshal.AppendArray(nil, 1), make([]byte, 100<<10))
	body := wire.Body{Bulk: true, BulkID: 1, Size: uint64(len(args))}
	raw.send((&wire.Call{ID: 2, Target: wire.Target{XID: xid}, Method: thingMethod("Bytes"), Body: body}).AppendHead(nil, 0))
	sum := marshal.AppendUint(marshal.AppendUint(marshal.AppendArray(nil, 2), 1), 2)
	raw.sendCall(&wire.Call{ID: 3, Target: wire.Target{XID: xid}, Method: thingMethod("Add")}, sum)
	raw.sendCall(&wire.Call{ID: 4, Method: pingMethod}, emptyArgs)
	if m := raw.answer(); m.ID != 4 {
		t.Errorf("call %d was answered before the body had come", m.ID)
	}
	if err := raw.conn.SendBody(t.Context(), 1, args); err != nil {
		t.Fatal(err)
	}
	for _, id := range []uint64{2, 3} {
		if m := raw.answer(); m.ID != id || m.Status != wire.StatusOK {
			t.Errorf("answer %d with status %v, want %d", m.ID, m.Status, id)
		}
	}
}
