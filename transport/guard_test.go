package transport

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// countingConn counts writes.
type countingConn struct {
	net.Conn
	mu     sync.Mutex
	writes int
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	c.writes++
	c.mu.Unlock()
	return c.Conn.Write(p)
}

// TestHeaderAndBodyAreOneWrite counts the writes of one message.
func TestHeaderAndBodyAreOneWrite(t *testing.T) {
	count := func(wrap func(net.Conn) net.Conn) int {
		near, far := net.Pipe()
		defer far.Close()
		go io.Copy(io.Discard, far)
		counted := &countingConn{Conn: near}
		config := yamux.DefaultConfig()
		config.LogOutput, config.EnableKeepAlive = io.Discard, false
		s, err := yamux.Client(wrap(counted), config)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stream, err := s.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		stream.Write([]byte("first")) // sees the opening out
		counted.mu.Lock()
		before := counted.writes
		counted.mu.Unlock()
		stream.Write([]byte("message"))
		counted.mu.Lock()
		defer counted.mu.Unlock()
		return counted.writes - before
	}
	if n := count(func(c net.Conn) net.Conn { return c }); n != 2 {
		t.Errorf("bare yamux: %d writes for one message, it used to be 2", n)
	}
	ours := count(func(c net.Conn) net.Conn {
		return &under{Conn: c, writeTimeout: time.Second, guard: newGuard(Dialer, (*Config)(nil).defaults(), time.Now, func(error) {})}
	})
	if ours != 1 {
		t.Errorf("%d writes for one message, want 1", ours)
	}
}

// TestGuardRates drives the guard with a clock of its own.
func TestGuardRates(t *testing.T) {
	now := time.Unix(0, 0)
	var violated error
	g := newGuard(Acceptor, (*Config)(nil).defaults(), func() time.Time { return now }, func(err error) { violated = err })
	ping := []byte{0, framePing, 0, flagSYN, 0, 0, 0, 0, 0, 0, 0, 1}
	for range 60 { // ten a second, for ever
		for range pingRate {
			if err := inspect(g, ping); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Second)
	}
	pong := bytes.Clone(ping)
	pong[3] = flagACK
	for range 1000 { // answers are not counted
		if err := inspect(g, pong); err != nil {
			t.Fatal(err)
		}
	}
	for range pingBurst {
		if err := inspect(g, ping); err != nil {
			t.Fatal(err)
		}
	}
	if err := inspect(g, ping); err == nil || violated != err {
		t.Errorf("a burst of pings: %v, told %v", err, violated)
	}
}

// TestGuardRatesOfStreams has a peer that opens, or resets, as many streams as it
// may in a second, and then one more.
func TestGuardRatesOfStreams(t *testing.T) {
	for name, c := range map[string]struct {
		flag byte
		rate int
		want string
	}{
		"opens":  {flagSYN, openRate, "more than 20000 streams opened a second"},
		"resets": {flagRST, resetRate, "more than 2000 resets a second"},
	} {
		now := time.Unix(0, 0)
		g := newGuard(Acceptor, (&Config{MaxStreams: 1 << 20}).defaults(), func() time.Time { return now }, func(error) {})
		id := uint32(1)
		frame := func() error {
			id += 2
			window := binary.BigEndian.AppendUint32([]byte{0, frameWindow, 0, c.flag}, id)
			return inspect(g, append(window, 0, 0, 0, 0))
		}
		for range 3 {
			for range c.rate {
				if err := frame(); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			now = now.Add(time.Second)
		}
		now = now.Add(-time.Second)
		if err := frame(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestPeerStreamsAreCounted follows streams through the table: each stays until
// both sides have ended it and its receiver is done, whatever comes first.
func TestPeerStreamsAreCounted(t *testing.T) {
	const window = 1 << 20
	accept := func(p *peerStreams) { p.sent(3, window-initialWindow, flagACK) }
	come := func(n int64, flags uint16) func(*peerStreams) {
		return func(p *peerStreams) { p.came(3, n, flags) }
	}
	send := func(n int64, flags uint16) func(*peerStreams) {
		return func(p *peerStreams) { p.sent(3, n, flags) }
	}
	done := func(p *peerStreams) { p.done(3) }
	for name, c := range map[string]struct {
		steps  []func(*peerStreams)
		open   int
		unread int64
	}{
		"read in part":           {[]func(*peerStreams){accept, come(1000, 0), send(600, 0)}, 1, 400},
		"not accepted":           {[]func(*peerStreams){come(1000, 0)}, 1, 1000},
		"ended by the peer":      {[]func(*peerStreams){accept, come(10, flagFIN)}, 1, 10},
		"ended by us":            {[]func(*peerStreams){accept, come(10, 0), done, send(0, flagFIN), come(5, 0)}, 1, 15},
		"ended, peer first":      {[]func(*peerStreams){accept, come(10, flagFIN), done, send(0, flagFIN)}, 0, 0},
		"ended, us first":        {[]func(*peerStreams){accept, done, send(0, flagFIN), come(10, flagFIN)}, 0, 0},
		"reset while received":   {[]func(*peerStreams){accept, come(10, 0), come(0, flagRST)}, 1, 10},
		"reset and received":     {[]func(*peerStreams){accept, come(10, 0), come(0, flagRST), done}, 0, 0},
		"reset by us":            {[]func(*peerStreams){accept, done, send(0, flagFIN), send(0, flagRST), come(9, 0)}, 0, 0},
		"reset before accepting": {[]func(*peerStreams){send(0, flagRST)}, 0, 0},
	} {
		p := newPeerStreams((&Config{Window: window}).defaults())
		if err := p.cameOpen(3); err != nil {
			t.Fatal(err)
		}
		for _, step := range c.steps {
			step(p)
		}
		if len(p.open) != c.open || p.unread != c.unread {
			t.Errorf("%s: %d streams, %d bytes, want %d and %d", name, len(p.open), p.unread, c.open, c.unread)
		}
	}
}

// inspect shows frames without bodies to a guard.
func inspect(g *guard, frames []byte) error {
	for ; len(frames) > 0; frames = frames[headerSize:] {
		if err := g.came(parseHeader(frames)); err != nil {
			return err
		}
	}
	return nil
}
