package gen

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Config says what to generate.
type Config struct {
	// Dir is the folder to run in; "" means the current one.
	Dir string
	// Env is the environment of the go command; nil means that of this process.
	Env []string
	// Patterns are package patterns as for go build; none means ".".
	Patterns []string
	// Types names interfaces to export beside or instead of marked ones: "Account"
	// for one of the package, "io/fs.Thing" for one of another. With Types only
	// these are generated.
	Types []string
	// Output is the one file to write; "" means a file <name>_obj.go beside each
	// source file with marks.
	Output string
	// Tags are build tags as for go build, separated by commas.
	Tags string
}

// Result is what a run found out. Packages with findings have no files.
type Result struct {
	Files    []File    // sorted by path
	Findings []Finding // sorted by position
}

// UsageError is a request that makes no sense, as opposed to input that has
// findings.
type UsageError struct{ Text string }

// Error returns what makes no sense in it.
func (e *UsageError) Error() string { return e.Text }

// run is the state of one Generate.
type run struct {
	*loader
	cfg        *Config
	roots      []*source
	named      map[string]bool // interfaces that -type names in this run, in full
	marked     map[*types.TypeName]bool
	registered map[string]map[string]bool
	decls      map[*source][]decl
	findings   map[*source]*findings
}

// Generate loads the packages and returns the generated files and the findings.
// It writes nothing. An error means that there was nothing to look at: the go
// command failed, a file could not be read, or the request is a [UsageError].
func Generate(ctx context.Context, cfg *Config) (*Result, error) {
	patterns := cfg.Patterns
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	l, err := load(ctx, cfg, append(slices.Clone(patterns), foreignPatterns(cfg)...))
	if err != nil {
		return nil, err
	}
	r := newRun(l, cfg)
	explicit := len(cfg.Types) > 0 || cfg.Output != ""
	if err := l.checkSources(func(s *source) bool { return s.marked || len(s.old) > 0 || explicit }); err != nil {
		return nil, err
	}
	if err := r.findRoots(); err != nil {
		return nil, err
	}
	units, err := r.plan()
	if err != nil {
		return nil, err
	}
	return r.generate(units)
}

func newRun(l *loader, cfg *Config) *run {
	return &run{
		loader:     l,
		cfg:        cfg,
		named:      map[string]bool{},
		marked:     map[*types.TypeName]bool{},
		registered: map[string]map[string]bool{},
		decls:      map[*source][]decl{},
		findings:   map[*source]*findings{},
	}
}

// addRoot adds a package that the user asked for.
func (r *run) addRoot(s *source) {
	r.roots = append(r.roots, s)
	r.findings[s] = &findings{fset: r.fset}
}

// foreignPatterns are the packages that -type may mean, so that one load gets
// them too.
func foreignPatterns(cfg *Config) []string {
	var paths []string
	for _, t := range cfg.Types {
		if path, _, ok := cutType(t); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

// cutType splits "io/fs.FS" into package and name; ok is false for a plain
// name.
func cutType(t string) (path, name string, ok bool) {
	dot := strings.LastIndex(t, ".")
	if dot < 0 {
		return "", t, false
	}
	return t[:dot], t[dot+1:], true
}

// findRoots picks the packages that the user asked for out of what was loaded.
func (r *run) findRoots() error {
	foreign := foreignPatterns(r.cfg)
	var problems []string
	for _, p := range r.order {
		if p.DepOnly || slices.Contains(foreign, p.ImportPath) {
			continue
		}
		s := r.source[p.ImportPath]
		switch {
		case p.Name == "" && p.Error != nil && (s == nil || len(s.files) == 0):
			problems = append(problems, strings.TrimSpace(p.Error.Err))
		case s != nil:
			r.addRoot(s)
		}
	}
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	return nil
}

// generate builds, checks and writes out the units. A package with a finding
// yields no file.
func (r *run) generate(units []*unit) (*Result, error) {
	res := new(Result)
	files := map[*source][]File{}
	for _, u := range units {
		b := r.build(u)
		if len(b.fs.all) > 0 {
			continue
		}
		for _, out := range u.outputs {
			text, err := b.emit(out)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", out.path, err)
			}
			f, err := newFile(out.path, text)
			if err != nil {
				b.fs.addAt(token.Position{Filename: out.path, Line: 1, Column: 1}, "rename or remove it, or use -o", "%v", err)
				continue
			}
			files[u.pkg] = append(files[u.pkg], f)
		}
	}
	for _, s := range r.roots {
		found := r.findings[s].all
		res.Findings = append(res.Findings, found...)
		if len(found) > 0 {
			continue
		}
		res.Files = append(res.Files, files[s]...)
		res.Files = append(res.Files, r.orphans(s, files[s])...)
	}
	sortFindings(res.Findings)
	slices.SortFunc(res.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return res, nil
}

// orphans are generated files whose reason is gone: no mark is left where they
// came from. A run with -type or -o leaves them alone.
func (r *run) orphans(s *source, written []File) []File {
	if len(r.cfg.Types) > 0 || r.cfg.Output != "" {
		return nil
	}
	var gone []File
	for _, o := range s.old {
		if !o.elsewhere() && !slices.ContainsFunc(written, func(f File) bool { return f.Path == o.path }) {
			gone = append(gone, File{Path: o.path, Old: o.text, Exists: true})
		}
	}
	return gone
}

// dir is the folder that relative names start from.
func (r *run) dir() string {
	if r.cfg.Dir != "" {
		return r.cfg.Dir
	}
	wd, err := os.Getwd()
	if err != nil {
		return "."
	}
	return wd
}

func (r *run) abs(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(r.dir(), path)
}
