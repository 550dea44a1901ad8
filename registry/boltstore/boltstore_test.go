package boltstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "names")
		return storetest.Opener{
			Open:    func() (registry.Store, error) { return Open(path, nil) },
			Durable: true,
			Hasten:  func(s registry.Store) { s.(*Store).db.NoSync = true },
		}
	})
}

// sample returns the path of a closed store with some records, and its bytes.
func sample(t *testing.T) (path string, content []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "names")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if err := s.Create(storetest.NewRecord(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, content
}

// refuses checks that a file with the given content is not opened, for the
// reason wanted, and is left as it is.
func refuses(t *testing.T, content []byte, want error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "names")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, nil)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("%d bytes: error %v, want %v", len(content), err, want)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(after, content) {
		t.Errorf("%d bytes: the file was changed", len(content))
	}
}

func TestForeignFile(t *testing.T) {
	refuses(t, nil, ErrForeign)
	refuses(t, []byte("x"), ErrForeign)
	refuses(t, bytes.Repeat([]byte("some text\n"), 10_000), ErrForeign)
	refuses(t, make([]byte, 64<<10), ErrForeign)
}

func TestForeignBolt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "other")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, content, ErrForeign)
}

func TestNewerFormat(t *testing.T) {
	path, _ := sample(t)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(formatBucket).Put(formatKey, []byte("2")) })
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, content, ErrForeign)
}

func TestTruncated(t *testing.T) {
	_, content := sample(t)
	page := os.Getpagesize()
	m, err := newestMeta(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for size := page; size < int(m.pages)*page; size += page / 2 {
		refuses(t, content[:size], ErrDamaged)
	}
}

func TestBrokenHeads(t *testing.T) {
	_, content := sample(t)
	page := os.Getpagesize()
	broken := bytes.Clone(content)
	broken[pageHeader+offTx] ^= 0xff
	broken[page+pageHeader+offTx] ^= 0xff
	refuses(t, broken, ErrDamaged)
}

func TestBrokenPages(t *testing.T) {
	_, content := sample(t)
	page := os.Getpagesize()
	broken := bytes.Clone(content)
	for i := 2 * page; i < len(broken); i++ {
		broken[i] = 0x5a
	}
	refuses(t, broken, ErrDamaged)
}

func TestLocked(t *testing.T) {
	path, _ := sample(t)
	first, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := Open(path, &Options{LockTimeout: time.Millisecond}); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v", err)
	}
	if err := first.Create(storetest.NewRecord("still works")); err != nil {
		t.Fatal(err)
	}
}

func TestNotAFile(t *testing.T) {
	if _, err := Open(t.TempDir(), nil); !errors.Is(err, ErrForeign) {
		t.Fatalf("opening a folder: %v", err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "folder"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("opening in a folder that is not there: %v", err)
	}
}

func TestFileMode(t *testing.T) {
	path, _ := sample(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && os.PathSeparator == '/' {
		t.Fatalf("mode %v", mode)
	}
}

// FuzzInspect feeds Open's own parser; no input may make it fail otherwise than
// with an error.
func FuzzInspect(f *testing.F) {
	page := make([]byte, 8192)
	f.Add([]byte{})
	f.Add(page)
	page[pageHeader], page[pageHeader+1], page[pageHeader+2], page[pageHeader+3] = 0xed, 0xda, 0x0c, 0xed
	f.Add(page)
	f.Fuzz(func(t *testing.T, content []byte) {
		m, err := newestMeta(bytes.NewReader(content))
		if err == nil && !m.sound {
			t.Fatal("a meta page without checksum was accepted")
		}
	})
}

// TestChangesAreSynced: what is acknowledged is on the disk. A killed process
// does not show it, as the system writes the pages later all the same.
func TestChangesAreSynced(t *testing.T) {
	path, _ := sample(t)
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.db.NoSync || s.db.NoGrowSync {
		t.Error("the store acknowledges before the file is synced")
	}
}
