package gen

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is one generated file.
type File struct {
	Path    string
	Content []byte // what it should hold; nil: it should be gone
	Old     []byte // what it holds now
	Exists  bool
}

// newFile compares content with what is on disk. A file that objgen did not
// write is an error.
func newFile(path string, content []byte) (File, error) {
	f := File{Path: path, Content: content}
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, err
	case len(bytes.TrimSpace(old)) > 0 && !isGenerated(old):
		return f, errors.New("this file is in the way: objgen would write it, but has not written it before")
	}
	f.Old, f.Exists = old, true
	return f, nil
}

// Stale tells whether the file on disk differs.
func (f *File) Stale() bool {
	return f.Exists != (f.Content != nil) || !bytes.Equal(f.Old, f.Content)
}

// Write brings the file on disk up to date, if it is stale. It replaces the file
// as a whole or not at all.
func (f *File) Write() error {
	if !f.Stale() {
		return nil
	}
	if f.Content == nil {
		return os.Remove(f.Path)
	}
	return writeAtomically(f.Path, f.Content)
}

func writeAtomically(path string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// The go command ignores names that start with a dot.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".objgen-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Chmod(modeOf(path))
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}

// modeOf keeps the mode of an existing file.
func modeOf(path string) fs.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
