package chat_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m)) }

// member is a client process and its keyboard.
type member struct {
	*proctest.Process
	keyboard io.WriteCloser
}

func join(t *testing.T, name string) *member {
	t.Helper()
	cmd := exec.Command(proctest.Build(t, "examples/chat/client"), name)
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return &member{proctest.Start(t, cmd), keyboard}
}

func TestChat(t *testing.T) {
	server := proctest.Start(t, exec.Command(proctest.Build(t, "examples/chat/server"), "-listen", "tcp://127.0.0.1:0"))
	t.Setenv("OBJREGISTRY", server.Expect("the lobby is open at"))

	alice := join(t, "alice")
	alice.Expect("you are in the lobby")
	bob := join(t, "bob")
	bob.Expect("you are in the lobby")
	alice.Expect("(bob joined)")
	carol := join(t, "carol")
	carol.Expect("you are in the lobby")
	alice.Expect("(carol joined)")
	bob.Expect("(carol joined)")

	fmt.Fprintln(bob.keyboard, "hi all")
	alice.Expect("bob: hi all")
	carol.Expect("bob: hi all")

	impostor := join(t, "bob")
	if err := impostor.Wait(); err == nil {
		t.Error("a second bob was let in")
	}

	bob.keyboard.Close() // he leaves
	alice.Expect("(bob left)")
	if err := bob.Wait(); err != nil {
		t.Errorf("bob: %v", err)
	}
	carol.Kill() // she dies
	alice.Expect("(carol is gone)")

	alice.keyboard.Close()
	if err := alice.Wait(); err != nil {
		t.Errorf("alice: %v", err)
	}
	if err := server.Signal(os.Interrupt); err != nil {
		t.Errorf("server: %v", err)
	}
}
