// Quickstart shows netobj at work: it starts a registry daemon, a server and a
// client as three processes, prints what they do, and stops them.
//
//	go run ./examples/quickstart
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// patience is how long the processes may take for everything that they do.
const patience = 30 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// run is the whole show, or, with an argument, one of the processes in it.
func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch role := strings.Join(args, " "); role {
	case "":
		return show(ctx)
	case "server":
		return serve(ctx)
	case "client":
		return visit(ctx)
	default:
		return fmt.Errorf("unknown argument %q; run it without", role)
	}
}

// show starts the processes in order. Each runs until the next step needs it no
// more; all are gone when it returns.
func show(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "netobj-quickstart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	fmt.Println("building the registry daemon, which takes a while the first time ...")
	daemon, err := build(ctx, folder)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, patience) // kills them
	defer cancel()
	registry, err := start(exec.CommandContext(ctx, daemon, "--listen", "tcp://127.0.0.1:0",
		"--store", filepath.Join(folder, "registry.db"), "--log-level", "warn"), "registry")
	if err != nil {
		return err
	}
	defer registry.stop()
	url, err := registry.expect("listening on ")
	if err != nil {
		return err
	}
	os.Setenv("OBJREGISTRY", url) // where the others look for the registry

	server, err := start(exec.CommandContext(ctx, self, "server"), "server")
	if err != nil {
		return err
	}
	defer server.stop()
	if _, err := server.expect("bound"); err != nil {
		return err
	}

	client, err := start(exec.CommandContext(ctx, self, "client"), "client")
	if err != nil {
		return err
	}
	defer client.stop()
	if _, err := client.expect("let go of the account"); err != nil {
		return err
	}
	if _, err := server.expect("nobody holds the account"); err != nil {
		return err
	}
	fmt.Println("that is all: three processes, plain Go interfaces and errors")
	return nil
}

// build compiles the registry daemon, as "go install" would.
func build(ctx context.Context, folder string) (string, error) {
	file := filepath.Join(folder, "objregistry")
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", file, "github.com/netobj/netobj/cmd/objregistry")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return file, nil
}

// process is a running process whose output is shown under its name.
type process struct {
	name  string
	cmd   *exec.Cmd
	lines chan string // what it prints; closed when it has ended
}

func start(cmd *exec.Cmd, name string) (*process, error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: cmd, lines: make(chan string, 10)}
	go func() { // ends with the process; stop waits for it
		defer close(p.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			fmt.Printf("%9s | %s\n", name, in.Text())
			p.lines <- in.Text()
		}
		cmd.Wait() // expect tells how it ended
	}()
	return p, nil
}

// expect waits for a line that begins with prefix and returns the rest of it.
func (p *process) expect(prefix string) (string, error) {
	for line := range p.lines {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return rest, nil
		}
	}
	return "", fmt.Errorf("the %s ended before it said %q: %v", p.name, prefix, p.cmd.ProcessState)
}

// stop ends the process.
func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	if runtime.GOOS == "windows" { // knows no signals
		p.cmd.Process.Kill()
	}
	for range p.lines {
	}
}
