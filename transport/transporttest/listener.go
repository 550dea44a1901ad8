package transporttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"

	"github.com/netobj/netobj/transport"
)

func listen(t *testing.T, n Network) transport.Listener {
	t.Helper()
	l, err := transport.Listen(t.Context(), n.URL, n.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func testListener(t *testing.T, n Network) {
	l := listen(t, n)
	address := l.URL()
	if u, err := url.Parse(address); err != nil || u.Port() == "0" {
		t.Errorf("URL %q is not where to dial: %v", address, err)
	}
	accepted := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		accepted <- err
	}()
	if err := l.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close = %v", err)
	}
	if _, err := transport.Dial(t.Context(), address, n.Config); err == nil {
		t.Errorf("%s: dialling a closed listener succeeded", address)
	}
	again, err := transport.Listen(t.Context(), address, n.Config)
	if err != nil {
		t.Fatalf("listening again at %s: %v", address, err)
	}
	defer again.Close()
	if again.URL() != address {
		t.Errorf("URL %s, want %s", again.URL(), address)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := transport.Dial(cancelled, address, n.Config); !errors.Is(err, context.Canceled) {
		t.Errorf("dialling with a cancelled context: %v", err)
	}
}

// testHalfOpenDial dials where nobody accepts: Dial must end with its context,
// however far the network has come with it.
func testHalfOpenDial(t *testing.T, n Network) {
	l := listen(t, n)
	ctx, cancel := context.WithCancel(t.Context())
	dialled := make(chan struct{})
	go func() {
		defer close(dialled)
		link, err := transport.Dial(ctx, l.URL(), n.Config)
		if err == nil {
			link.Close() // the operating system had accepted it
		}
	}()
	cancel()
	<-dialled
}

// testSeveralLinks has several connections through one listener, which live on
// when it is closed.
func testSeveralLinks(t *testing.T, n Network) {
	l := listen(t, n)
	var all []*ends
	for range 3 {
		c := connectTo(t, l, n)
		c.serve()
		all = append(all, c)
	}
	l.Close()
	for i, c := range all {
		c.dialer.send(t, fmt.Sprint("to ", i))
		c.acceptor.send(t, fmt.Sprint("from ", i))
	}
	for i, c := range all {
		c.acceptor.expect(t, fmt.Sprint("to ", i))
		c.dialer.expect(t, fmt.Sprint("from ", i))
	}
}
