package sim

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Script is a run, as data.
type Script struct {
	Seed  uint64 // of the runtime's randomness
	Nodes int
	Steps []Step
}

// Step is one thing that happens. Its numbers mean something whatever happened before:
// the Xth of n things is thing X modulo n, and a step that finds none does nothing. So
// steps can be left out.
type Step struct {
	ID      int           // names the step, also when others are left out
	Wait    time.Duration // passes first
	Op      Op
	A, B    int // nodes
	X, Y, Z uint32
}

// Op is what a step does.
type Op int

// opNames has the operations by name; what each does is in [operations].
var opNames = []string{
	"open", "call", "note", "finish", "cancel", "drop", "release", "disown", "pin", "unpin",
	"collect", "flood",
	"break", "half-open", "lose", "delay", "reorder", "stall", "slow-reader", "write-timeout", "mend",
	"crash", "restart", "close", "pause", "double-dial", "clock-jump",
}

// String returns the operation's name.
func (o Op) String() string { return opNames[o] }

func opNamed(name string) (Op, error) {
	i := slices.Index(opNames, name)
	if i < 0 {
		return 0, fmt.Errorf("no operation is called %q", name)
	}
	return Op(i), nil
}

// String returns the step as it stands in a file.
func (s Step) String() string {
	return fmt.Sprintf("%d %v %v %d %d %d %d %d", s.ID, s.Wait, s.Op, s.A, s.B, s.X, s.Y, s.Z)
}

// WriteTo writes the script as text.
func (s *Script) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d nodes %d\n", s.Seed, s.Nodes)
	for _, step := range s.Steps {
		fmt.Fprintln(&b, step)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// ReadScript reads what WriteTo wrote. Lines that begin with # are skipped.
func ReadScript(r io.Reader) (*Script, error) {
	s := &Script{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if s.Nodes == 0 {
			if _, err := fmt.Sscanf(line, "seed %d nodes %d", &s.Seed, &s.Nodes); err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
			continue
		}
		step, err := parseStep(line)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		s.Steps = append(s.Steps, step)
	}
	return s, lines.Err()
}

func parseStep(line string) (s Step, err error) {
	var wait, op string
	if _, err = fmt.Sscanf(line, "%d %s %s %d %d %d %d %d", &s.ID, &wait, &op, &s.A, &s.B, &s.X, &s.Y, &s.Z); err != nil {
		return s, err
	}
	if s.Wait, err = time.ParseDuration(wait); err != nil {
		return s, err
	}
	s.Op, err = opNamed(op)
	return s, err
}
