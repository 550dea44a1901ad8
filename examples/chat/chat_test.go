package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/netobj/netobj/examples/chat"
	"github.com/netobj/netobj/internal/proctest"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
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

// silent is a member without a screen.
type silent struct{}

func (silent) Hear(context.Context, string, string) error { return nil }
func (silent) Notice(context.Context, string) error       { return nil }

// lobby returns the room to this process.
func lobby(t *testing.T) chat.Room {
	t.Helper()
	node := objects.NewNode(nil)
	t.Cleanup(func() { node.Close() })
	names, err := registry.Dial(t.Context(), node, "")
	if err != nil {
		t.Fatal(err)
	}
	room, err := registry.Lookup[chat.Room](t.Context(), names, "chat/lobby")
	if err != nil {
		t.Fatal(err)
	}
	return room
}

// TestChat has members talk, leave and die, each a process.
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
	if _, err := lobby(t).Join(t.Context(), "bob", silent{}); !errors.Is(err, chat.ErrNameTaken) {
		t.Errorf("a second bob got %v, want ErrNameTaken", err)
	}

	if _, err := lobby(t).Join(t.Context(), "nobody", nil); err == nil {
		t.Error("a nil member was let in")
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
