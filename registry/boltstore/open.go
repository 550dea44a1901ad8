package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of [Open]. The file is as it was before.
var (
	// ErrForeign: the file is there, but it is not a registry's.
	ErrForeign = errors.New("not a registry store")
	// ErrDamaged: the file was a registry's, but it is cut or broken.
	ErrDamaged = errors.New("registry store is damaged")
	// ErrLocked: another process has the file open.
	ErrLocked = errors.New("registry store is in use by another process")
)

// Options are the settings of [Open].
type Options struct {
	// LockTimeout is how long to wait for another process to let go of the
	// file. Zero means 1 s.
	LockTimeout time.Duration
}

// Open opens the store in the file at path, and makes the file, readable by its
// owner only, if there is none; its folder must be there. Nil options mean the
// defaults. Errors: [ErrForeign], [ErrDamaged], [ErrLocked], those of the file
// system.
func Open(path string, o *Options) (*Store, error) {
	s, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("open registry store %s: %w%s", path, err, hint(err))
	}
	return s, nil
}

// hint says what a person can do about err.
func hint(err error) string {
	switch {
	case errors.Is(err, ErrForeign):
		return "; it is left as it is: name another file"
	case errors.Is(err, ErrDamaged):
		return "; it is left as it is: put a copy in its place, or move it away to begin without names"
	case errors.Is(err, ErrLocked):
		return "; end that one, or name another file"
	}
	return ""
}

func open(path string, o *Options) (*Store, error) {
	timeout := time.Second
	if o != nil && o.LockTimeout != 0 {
		timeout = o.LockTimeout
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	if err := inspect(path); err != nil {
		return nil, err
	}
	return openSound(path, timeout)
}

// create makes an empty store under another name and moves it to path when it
// is complete and synced, so that a file at path is never half made. If another
// process is faster, its file stays.
func create(path string) error {
	dir := filepath.Dir(path)
	temp, err := os.MkdirTemp(dir, ".registry-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	fresh := filepath.Join(temp, "store")
	db, err := bbolt.Open(fresh, 0o600, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(db.Update(fill), db.Close()); err != nil {
		return err
	}
	if err := os.Link(fresh, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func fill(tx *bbolt.Tx) error {
	for _, name := range [][]byte{formatBucket, namesBucket, spentBucket, spentIDs} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return tx.Bucket(formatBucket).Put(formatKey, format)
}

// openSound opens a file that inspect approved, and reads all of it once.
// bbolt panics on pages that make no sense, and touching a page beyond the end
// of the file is a fault; both mean damage here.
func openSound(path string, timeout time.Duration) (_ *Store, err error) {
	var file *os.File
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
		if err != nil && file != nil {
			file.Close() // and with it the lock, whatever state bbolt is in
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: timeout,
		OpenFile: func(path string, flag int, mode os.FileMode) (*os.File, error) {
			var err error
			file, err = os.OpenFile(path, flag&^os.O_CREATE, mode)
			return file, err
		},
	})
	if err != nil {
		return nil, storeError(err)
	}
	s := &Store{db}
	if err := db.View(checkBuckets); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if _, err := s.List(""); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func checkBuckets(tx *bbolt.Tx) error {
	b := tx.Bucket(formatBucket)
	if b == nil {
		return fmt.Errorf("%w: a bbolt file of something else", ErrForeign)
	}
	if v := b.Get(formatKey); string(v) != string(format) {
		return fmt.Errorf("%w: its format is %q, this program knows %q", ErrForeign, v, format)
	}
	for _, name := range [][]byte{namesBucket, spentBucket, spentIDs} {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: bucket %q is missing", ErrDamaged, name)
		}
	}
	return nil
}

// storeError gives bbolt's errors this package's names.
func storeError(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrForeign, err)
	case errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func sequence(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
