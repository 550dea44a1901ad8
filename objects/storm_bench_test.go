package objects_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/transport"
)

// BenchmarkCallInAStorm makes calls while somebody else connects to the same node a
// thousand times a second, as far as the machine, which plays the attacker too, lets
// them. It reports how many connections the node accepted.
func BenchmarkCallInAStorm(b *testing.B) {
	secret := selfSigned(b)
	for _, scheme := range []string{"tcp", "tls"} {
		for _, c := range []struct {
			name     string
			strikes  bool
			gives    uint64        // thousands of references that the attacker grants first
			stranger bool          // the attacker is somebody else each time
			interval time.Duration // Config.ResumeInterval
		}{
			{name: "quiet"},
			{name: "strangers", strikes: true, stranger: true},
			{name: "resumed", strikes: true, interval: -1},
			{name: "resumed, paced", strikes: true},
			{name: "60,000 references, resumed", strikes: true, gives: 60, interval: -1},
			{name: "60,000 references, resumed, paced", strikes: true, gives: 60},
		} {
			b.Run(scheme+"/"+c.name, func(b *testing.B) {
				config := objects.Config{Logger: quiet.Logger, TLS: secret, ResumeInterval: c.interval}
				kit := objtest.NewConfig(b, config)
				server, client := kit.NodeAt(scheme+"://127.0.0.1:0"), kit.Node()
				err := errors.Join(objects.Publish[sample.Thing](server, "thing", &thing{}), objects.Publish[sample.Thing](server, "hoard", &hoard{}))
				if err != nil {
					b.Fatal(err)
				}
				far, err := objects.Open[sample.Thing](context.Background(), client, server.Addrs()[0], "thing")
				if err != nil {
					b.Fatal(err)
				}
				attacker := &attacker{url: server.Addrs()[0], config: &transport.Config{TLS: secret}, hello: rawHello(), gives: c.gives, stranger: c.stranger}
				stop := func() {}
				if c.strikes {
					stop = attacker.storm(b)
				}
				for b.Loop() {
					if _, err := far.Add(context.Background(), 1, 2); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(attacker.accepted.Load())/b.Elapsed().Seconds(), "connections/s")
				stop()
			})
		}
	}
}

// attacker connects again and again.
type attacker struct {
	url      string
	config   *transport.Config
	hello    wire.Hello
	gives    uint64
	stranger bool
	accepted atomic.Int64
}

// storm connects once, and then a thousand times a second until stop.
func (a *attacker) storm(b *testing.B) (stop func()) {
	over := make(chan struct{})
	var tasks sync.WaitGroup
	if !a.connect(a.gives) {
		b.Fatal("the attacker was refused at first")
	}
	a.accepted.Store(0)
	tick := time.NewTicker(time.Second / 1000)
	tasks.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			if a.stranger {
				a.hello.Incarnation = uuid.New()
			}
			if a.connect(0) {
				a.accepted.Add(1)
			}
		}
	})
	return func() {
		tick.Stop()
		close(over)
		tasks.Wait()
	}
}

// connect reports whether the node let a session begin, or go on, and said something.
func (a *attacker) connect(gives uint64) bool {
	link, err := transport.Dial(context.Background(), a.url, a.config)
	if err != nil {
		return false
	}
	defer link.Close()
	var ack wire.HelloAck
	if err := errors.Join(wire.WriteHello(link, &a.hello), wire.ReadHelloAck(link, &ack)); err != nil || ack.Status > wire.StatusResumed {
		return false
	}
	if err := wire.WriteGo(link, wire.GoStart); err != nil {
		return false
	}
	conn, err := link.Open(transport.Dialer, a.config)
	if err != nil {
		return false
	}
	raw := &rawPeer{conn: conn, lane: make(chan []byte, 100), ended: make(chan error, 1), turn: make(chan struct{}, 1)}
	go func() { raw.ended <- conn.Serve(raw) }()
	defer func() { conn.Abort(nil) }()
	if ack.Status == wire.StatusNew {
		siege := &siege{raw: raw, hoard: 1}
		raw.sendCall(&wire.Call{ID: 1, Method: rootMethod}, marshal.AppendString(marshal.AppendArray(nil, 1), "hoard"))
		for i := range gives {
			siege.calls = 1000 + i
			siege.give(1+i*1000, 1000)
		}
	}
	for heard := uint64(0); heard <= gives; heard++ {
		select {
		case <-raw.lane:
		case <-raw.ended:
			return false
		}
	}
	return true
}
