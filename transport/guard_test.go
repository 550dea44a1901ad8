package transport

import (
	"bytes"
	"io"
	"net"
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
		return &under{Conn: c, writeTimeout: time.Second, guard: newGuard(Dialer, 1<<20, time.Now, func(error) {})}
	})
	if ours != 1 {
		t.Errorf("%d writes for one message, want 1", ours)
	}
}

// TestGuardRates drives the guard with a clock of its own.
func TestGuardRates(t *testing.T) {
	now := time.Unix(0, 0)
	var violated error
	g := newGuard(Acceptor, 1<<20, func() time.Time { return now }, func(err error) { violated = err })
	ping := []byte{0, framePing, 0, flagSYN, 0, 0, 0, 0, 0, 0, 0, 1}
	for range 60 { // ten a second, for ever
		for range pingRate {
			if err := g.inspect(ping); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Second)
	}
	pong := bytes.Clone(ping)
	pong[3] = flagACK
	for range 1000 { // answers are not counted
		if err := g.inspect(pong); err != nil {
			t.Fatal(err)
		}
	}
	for range pingBurst + 1 {
		g.inspect(ping)
	}
	if violated == nil {
		t.Error("a burst of pings passed")
	}
}
