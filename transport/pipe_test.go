package transport

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// idle is a Handler that takes bodies when it is let.
type idle struct {
	hold chan struct{}
	done chan error
}

func (h *idle) Message([]byte) {}
func (h *idle) Body(ctx context.Context, _ uint64, size int64) ([]byte, error) {
	select {
	case <-h.hold:
		return make([]byte, size), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (h *idle) BodyDone(_ uint64, _ []byte, err error) { h.done <- err }

// pipePairOf is a connection to host test that is not served.
func pipePairOf(t *testing.T, cfg *Config) (dialer, acceptor Conn) {
	l, err := Listen(t.Context(), "pipe://test", &Config{PipeNet: cfg.PipeNet.Host("test")})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan Link, 1)
	go func() {
		link, _ := l.Accept()
		accepted <- link
	}()
	near, err := Dial(t.Context(), l.URL(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	dialer, err = near.Open(Dialer, cfg)
	if err != nil {
		t.Fatal(err)
	}
	acceptor, err = (<-accepted).Open(Acceptor, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return dialer, acceptor
}

// TestPipeBodiesAreBounded has a receiver that takes no body yet: senders must
// wait, and who gives up must be told of.
func TestPipeBodiesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialer, acceptor := pipePairOf(t, &Config{PipeNet: NewPipeNet()})
		h := &idle{hold: make(chan struct{}), done: make(chan error, 100)}
		go acceptor.Serve(h)
		const bodies, size = 20, 4 << 20
		ctx, cancel := context.WithCancel(t.Context())
		sent := make(chan error, bodies)
		for id := range uint64(bodies) {
			go func() { sent <- dialer.SendBody(ctx, id, make([]byte, size)) }()
		}
		synctest.Wait()
		if n := len(sent); n != maxPipeBodies/size {
			t.Errorf("%d bodies were taken, want %d", n, maxPipeBodies/size)
		}
		cancel()
		synctest.Wait()
		close(h.hold)
		lost := 0
		for range bodies {
			if err := <-h.done; err != nil {
				lost++
			}
			if err := <-sent; err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("SendBody = %v", err)
				}
				lost--
			}
		}
		if lost != 0 {
			t.Errorf("the receiver heard of %+d lost bodies more than their senders", lost)
		}
		if err := dialer.SendBody(t.Context(), 100, make([]byte, size)); err != nil {
			t.Error(err)
		}
		dialer.Close()
		synctest.Wait()
		acceptor.Abort(nil)
	})
}

// TestPipeNetForgets ends connections in every way there is: the network must
// keep nothing of them.
func TestPipeNetForgets(t *testing.T) {
	pipes := NewPipeNet()
	for name, end := range map[string]func(dialer, acceptor Conn){
		"Close": func(dialer, acceptor Conn) { dialer.Close(); acceptor.Close() },
		"Abort": func(dialer, acceptor Conn) { acceptor.Abort(nil); dialer.Abort(nil) },
		"Cut":   func(Conn, Conn) { pipes.Link("test", "").Cut() },
	} {
		dialer, acceptor := pipePairOf(t, &Config{PipeNet: pipes})
		if len(pipes.pairs) != 1 {
			t.Errorf("%d connections are known, want 1", len(pipes.pairs))
		}
		end(dialer, acceptor)
		if len(pipes.pairs) != 0 || len(pipes.listeners) != 0 {
			t.Errorf("%s: %d connections are left", name, len(pipes.pairs))
		}
		dialer.Abort(nil)
		acceptor.Abort(nil)
	}
}
