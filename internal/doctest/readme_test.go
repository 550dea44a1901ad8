// Package doctest keeps the documents true: the README is carried out as it
// stands, links lead somewhere, and names and flags exist.
package doctest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/proctest"
)

// root is the repository.
const root = "../.."

// block is one code block of a document.
type block struct {
	kind string // go: a file, named in its first line; sh: commands; text: what they print
	text string
	line int // of the document
}

// blocks returns the code blocks of a document.
func blocks(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	inside := false
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		kind, fence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case fence && !inside:
			all = append(all, block{kind: kind, line: number})
			inside = true
		case fence:
			inside = false
		case inside:
			all[len(all)-1].text += line
		}
	}
	return all
}

// TestReadme is a reader who does what the README says, in a module outside the
// repository: writes its files, runs its commands, and compares what they print.
// Two things differ: the module of netobj comes from this folder, and the
// registry listens at a free port, which OBJREGISTRY tells the others.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the README's commands need a shell: ", err)
	}
	r := newReader(t)
	all := blocks(t, "README.md")
	for i, b := range all {
		var printed string
		if i+1 < len(all) && all[i+1].kind == "text" {
			printed = all[i+1].text
		}
		switch b.kind {
		case "go":
			r.write(b)
		case "sh":
			r.do(b, printed)
		case "text":
		default:
			t.Errorf("README.md:%d: a block of kind %q is not tested", b.line, b.kind)
		}
	}
	r.shell("go vet ./... && test -z \"$(gofmt -l .)\"")
}

// TestReadmeFromClone is a reader who takes the tools from a clone, by the
// README's words below its first commands.
func TestReadmeFromClone(t *testing.T) {
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const replace = "go mod edit -replace github.com/netobj/netobj="
	if !strings.Contains(string(text), "write `go mod edit -tool` for `go get -tool`,\nand add `"+replace+"PATH` and `go mod tidy`") {
		t.Fatal("README.md does not say how to use a clone")
	}
	commands := strings.ReplaceAll(blocks(t, "README.md")[0].text, "go get -tool", "go mod edit -tool")
	r := newReader(t)
	out, err := r.command("sh", "-e", "-c", commands+replace+"'"+clone+"'\ngo mod tidy\ngo tool -n objgen\ngo tool -n objregistry\ngo tool -n objctl").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// reader carries out a document.
type reader struct {
	t      *testing.T
	folder string
	env    []string
	urls   string // where the registry listens; empty before it runs
}

func newReader(t *testing.T) *reader {
	t.Helper()
	// What the module needs is then at hand, and nothing else is asked for.
	download := exec.Command("go", "mod", "download")
	download.Dir = root
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("go mod download: %v\n%s", err, out)
	}
	return &reader{t: t, folder: t.TempDir(), env: append(os.Environ(), "GOPROXY=off", "GOWORK=off", "XDG_STATE_HOME="+t.TempDir())}
}

// write makes the file that a block is.
func (r *reader) write(b block) {
	r.t.Helper()
	first, _, _ := strings.Cut(b.text, "\n")
	name, named := strings.CutPrefix(first, "// ")
	if !named || !strings.HasSuffix(name, ".go") {
		r.t.Fatalf("README.md:%d: the block does not begin with its file's name", b.line)
	}
	file := filepath.Join(r.folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(b.text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// stay lists the commands that run until the reader ends them.
var stay = []string{"go tool objregistry", "go run ./server"}

// do runs a block of commands and compares what they print.
func (r *reader) do(b block, printed string) {
	r.t.Helper()
	command := strings.TrimSpace(b.text)
	if slices.Contains(stay, command) {
		r.start(command, printed)
		return
	}
	out := r.shell(b.text)
	if printed != "" && out != printed {
		r.t.Errorf("README.md:%d: the commands printed\n%s\nthe README says\n%s", b.line, out, printed)
	}
}

// shell runs commands to their end and returns what they print.
func (r *reader) shell(commands string) string {
	r.t.Helper()
	here, err := filepath.Abs(root)
	if err != nil {
		r.t.Fatal(err)
	}
	before, after, begins := strings.Cut(commands, "go mod init example.com/bankapp\n")
	if begins {
		commands = fmt.Sprintf("%sgo mod init example.com/bankapp\ngo mod edit -replace 'github.com/netobj/netobj=%s'\ncp '%s/go.sum' .\n%s",
			before, here, here, after)
	}
	out, err := r.command("sh", "-e", "-c", commands).Output()
	if err != nil {
		r.t.Fatalf("%v\n%s\nprinted\n%s", err, commands, out)
	}
	if begins {
		r.folder = filepath.Join(r.folder, "bankapp")
	}
	return string(out)
}

func (r *reader) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = r.folder, r.env, r.t.Output()
	return cmd
}

// addresses are what differs from one run to the next.
var addresses = regexp.MustCompile(`tcp://127\.0\.0\.1:\d+|unix://\S+`)

// start starts a command that stays, and waits for what it prints.
func (r *reader) start(command, printed string) {
	r.t.Helper()
	p := proctest.Start(r.t, r.program(command))
	for want := range strings.Lines(printed) {
		got, _ := p.Line()
		if url := addresses.FindString(got); url != "" && r.urls == "" {
			r.urls = url
			r.env = append(r.env, "OBJREGISTRY="+url)
		}
		if addresses.ReplaceAllString(got, "") != addresses.ReplaceAllString(strings.TrimSpace(want), "") {
			r.t.Fatalf("%s printed %q, the README says %q", command, got, want)
		}
	}
}

// program is the program that a command runs by way of go, so that it can be
// ended.
func (r *reader) program(command string) *exec.Cmd {
	r.t.Helper()
	if name, ok := strings.CutPrefix(command, "go tool "); ok {
		path := strings.TrimSpace(r.shell("go tool -n " + name))
		return r.command(path, "--listen", "tcp://127.0.0.1:0", "--listen", "unix://"+filepath.Join(r.t.TempDir(), "socket"))
	}
	folder := strings.TrimPrefix(command, "go run ")
	r.shell("go build -o bin/ " + folder)
	return r.command(filepath.Join(r.folder, "bin", filepath.Base(folder)))
}
