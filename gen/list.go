package gen

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// listed is what `go list -json` says of one package.
type listed struct {
	ImportPath     string
	Name           string
	Dir            string
	GoFiles        []string
	CgoFiles       []string
	IgnoredGoFiles []string
	InvalidGoFiles []string
	TestGoFiles    []string
	XTestGoFiles   []string
	Export         string            // file with export data; empty if the package does not compile
	ImportMap      map[string]string // vendored imports
	DepOnly        bool              // not matched by a pattern
	Standard       bool
	Module         *struct{ Path, Dir, GoVersion string }
	Error          *struct{ Pos, Err string }
}

const listFields = "ImportPath,Name,Dir,GoFiles,CgoFiles,IgnoredGoFiles,InvalidGoFiles,TestGoFiles,XTestGoFiles," +
	"Export,ImportMap,DepOnly,Standard,Module,Error"

// list runs the one `go list` of a run: all patterns, their dependencies in
// dependency order, and export data for whatever compiles. What does not
// compile is no error here.
func list(ctx context.Context, cfg *Config, patterns []string) ([]*listed, error) {
	args := []string{"list", "-e", "-export", "-deps", "-json=" + listFields}
	if cfg.Tags != "" {
		args = append(args, "-tags="+cfg.Tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(append(args, "--"), patterns...)...)
	cmd.Dir, cmd.Env = cfg.Dir, cfg.Env
	var out, msgs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &msgs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if text := strings.TrimSpace(msgs.String()); text != "" {
			err = errors.New(text)
		}
		return nil, fmt.Errorf("go list %s: %w", strings.Join(patterns, " "), err)
	}
	return decodeList(&out)
}

func decodeList(r io.Reader) ([]*listed, error) {
	var all []*listed
	for dec := json.NewDecoder(r); ; {
		p := new(listed)
		if err := dec.Decode(p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the output of go list: %w", err)
		}
		all = append(all, p)
	}
}
