package objects_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/netobj/netobj/internal/wire"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/objects/internal/sample"
	"github.com/netobj/netobj/objtest"
	"github.com/netobj/netobj/transport"
)

// tap stands between two nodes: it hands on all that they say, and counts it. A bulk
// body counts with the message that announces it.
type tap struct {
	url    string
	config *transport.Config
	server string // where it dials
	tasks  sync.WaitGroup

	mu      sync.Mutex
	near    transport.Conn // to the client; the latest
	traffic traffic
}

// traffic is what was said in both directions, by the kind of message.
type traffic map[wire.Type]volume

// volume is an amount of traffic.
type volume struct{ messages, bytes int }

func newTap(t *testing.T, pipes *transport.PipeNet, server string) *tap {
	t.Helper()
	p := &tap{url: "pipe://tap", server: server, traffic: traffic{},
		config: &transport.Config{PipeNet: pipes, MaxLaneMessage: 1 << 20}}
	l, err := transport.Listen(t.Context(), p.url, p.config)
	if err != nil {
		t.Fatal(err)
	}
	p.tasks.Go(func() {
		for {
			link, err := l.Accept()
			if err != nil {
				return
			}
			p.tasks.Go(func() { p.join(t, link) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.tasks.Wait()
	})
	return p
}

// join carries one connection, from its handshake to its end.
func (p *tap) join(t *testing.T, in transport.Link) {
	defer in.Close()
	out, err := transport.Dial(t.Context(), p.server, p.config)
	if err != nil {
		return
	}
	defer out.Close()
	if err := introduce(in, out); err != nil {
		return
	}
	near, err := in.Open(transport.Acceptor, p.config)
	if err != nil {
		t.Error(err)
		return
	}
	far, err := out.Open(transport.Dialer, p.config)
	if err != nil {
		t.Error(err)
		return
	}
	p.mu.Lock()
	p.near = near
	p.mu.Unlock()
	context.AfterFunc(t.Context(), p.cut) // before the nodes close
	p.tasks.Go(func() { far.Abort(near.Serve(&tapped{p, far})) })
	near.Abort(far.Serve(&tapped{p, near}))
}

// introduce hands a handshake on.
func introduce(in, out transport.Link) error {
	var hello wire.Hello
	if err := errors.Join(wire.ReadHello(in, &hello), wire.WriteHello(out, &hello)); err != nil {
		return err
	}
	var ack wire.HelloAck
	if err := errors.Join(wire.ReadHelloAck(out, &ack), wire.WriteHelloAck(in, &ack)); err != nil {
		return err
	}
	word, err := wire.ReadGo(in)
	if err := errors.Join(err, wire.WriteGo(out, word)); err != nil || word == wire.GoStart {
		return err
	}
	return errors.Join(wire.ReadHelloAck(out, &ack), wire.WriteHelloAck(in, &ack))
}

// tapped hands on what comes on one end.
type tapped struct {
	*tap
	to transport.Conn
}

func (c *tapped) Message(msg []byte) {
	kind, _ := wire.Peek(msg)
	c.mu.Lock()
	v := c.traffic[kind]
	c.traffic[kind] = volume{v.messages + 1, v.bytes + len(msg)}
	c.mu.Unlock()
	c.to.Send(context.Background(), msg, nil)
}

func (c *tapped) Body(_ context.Context, _ uint64, size int64) ([]byte, error) {
	return make([]byte, size), nil
}

func (c *tapped) BodyDone(id uint64, buf []byte, err error) {
	if err == nil {
		c.to.SendBody(context.Background(), id, buf)
	}
}

// cut breaks the connection of the two nodes.
func (p *tap) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.near.Abort(nil)
}

// take returns the traffic since the last take.
func (p *tap) take() traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.traffic
	p.traffic = traffic{}
	return said
}

// newTappedPair is newPair with a tap between the two.
func newTappedPair(t *testing.T, config objects.Config) (*pair, *tap) {
	t.Helper()
	p := &pair{kit: objtest.NewConfig(t, config), local: &thing{name: "root"}}
	tap := newTap(t, p.kit.PipeNet(), "pipe://server")
	p.server, p.client = p.kit.NodeAt("pipe://server"), p.kit.Node()
	if err := objects.Publish[sample.Thing](p.server, "thing", p.local); err != nil {
		t.Fatal(err)
	}
	var err error
	if p.remote, err = objects.Open[sample.Thing](t.Context(), p.client, tap.url, "thing"); err != nil {
		t.Fatal(err)
	}
	return p, tap
}
