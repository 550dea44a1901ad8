package transport_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"github.com/netobj/netobj/transport"
)

// message is what the benchmarks send and get back.
var message = make([]byte, 64)

// BenchmarkRoundTrip measures a message there and back on tcp, beside a bare TCP
// ping-pong and plain yamux streams. The metrics say how many times as long as
// each of the others a Conn takes; b.N is split between the three in turns, so
// that a busy machine is busy for all.
func BenchmarkRoundTrip(b *testing.B) {
	ours, tcp, plain := connPingPong(b), tcpPingPong(b), yamuxPingPong(b)
	var total [3]time.Duration
	const turn = 100
	for done := 0; done < b.N; done += turn {
		for i, pingPong := range []func(){ours, tcp, plain} {
			begun := time.Now()
			for range min(turn, b.N-done) {
				pingPong()
			}
			total[i] += time.Since(begun)
		}
	}
	b.ReportMetric(0, "ns/op") // of all three together
	b.ReportMetric(float64(total[0].Nanoseconds())/float64(b.N), "ns/roundtrip")
	b.ReportMetric(total[0].Seconds()/total[1].Seconds(), "x-bare-tcp")
	b.ReportMetric(total[0].Seconds()/total[2].Seconds(), "x-plain-yamux")
}

// echoer sends every message back.
type echoer struct {
	b    testing.TB
	conn transport.Conn
}

func (e *echoer) Message(msg []byte) {
	if err := e.conn.Send(e.b.Context(), msg, nil); err != nil && e.b.Context().Err() == nil {
		e.b.Error(err)
	}
}

// notifier tells that a message has come.
type notifier chan struct{}

func (n notifier) Message([]byte) { n <- struct{}{} }

// connPair is a connection with a handler for each end's messages.
func connPair(b testing.TB, dialer, acceptor func(transport.Conn) transport.Handler) transport.Conn {
	a := acceptOne(b, "tcp://127.0.0.1:0", nil)
	link, err := transport.Dial(b.Context(), a.url, nil)
	if err != nil {
		b.Fatal(err)
	}
	near, err := link.Open(transport.Dialer, nil)
	if err != nil {
		b.Fatal(err)
	}
	far := <-a.conn
	if far == nil {
		b.Fatal(a.err)
	}
	go near.Serve(dialer(near))
	go far.Serve(acceptor(far))
	b.Cleanup(func() {
		near.Abort(nil)
		far.Abort(nil)
	})
	return near
}

// lanes is a Handler that has no bodies.
type lanes struct {
	*recorder
	message interface{ Message([]byte) }
}

func (l lanes) Message(msg []byte) { l.message.Message(msg) }

func connPingPong(b testing.TB) func() {
	back := make(notifier, 1)
	conn := connPair(b,
		func(transport.Conn) transport.Handler { return lanes{newRecorder(), back} },
		func(c transport.Conn) transport.Handler { return lanes{newRecorder(), &echoer{b, c}} })
	return func() {
		if err := conn.Send(b.Context(), message, nil); err != nil {
			b.Fatal(err)
		}
		<-back
	}
}

// tcpPair is a connection whose far end is handed to serve.
func tcpPair(b *testing.B, serve func(net.Conn)) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go serve(far)
	b.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return near
}

// echoBytes sends back what it reads, a message at a time.
func echoBytes(c io.ReadWriter) {
	buf := make([]byte, len(message))
	for {
		if _, err := io.ReadFull(c, buf); err != nil {
			return
		}
		if _, err := c.Write(buf); err != nil {
			return
		}
	}
}

// pingPong writes a message and reads one.
func pingPong(b *testing.B, c io.ReadWriter) func() {
	buf := make([]byte, len(message))
	return func() {
		if _, err := c.Write(message); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func tcpPingPong(b *testing.B) func() {
	return pingPong(b, tcpPair(b, func(c net.Conn) { echoBytes(c) }))
}

func yamuxPingPong(b *testing.B) func() {
	near := tcpPair(b, func(c net.Conn) {
		s, err := yamux.Server(c, quiet())
		if err != nil {
			b.Error(err)
			return
		}
		if stream, err := s.AcceptStream(); err == nil {
			echoBytes(stream)
		}
	})
	s, err := yamux.Client(near, quiet())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	stream, err := s.OpenStream()
	if err != nil {
		b.Fatal(err)
	}
	return pingPong(b, stream)
}

// BenchmarkManySenders measures messages in one direction with 64 callers, who
// share the lane's writes.
func BenchmarkManySenders(b *testing.B) {
	came := make(chan struct{}, 1)
	left := b.N
	count := messageFunc(func([]byte) {
		if left--; left == 0 {
			came <- struct{}{}
		}
	})
	conn := connPair(b,
		func(transport.Conn) transport.Handler { return newRecorder() },
		func(transport.Conn) transport.Handler { return lanes{newRecorder(), count} })
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := conn.Send(b.Context(), message, nil); err != nil {
				b.Error(err)
				return
			}
		}
	})
	<-came
}

type messageFunc func([]byte)

func (f messageFunc) Message(msg []byte) { f(msg) }

// BenchmarkBody measures bulk bodies of 1 MiB, each taken before the next is sent,
// beside the same over bare TCP. The metric says how many times as long a Conn takes;
// b.N is split between the two in turns.
func BenchmarkBody(b *testing.B) {
	p := pairOf(b, "tcp://127.0.0.1:0", nil)
	data := make([]byte, 1<<20)
	ours := func() {
		if err := p.dialer.SendBody(b.Context(), 1, data); err != nil {
			b.Fatal(err)
		}
		<-p.atAcceptor.done
	}
	tcp := tcpBodies(b, data)
	var total [2]time.Duration
	const turn = 10
	for done := 0; done < b.N; done += turn {
		for i, body := range []func(){ours, tcp} {
			begun := time.Now()
			for range min(turn, b.N-done) {
				body()
			}
			total[i] += time.Since(begun)
		}
	}
	b.ReportMetric(0, "ns/op") // of both together
	b.ReportMetric(float64(b.N)*float64(len(data))/total[0].Seconds()/1e6, "MB/s")
	b.ReportMetric(total[0].Seconds()/total[1].Seconds(), "x-bare-tcp")
}

// tcpBodies sends data over a bare connection, whose far end answers with a byte.
func tcpBodies(b *testing.B, data []byte) func() {
	near := tcpPair(b, func(c net.Conn) {
		for buf := make([]byte, len(data)); ; {
			if _, err := io.ReadFull(c, buf); err != nil {
				return
			}
			c.Write(buf[:1])
		}
	})
	answer := make([]byte, 1)
	return func() {
		if _, err := near.Write(data); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(near, answer); err != nil {
			b.Fatal(err)
		}
	}
}
