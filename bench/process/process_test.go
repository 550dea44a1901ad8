package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/netobj/netobj/bench/peer"
)

func TestMain(m *testing.M) {
	Main(job)
	os.Exit(m.Run())
}

// order is what the tests ask a client process for.
type order struct {
	Do   string
	Tell string // an address to which the server's is written
}

// job is the work of a client process here.
func job(ctx context.Context, request json.RawMessage) (any, error) {
	var o order
	if err := json.Unmarshal(request, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case "cpus":
		return runtime.GOMAXPROCS(0), nil
	case "fail":
		return nil, errors.New("it went wrong")
	case "die":
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(3)
	case "usage":
		return usage(ctx)
	case "hang":
		return nil, hang(ctx, o.Tell)
	}
	return nil, errors.New("unknown job")
}

func usage(ctx context.Context) (any, error) {
	s, err := StartServer(ctx, peer.Named("unix"), AnyCPU, "")
	if err != nil {
		return nil, err
	}
	c, err := peer.Named("unix").Dial(ctx, s.Endpoint())
	if err != nil {
		return nil, err
	}
	if _, err := c.Add(ctx, 1, 2); err != nil {
		return nil, err
	}
	u, err := s.Usage(Live)
	return u, errors.Join(err, c.Close(), s.Close())
}

// hang starts a server, tells where it is, and never returns.
func hang(ctx context.Context, tell string) error {
	s, err := StartServer(ctx, peer.Named("tcp"), AnyCPU, "")
	if err != nil {
		return err
	}
	c, err := net.Dial("tcp", tell)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(c, s.Endpoint().Address); err != nil {
		return err
	}
	c.Close()
	select {}
}

func TestAnswer(t *testing.T) {
	var u Usage
	if err := Ask(t.Context(), AnyCPU, order{Do: "usage"}, &u); err != nil {
		t.Fatal(err)
	}
	if u.CPU <= 0 || u.Allocs == 0 || u.AllocBytes == 0 || u.Live <= 0 || u.Goroutines == 0 || u.Conns != 1 || u.Things != 0 {
		t.Errorf("the server uses %+v", u)
	}
}

func TestErrors(t *testing.T) {
	var none any
	if err := Ask(t.Context(), AnyCPU, order{Do: "fail"}, &none); err == nil || err.Error() != "it went wrong" {
		t.Errorf("the work's error came as %v", err)
	}
	err := Ask(t.Context(), AnyCPU, order{Do: "die"}, &none)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("of a process that died: %v; want its exit status and last words", err)
	}
}

// TestNoOrphans: when a client is killed in the middle of its work, its server
// ends too.
func TestNoOrphans(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		var none any
		asked <- Ask(ctx, AnyCPU, order{Do: "hang", Tell: l.Addr().String()}, &none)
	}()
	told, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	address, err := io.ReadAll(told)
	if err != nil {
		t.Fatal(err)
	}
	server, err := net.Dial("tcp", string(address))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("of a process that was killed: %v", err)
	}
	if _, err := server.Read(make([]byte, 1)); err == nil { // ends with the server's process
		t.Error("the server sent something")
	}
}

func TestPinned(t *testing.T) {
	cpus := CPUs()
	if len(cpus) == 0 {
		t.Skip("processes cannot be bound to a CPU here")
	}
	var n int
	if err := Ask(t.Context(), cpus[0], order{Do: "cpus"}, &n); err != nil || n != 1 {
		t.Errorf("a process on one CPU sees %d, %v", n, err)
	}
	if err := Ask(t.Context(), AnyCPU, order{Do: "cpus"}, &n); err != nil || n != len(cpus) {
		t.Errorf("after that, a process on any CPU sees %d, %v, want %d", n, err, len(cpus))
	}
}
