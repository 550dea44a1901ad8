package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/netobj/netobj/examples/failover/counter"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
)

// serve is a server's process: it takes the name, whoever has it, and waits. It listens,
// so that clients come to it directly, and not through the registry.
func serve(ctx context.Context) error {
	node, err := objects.Listen(ctx, "tcp://127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	defer node.Close()
	names, err := registry.Dial(ctx, node, "")
	if err != nil {
		return err
	}
	if err := registry.Rebind[counter.Counter](ctx, names, "counter", &theCounter{}); err != nil {
		return err
	}
	fmt.Println("counts from 0")
	<-ctx.Done()
	return nil
}

// theCounter is the real thing behind counter.Counter.
type theCounter struct{ total atomic.Int64 }

// Add implements counter.Counter.
func (c *theCounter) Add(_ context.Context, n int64) (int64, error) { return c.total.Add(n), nil }

// AddSlowly implements counter.Counter. It takes longer than this server has to live.
func (c *theCounter) AddSlowly(ctx context.Context, n int64) (int64, error) {
	fmt.Println("adding slowly")
	<-ctx.Done()
	return 0, ctx.Err()
}

// server is a running server, whose output is shown under its name.
type server struct {
	name  string
	cmd   *exec.Cmd
	lines chan string // what it prints; closed when it has ended
}

// start starts a server and waits until it is bound.
func start(ctx context.Context, name string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{name, exec.CommandContext(ctx, self, "server"), make(chan string, 10)}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { // ends with the process; kill waits for it
		defer close(s.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			fmt.Printf("%6s | %s\n", name, in.Text())
			s.lines <- in.Text()
		}
		s.cmd.Wait()
	}()
	if err := s.expect("counts"); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// expect waits for a line that begins with prefix.
func (s *server) expect(prefix string) error {
	for line := range s.lines {
		if strings.HasPrefix(line, prefix) {
			return nil
		}
	}
	return fmt.Errorf("the %s server ended before it said %q: %v", s.name, prefix, s.cmd.ProcessState)
}

// kill ends the server at once, without a goodbye. It may be killed twice.
func (s *server) kill() {
	s.cmd.Process.Kill()
	for range s.lines {
	}
}
