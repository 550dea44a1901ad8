// Package process runs the two ends of a connection as processes of their own.
// The program runs itself: a controller starts a client for each measurement, and
// the client starts its server. Either ends when its standard input does, so that
// nothing is left behind when the one above it dies.
package process

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// roleVariable tells a process of this program what it is for.
const roleVariable = "NETOBJ_BENCH_ROLE"

// The roles.
const (
	clientRole = "client"
	serverRole = "server"
)

// Main runs this process's role and exits, if it was started to have one. The
// program calls it first of all, its tests in TestMain. work is a client's: it is
// given the request of [Ask], and its result is the answer.
func Main(work func(ctx context.Context, request json.RawMessage) (answer any, err error)) {
	var err error
	switch os.Getenv(roleVariable) {
	case clientRole:
		err = beClient(work)
	case serverRole:
		err = beServer()
	default:
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// AnyCPU leaves a process where the system puts it.
const AnyCPU = -1

// child is a process of this program, spoken to by lines of JSON.
type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	pipe   io.Closer // below out
	out    *bufio.Reader
	said   lastWords
	ended  chan struct{} // closed when the process has ended and cmd.Wait has returned
	status error         // valid then
}

// patience is how long a process may take to end by itself.
const patience = 10 * time.Second

// start runs this program in a role, on one CPU or, if cpu is AnyCPU, on all. The
// process is killed when ctx ends.
func start(ctx context.Context, role string, cpu int) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self), ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), roleVariable+"="+role)
	c.cmd.Stderr = &c.said
	c.cmd.WaitDelay = patience // for a grandchild that still has standard error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe() // not StdoutPipe: Wait would close it before it is read to the end
	if err != nil {
		return nil, err
	}
	c.pipe, c.out = read, bufio.NewReader(read)
	c.cmd.Stdout = write
	err = startOn(c.cmd, cpu)
	write.Close()
	if err != nil {
		read.Close()
		return nil, err
	}
	go func() { // ends with the process
		c.status = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// ask sends a request and reads the answer.
func (c *child) ask(request, answer any) error {
	if err := json.NewEncoder(c.in).Encode(request); err != nil {
		return c.failure(err)
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return c.failure(err)
	}
	return json.Unmarshal(line, answer)
}

// failure explains why a child does not answer.
func (c *child) failure(err error) error {
	c.in.Close()
	defer c.pipe.Close()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.cmd.Process.Kill()
		<-c.ended
	}
	return fmt.Errorf("process ended: %w; it said: %s", errors.Join(c.status, err), c.said.String())
}

// stop closes the child's standard input, which ends it, and waits for that.
func (c *child) stop() error {
	c.in.Close()
	defer c.pipe.Close()
	select {
	case <-c.ended:
		return c.status
	case <-time.After(patience):
		c.cmd.Process.Kill()
		<-c.ended
		return errors.New("process did not end and was killed; it said: " + c.said.String())
	}
}

// lastWords keeps the end of what a process wrote to standard error.
type lastWords struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const lastWordsMost = 8 << 10

// Write implements io.Writer.
func (w *lastWords) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if over := w.text.Len() - lastWordsMost; over > 0 {
		w.text.Next(over)
	}
	return len(p), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text := strings.TrimSpace(w.text.String()); text != "" {
		return text
	}
	return "nothing"
}
