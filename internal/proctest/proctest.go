// Package proctest runs this module's commands as processes of their own, for
// tests of what only separate processes show.
package proctest

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// module is the import path that Build's names are below.
const module = "github.com/netobj/netobj/"

var builds struct {
	sync.Mutex
	folder string
	done   map[string]string // executables by package
}

// Main runs the tests of a package that builds commands, and removes what was
// built. Its result is for os.Exit.
func Main(m *testing.M) int {
	defer func() {
		builds.Lock()
		defer builds.Unlock()
		if builds.folder != "" {
			os.RemoveAll(builds.folder)
		}
	}()
	return m.Run()
}

// Build builds the command in a folder of the module, as "cmd/objregistry", once
// for each test program, and returns the executable's path. The test program
// must call [Main].
func Build(t testing.TB, folder string) string {
	t.Helper()
	file, err := build(folder)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func build(folder string) (string, error) {
	builds.Lock()
	defer builds.Unlock()
	if file, ok := builds.done[folder]; ok {
		return file, nil
	}
	if builds.folder == "" {
		made, err := os.MkdirTemp("", "netobj-test-")
		if err != nil {
			return "", err
		}
		builds.folder, builds.done = made, map[string]string{}
	}
	file := filepath.Join(builds.folder, strings.ReplaceAll(folder, "/", "-"), path.Base(folder))
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	out, err := exec.Command("go", "build", "-o", file, module+folder).CombinedOutput()
	if err != nil {
		return "", errors.Join(errors.New(string(out)), err)
	}
	builds.done[folder] = file
	return file, nil
}

// Process is a running command. Its methods belong to the test's goroutine.
type Process struct {
	t     testing.TB
	name  string
	cmd   *exec.Cmd
	lines chan string // of standard output; closed at its end
	seen  []string
	ended error
	once  sync.Once
}

// Start runs a command. Its standard error goes to the test's log; at the end
// of the test it is killed if it still runs.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, name: filepath.Base(cmd.Path), cmd: cmd, lines: make(chan string, 10_000)}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if cmd.Stderr == nil {
		cmd.Stderr = t.Output()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		defer close(p.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		p.wait()
	})
	return p
}

// Expect reads standard output up to the next line that contains text, and
// returns what follows the text there, without spaces around it.
func (p *Process) Expect(text string) string {
	p.t.Helper()
	for line, ok := p.Line(); ok; line, ok = p.Line() {
		if _, rest, ok := strings.Cut(line, text); ok {
			return strings.TrimSpace(rest)
		}
	}
	p.t.Fatalf("%s ended (%v) and did not print %q; it printed\n%s", p.name, p.wait(), text, strings.Join(p.seen, "\n"))
	return ""
}

// patience is how long a test waits for a line that should be there soon.
const patience = time.Minute

// Line returns the next line of standard output; ok is false at its end. The
// test fails if none comes for a minute.
func (p *Process) Line() (line string, ok bool) {
	p.t.Helper()
	select {
	case line, ok = <-p.lines:
	case <-time.After(patience):
		p.t.Fatalf("%s has said nothing for %v; it printed\n%s", p.name, patience, strings.Join(p.seen, "\n"))
	}
	if ok {
		p.seen = append(p.seen, line)
	}
	return line, ok
}

// Lines returns the lines of standard output that nothing else has read, as they come,
// and ends with it. Unlike the other methods it may be ranged over by another goroutine
// than the test's, which then misses what Expect, Line, Rest and the end of the process
// read.
func (p *Process) Lines() <-chan string { return p.lines }

// Rest reads standard output to its end and returns all of it.
func (p *Process) Rest() string {
	for line := range p.lines {
		p.seen = append(p.seen, line)
	}
	return strings.Join(p.seen, "\n") + "\n"
}

// Terminate asks the process to end, waits, and returns how it ended; nil means
// with exit code 0.
func (p *Process) Terminate() error { return p.Signal(syscall.SIGTERM) }

// Signal sends a signal that ends the process, and waits for that.
func (p *Process) Signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil {
		return errors.Join(err, p.wait())
	}
	return p.wait()
}

// Kill ends the process at once, as SIGKILL does, and waits for that.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	p.wait()
}

// Wait waits for the process to end by itself.
func (p *Process) Wait() error { return p.wait() }

func (p *Process) wait() error {
	p.once.Do(func() {
		p.Rest() // Wait closes the pipe: read it first
		p.ended = p.cmd.Wait()
	})
	return p.ended
}
