package transport_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/netobj/netobj/transport"
	"github.com/netobj/netobj/transport/transporttest"
)

// TestOpenWithoutALane has peers that break a rule, say nothing or leave before
// the lane is open. The acceptor's Open must fail with the reason; what it did
// once was to end the process.
func TestOpenWithoutALane(t *testing.T) {
	config := &transport.Config{FirstByteTimeout: 50 * time.Millisecond}
	for name, c := range map[string]struct {
		send string
		want string
	}{
		"HTTP":              {"GET / HTTP/1.1\r\n\r\n", "frame of version 71"},
		"TLS":               {"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03\x00\x00", "frame of version 22"},
		"even stream":       {string(open(2)), "stream 2 opened by the side that does not own its number"},
		"another stream":    {string(open(3)), "the first stream is number 3, not the lane"},
		"ping flood":        {strings.Repeat(string(ping), 100), "more than 10 pings a second"},
		"silence":           {"", "the lane was not opened within 50ms"},
		"part of a header":  {"\x00\x01\x00", "the lane was not opened within 50ms"},
		"protocol goodbye":  {string(frame(3, 0, 0, 1)), "yamux protocol error"},
		"lane not opened":   {string(data(1, 0, []byte("\x02hi"))), "stream 1 used before it was opened"},
		"lane never opened": {string(append(open(3), data(1, 0, []byte("\x02hi"))...)), "the first stream is number 3, not the lane"},
		"window of nothing": {string(frame(1, 0, 5, 1)), "the lane was not opened within 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			a := acceptOne(t, "tcp://127.0.0.1:0", config)
			conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.Write([]byte(c.send))
			if opened := <-a.conn; opened != nil {
				opened.Abort(nil)
				t.Fatal("Open succeeded")
			}
			if !strings.Contains(a.err.Error(), c.want) {
				t.Errorf("Open = %v, want %q", a.err, c.want)
			}
			if strings.Contains(c.want, "not opened") && !errors.Is(a.err, transport.ErrTimeout) {
				t.Errorf("Open = %v, want ErrTimeout", a.err)
			}
			// The connection is closed, not left to the garbage collector.
			for buf := make([]byte, 512); err == nil; {
				_, err = conn.Read(buf)
			}
			if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
				t.Errorf("the connection is open: %v", err)
			}
		})
	}
}

// TestOpenOfAVanishedPeer has a peer that leaves right away.
func TestOpenOfAVanishedPeer(t *testing.T) {
	a := acceptOne(t, "tcp://127.0.0.1:0", nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if opened := <-a.conn; opened != nil {
		t.Error("Open succeeded")
	} else if !strings.Contains(a.err.Error(), "peer closed the connection") {
		t.Errorf("Open = %v", a.err)
	}
}

// TestCloseDuringOpen closes a link while its Open waits for the lane.
func TestCloseDuringOpen(t *testing.T) {
	transporttest.Watch(t)
	l, err := transport.Listen(t.Context(), "tcp://127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.URL(), "tcp://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	link, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		_, err := link.Open(transport.Acceptor, &transport.Config{FirstByteTimeout: time.Hour})
		opened <- err
	}()
	link.Close()
	if err := <-opened; err == nil {
		t.Error("Open of a closed link succeeded")
	}
}

// TestHalfOpenTLSDial dials a TLS address where nobody answers the handshake.
func TestHalfOpenTLSDial(t *testing.T) {
	transporttest.Watch(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		conn, err := silent.Accept()
		if err != nil {
			return
		}
		conn.Read(make([]byte, 1)) // the handshake has begun
		cancel()
		<-t.Context().Done()
		conn.Close()
	}()
	_, err = transport.Dial(ctx, "tls://"+silent.Addr().String(), &transport.Config{TLS: selfSigned(t)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Dial = %v", err)
	}
}

// TestPipeDialEndsWithItsContext dials where nobody accepts; in fake time, which
// passes only because Dial is blocked.
func TestPipeDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipes := &transport.Config{PipeNet: transport.NewPipeNet()}
		l, err := transport.Listen(t.Context(), "pipe://busy", pipes)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		why := errors.New("because")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		begun := time.Now()
		if _, err := transport.Dial(ctx, "pipe://busy", pipes); !errors.Is(err, why) || time.Since(begun) != time.Minute {
			t.Errorf("Dial = %v after %v", err, time.Since(begun))
		}
	})
}
