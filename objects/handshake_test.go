package objects_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
)

// logBuffer collects log lines from several goroutines.
type logBuffer struct {
	mu    sync.Mutex
	text  strings.Builder
	lines chan string
}

func newLog() (*logBuffer, *slog.Logger) {
	b := &logBuffer{lines: make(chan string, 1000)}
	return b, slog.New(slog.NewTextHandler(b, nil))
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Write(p)
	select {
	case b.lines <- string(p):
	default:
	}
	return len(p), nil
}

// has reports whether text stands in the log.
func (b *logBuffer) has(text string) bool { return strings.Contains(b.String(), text) }

// count returns how often text stands in the log.
func (b *logBuffer) count(text string) int { return strings.Count(b.String(), text) }

// await waits for a line with text.
func (b *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	for {
		select {
		case line := <-b.lines:
			if strings.Contains(line, text) {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("no line with %q in the log:\n%v", text, b)
		}
	}
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func dialRaw(t *testing.T, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func helloBytes() []byte {
	var hello bytes.Buffer
	wire.WriteHello(&hello, &wire.Hello{Versions: wire.Versions{Min: 1, Max: 1}, Node: uuid.New(), Incarnation: uuid.New()})
	return hello.Bytes()
}

func TestForeignPeersLeaveALogLineAndTheNextClientIsServed(t *testing.T) {
	noise := make([]byte, 4096)
	rand.Read(noise)
	noise[0] = 1
	log, logger := newLog()
	p := newPairAt(t, objects.Config{Logger: logger}, "tcp://127.0.0.1:0")
	url := p.server.Addrs()[0]
	hello := helloBytes()
	for name, c := range map[string]struct {
		send []byte
		want string
	}{
		"http":   {[]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "HTTP"},
		"tls":    {[]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaa"), "TLS"},
		"random": {noise, "unknown protocol"},
		"huge":   {[]byte("NOBJ\xff\xff\xff\xff"), "at most 65536 are allowed"},
		"cut":    {hello[:len(hello)-3], "stopped after"},
		"empty":  {nil, "stopped after 0 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialRaw(t, url)
			conn.Write(c.send)
			conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, conn) // until the node closes
			if line := <-log.lines; !strings.Contains(line, c.want) {
				t.Errorf("log line %q does not say %q", line, c.want)
			}
			if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
				t.Errorf("the next client: %v", err)
			}
		})
	}
}

func TestHalfCloseAfterEveryByteOfAValidHandshake(t *testing.T) {
	p := newPairAt(t, quiet, "tcp://127.0.0.1:0")
	hello := helloBytes()
	var dialogue bytes.Buffer
	dialogue.Write(hello)
	wire.WriteGo(&dialogue, wire.GoStart)
	for n := range dialogue.Len() {
		conn := dialRaw(t, p.server.Addrs()[0])
		conn.Write(dialogue.Bytes()[:n])
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	if s := p.server.Stats(); s.Sessions != 1 {
		t.Errorf("%+v", s)
	}
	if _, err := p.remote.Add(t.Context(), 1, 1); err != nil {
		t.Error(err)
	}
}

func TestVersionMismatchIsATypedErrorOnBothSides(t *testing.T) {
	log, logger := newLog()
	kit := objtest.NewConfig(t, objects.Config{Logger: logger})
	server := kit.NodeAt("tcp://127.0.0.1:0")

	conn := dialRaw(t, server.Addrs()[0])
	wire.WriteHello(conn, &wire.Hello{Versions: wire.Versions{Min: 7, Max: 9}, Node: uuid.New(), Incarnation: uuid.New()})
	var ack wire.HelloAck
	if err := wire.ReadHelloAck(conn, &ack); err != nil || ack.Status != wire.StatusVersion || ack.Versions.Max != wire.Version {
		t.Errorf("answer to a newer dialler: %+v, %v", ack.Status, err)
	}
	if line := <-log.lines; !strings.Contains(line, "peer speaks 7 to 9, this node 1") {
		t.Errorf("log: %s", line)
	}

	// A later version may have changed everything else.
	conn = dialRaw(t, server.Addrs()[0])
	conn.Write([]byte("NOBJ\x00\x00\x00\x0a\xa4\x01\x07\x02\x09\x03\x80\x04\x61x"))
	if err := wire.ReadHelloAck(conn, &ack); err != nil || ack.Status != wire.StatusVersion {
		t.Errorf("answer to a dialler of unknown shape: %+v, %v", ack.Status, err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		var hello wire.Hello
		wire.ReadHello(conn, &hello)
		wire.WriteHelloAck(conn, &wire.HelloAck{Status: wire.StatusVersion,
			Hello: wire.Hello{Versions: wire.Versions{Min: 2, Max: 2}, Node: uuid.New(), Incarnation: uuid.New()}})
	}()
	_, err = objects.Open[sample.Thing](t.Context(), kit.Node(), "tcp://"+l.Addr().String(), "thing")
	if !errors.Is(err, objects.ErrVersion) || !strings.Contains(err.Error(), "peer speaks 2, this node 1; update the older of the two") {
		t.Errorf("dialling a newer node: %v", err)
	}
}

// TestOneConnectionPerPair dials both ways and two addresses of one node at
// once, many times; whatever the order of the handshakes, both nodes end with
// one session.
func TestOneConnectionPerPair(t *testing.T) {
	for range 50 {
		t.Run("", dialBothWays)
	}
}

func dialBothWays(t *testing.T) {
	kit := objtest.NewConfig(t, quiet)
	a, b := kit.NodeAt("tcp://127.0.0.1:0"), kit.NodeAt("tcp://127.0.0.1:0")
	for _, n := range []*objects.Node{a, b} {
		if err := objects.Publish[sample.Thing](n, "thing", &thing{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Listen(t.Context(), "tcp://127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	open := func(from *objects.Node, url string) {
		remote, err := objects.Open[sample.Thing](t.Context(), from, url, "thing")
		if err != nil {
			t.Error(err)
			return
		}
		if sum, err := remote.Add(t.Context(), 1, 2); sum != 3 || err != nil {
			t.Error(sum, err)
		}
	}
	var both sync.WaitGroup
	both.Go(func() { open(a, b.Addrs()[0]) })
	both.Go(func() { open(b, a.Addrs()[0]) })
	both.Go(func() { open(a, b.Addrs()[1]) })
	both.Wait()
	if x, y := a.Stats(), b.Stats(); x.Sessions != 1 || y.Sessions != 1 {
		t.Fatalf("sessions: %d and %d", x.Sessions, y.Sessions)
	}
}

func TestANodeThatOnlyDialsServesCallbacks(t *testing.T) {
	p := newPairAt(t, objects.Config{}, "tcp://127.0.0.1:0")
	client := objects.NewNode(nil)
	defer client.Close()
	remote, err := objects.Open[sample.Thing](t.Context(), client, p.server.Addrs()[0], "thing")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := remote.Nest(t.Context(), &thing{}, 5); n != 5 || err != nil {
		t.Errorf("Nest = %d, %v", n, err)
	}
}

func TestSeveralListeners(t *testing.T) {
	p := newPair(t, objects.Config{})
	if err := p.server.Listen(t.Context(), "tcp://127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	addrs := p.server.Addrs()
	if len(addrs) != 2 || !strings.HasPrefix(addrs[1], "tcp://127.0.0.1:") {
		t.Fatalf("addresses %v", addrs)
	}
	again, err := objects.Open[sample.Thing](t.Context(), p.client, addrs[1], "thing")
	if err != nil || again != p.remote {
		t.Errorf("the same node under its other address: %v, %v", again, err)
	}
}

func TestALostSessionThatThePeerHasNotNoticedIsReplaced(t *testing.T) {
	p := newPairAt(t, objects.Config{HandshakeTimeout: 2 * time.Second, Logger: quiet.Logger}, "tcp://127.0.0.1:0")
	url := p.server.Addrs()[0]
	me := uuid.New()
	hello := wire.Hello{Versions: wire.Versions{Min: 1, Max: 1}, Node: uuid.New(), Incarnation: me}
	connect := func(word wire.GoStatus) (net.Conn, wire.HelloAck) {
		conn := dialRaw(t, url)
		wire.WriteHello(conn, &hello)
		var ack wire.HelloAck
		if err := wire.ReadHelloAck(conn, &ack); err != nil {
			t.Fatal(err)
		}
		wire.WriteGo(conn, word)
		return conn, ack
	}
	first, ack := connect(wire.GoStart)
	if ack.Status != wire.StatusNew {
		t.Fatalf("first: %v", ack.Status)
	}
	// The opening frame of the lane: a window update with SYN for stream 1.
	first.Write([]byte{0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0})
	first.Read(make([]byte, 1)) // its acknowledgement: the session is up
	// The first connection now says nothing, as if its network were gone.
	second, ack := connect(wire.GoReplace)
	if ack.Status != wire.StatusDuplicate {
		t.Fatalf("second: %v", ack.Status)
	}
	if err := wire.ReadHelloAck(second, &ack); err != nil || ack.Status != wire.StatusNew {
		t.Fatalf("replacing a silent session: %v, %v", ack.Status, err)
	}
}

func TestSlowHandshakeIsGivenUp(t *testing.T) {
	log, logger := newLog()
	kit := objtest.NewConfig(t, objects.Config{Logger: logger, HandshakeTimeout: 100 * time.Millisecond})
	server := kit.NodeAt("tcp://127.0.0.1:0")
	conn := dialRaw(t, server.Addrs()[0])
	conn.Write([]byte("NO"))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the node answers half a magic")
	}
	if line := <-log.lines; !strings.Contains(line, "stopped after 2 bytes") {
		t.Errorf("log: %s", line)
	}
}

// TestUnusableAddresses: no node could be reached there, whether one runs or not,
// and the error says what is wrong with the address.
func TestUnusableAddresses(t *testing.T) {
	n := objtest.New(t).Node()
	for url, want := range map[string]string{
		"localhost:7000":       "has no scheme",
		"tcp://localhost":      "needs host and port",
		"tcp://[::1:70":        "not an address",
		"unix://host/s":        "needs an absolute path",
		"tls://[::1]:1":        "Config.TLS is not set",
		"tcp://192.0.2.1:7000": "use tls://, or set AllowPlaintext",
	} {
		err := openError(t.Context(), n, url)
		if !errors.Is(err, objects.ErrAddress) || objects.OutcomeOf(err) != objects.NotSent ||
			!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "check that the node runs") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	kit := objtest.New(t)
	n := kit.Node()
	for url, want := range map[string]error{
		"tcp://127.0.0.1:1": objects.ErrUnreachable,
		"pipe://nobody":     objects.ErrUnreachable,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := objects.Open[sample.Thing](ctx, n, url, "x")
		if !errors.Is(err, want) && !errors.Is(err, context.DeadlineExceeded) || objects.OutcomeOf(err) != objects.NotSent {
			t.Errorf("%s: %v", url, err)
		}
	}
}
