package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/netobj/netobj/internal/proctest"
)

func TestMain(m *testing.M) {
	testscript.Main(mainWithBuilds{m}, map[string]func(){"objctl": main})
}

// mainWithBuilds removes what tests have built after they have run.
type mainWithBuilds struct{ m *testing.M }

func (m mainWithBuilds) Run() int { return proctest.Main(m.m) }

// TestScripts runs testdata/script against a real registry daemon and a real
// server, bankd, both fresh for each script. Scripts have more commands:
//
//	spawn REGEXP COMMAND...   start a command and wait for a line that matches
//	bankd start|stop|kill     the server
//	expect REGEXP             wait for a further line of what was spawned
//	exits CODE COMMAND...     run a command that must end with this exit code
//	interrupt                 send it SIGINT; it must end with code 0
//	until REGEXP COMMAND...   run a command again and again until its output matches
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"spawn":     spawn,
			"expect":    expect,
			"interrupt": interrupt,
			"bankd":     bankd,
			"exits":     exits,
			"until":     until,
		},
	})
}

// script is the state of one script beside testscript's own.
type script struct {
	t       testing.TB
	env     []string
	spawned *proctest.Process
	bankd   *proctest.Process
}

type scriptKey struct{}

func setup(env *testscript.Env) error {
	t := env.T().(testing.TB)
	daemon := proctest.Start(t, exec.Command(proctest.Build(t, "cmd/objregistry"), "--listen", "tcp://127.0.0.1:0", "--store", "memory", "--log-level", "error"))
	url := daemon.Expect("listening on")
	env.Setenv("OBJREGISTRY", url)
	s := &script{t: t, env: append(os.Environ(), "OBJREGISTRY="+url)}
	env.Values[scriptKey{}] = s
	s.start()
	return nil
}

func (s *script) start() {
	cmd := exec.Command(proctest.Build(s.t, "cmd/objctl/internal/bankd"))
	cmd.Env = s.env
	s.bankd = proctest.Start(s.t, cmd)
	s.bankd.Expect("bound")
}

func bankd(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(scriptKey{}).(*script)
	switch args[0] {
	case "start":
		s.start()
	case "stop":
		ts.Check(s.bankd.Terminate())
	case "kill":
		s.bankd.Kill()
	}
}

func spawn(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(scriptKey{}).(*script)
	self, err := exec.LookPath(args[1]) // testscript put its commands on the path
	ts.Check(err)
	cmd := exec.Command(self, args[2:]...)
	cmd.Env = s.env
	s.spawned = proctest.Start(s.t, cmd)
	expect(ts, false, args[:1])
}

func until(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	for range 500 {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
	}
	ts.Fatalf("%v never printed what matches %s", args[1:], args[0])
}

func expect(ts *testscript.TestScript, _ bool, args []string) {
	s := ts.Value(scriptKey{}).(*script)
	pattern := regexp.MustCompile(args[0])
	for {
		line, ok := s.spawned.Line()
		if !ok {
			ts.Fatalf("the output ended without a line that matches %s", args[0])
		}
		if pattern.MatchString(line) {
			return
		}
	}
}

func interrupt(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Value(scriptKey{}).(*script).spawned.Signal(os.Interrupt))
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// TestTLS: a registry with client certificates lets in who shows one, and objctl
// checks the registry's.
func TestTLS(t *testing.T) {
	cert, key := proctest.Certificate(t)
	daemon := proctest.Start(t, exec.Command(proctest.Build(t, "cmd/objregistry"), "--listen", "tls://127.0.0.1:0",
		"--store", "memory", "--log-level", "error", "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key))
	url := daemon.Expect("listening on")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"ls", "--registry", url, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}, exitOK},
		{[]string{"ping", url, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key}, exitOK},
		{[]string{"ls", "--registry", url, "--tls-ca", cert}, exitFailed},
		{[]string{"ls", "--registry", url, "--tls-cert", cert, "--tls-key", key}, exitFailed},
		{[]string{"ls", "--registry", url}, exitFailed},
	} {
		var out, errOut strings.Builder
		if code := run(t.Context(), c.args, &out, &errOut); code != c.code {
			t.Errorf("%q: exit code %d, want %d\n%s", c.args, code, c.code, errOut.String())
		}
	}
}
