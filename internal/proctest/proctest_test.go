package proctest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// role, when set, makes this program the process that the tests look at.
const role = "NETOBJ_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(Main(m))
	case "talk": // and wait for the end of its input
		fmt.Println("first")
		fmt.Println("the address is: here ")
		fmt.Println("last")
		bufio.NewReader(os.Stdin).ReadString('\n')
	case "fail":
		fmt.Println("failing")
		os.Exit(3)
	}
}

// play starts this program in a role; it ends at the latest when its input does.
func play(t *testing.T, as string) (p *Process, hangUp func() error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"="+as)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return Start(t, cmd), in.Close
}

func TestExpect(t *testing.T) {
	p, hangUp := play(t, "talk")
	if got := p.Expect("address is:"); got != "here" {
		t.Errorf("Expect = %q", got)
	}
	hangUp()
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	if got := p.Rest(); got != "first\nthe address is: here \nlast\n" {
		t.Errorf("Rest = %q", got)
	}
}

func TestEnds(t *testing.T) {
	p, _ := play(t, "talk")
	p.Expect("last")
	p.Kill()
	if err := p.Wait(); err == nil {
		t.Error("a killed process ended well")
	}
	p, _ = play(t, "fail")
	if err := p.Wait(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("a process that exits with 3: %v", err)
	}
}

// fatal is a testing.TB that keeps the text of Fatalf and ends its goroutine.
type fatal struct {
	*testing.T
	text string
}

func (f *fatal) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	panic(f)
}

// TestExpectTellsWhatWasPrinted: a process that ends without the line fails the
// test, which says how it ended and what it printed.
func TestExpectTellsWhatWasPrinted(t *testing.T) {
	f := &fatal{T: t}
	p, _ := play(t, "fail")
	p.t = f
	func() {
		defer func() { recover() }() // Fatalf's
		p.Expect("success")
	}()
	for _, want := range []string{"exit status 3", `"success"`, "failing"} {
		if !strings.Contains(f.text, want) {
			t.Errorf("%q does not tell %s", f.text, want)
		}
	}
}

// TestBuild builds once, and says what the compiler said.
func TestBuild(t *testing.T) {
	file := Build(t, "examples/hello/client")
	if again := Build(t, "examples/hello/client"); again != file {
		t.Errorf("built twice: %s, %s", file, again)
	}
	if _, err := build("examples/none"); err == nil || !strings.Contains(err.Error(), "examples/none") {
		t.Errorf("a package that is not there: %v", err)
	}
}
