package boltstore

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/storetest"
)

// TestCutShortAtEveryWrite builds the files that a crash in the middle of a
// change can leave behind: any of its pages written or not, then the new head
// written up to any byte. Each must open, with the records of before the change
// or, only once the head is there, of after it.
func TestCutShortAtEveryWrite(t *testing.T) {
	record := storetest.NewRecord("a")
	for name, change := range map[string]func(*Store, registry.Record) error{
		"create":  func(s *Store, _ registry.Record) error { return s.Create(storetest.NewRecord("d")) },
		"replace": func(s *Store, _ registry.Record) error { return s.Replace(record) },
		"delete":  func(s *Store, b registry.Record) error { return s.Delete(b.Name, b.ID) },
		"expire":  func(s *Store, b registry.Record) error { return s.Expire(b.Name, b.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			path, before := sample(t)
			old := contentOf(t, before)
			s, err := Open(path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(s, old["b"]); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cutShort(t, before, after)
		})
	}
}

// cutShort checks the files between before and after one change.
func cutShort(t *testing.T, before, after []byte) {
	old, changed := contentOf(t, before), contentOf(t, after)
	if reflect.DeepEqual(old, changed) {
		t.Fatal("the change changed nothing")
	}
	before = append(before, make([]byte, len(after)-len(before))...) // the file grows first
	head, pages := difference(t, before, after)
	for subset := range 1 << len(pages) {
		file := bytes.Clone(before)
		for i, page := range pages {
			if subset>>i&1 == 1 {
				copy(file[page:], after[page:page+os.Getpagesize()])
			}
		}
		if got := contentOf(t, file); !reflect.DeepEqual(got, old) {
			t.Errorf("pages %b of %v written: %v, want %v", subset, pages, got, old)
		}
	}
	whole := bytes.Clone(after)
	for n := range pageHeader + metaSize + 1 {
		copy(whole[head:], before[head:head+os.Getpagesize()])
		copy(whole[head:head+n], after[head:])
		got := contentOf(t, whole)
		if !reflect.DeepEqual(got, old) && !reflect.DeepEqual(got, changed) {
			t.Errorf("%d bytes of the head written: %v", n, got)
		}
	}
	if got := contentOf(t, whole); !reflect.DeepEqual(got, changed) {
		t.Errorf("everything written: %v, want %v", got, changed)
	}
}

// difference returns the offsets of the pages that differ: the head, and the
// others, which are written before it.
func difference(t *testing.T, before, after []byte) (head int, others []int) {
	t.Helper()
	size, heads := os.Getpagesize(), 0
	for at := 0; at < len(after); at += size {
		switch {
		case bytes.Equal(before[at:at+size], after[at:at+size]):
		case at < 2*size:
			head, heads = at, heads+1
		default:
			others = append(others, at)
		}
	}
	if heads != 1 || len(others) == 0 || len(others) > 10 {
		t.Fatalf("%d heads and pages %v changed", heads, others)
	}
	return head, others
}

// contentOf opens a file with the given content and returns its records.
func contentOf(t *testing.T, content []byte) map[string]registry.Record {
	t.Helper()
	path := filepath.Join(t.TempDir(), "names")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all, err := s.List("")
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]registry.Record{}
	for _, r := range all {
		records[r.Name] = r
	}
	return records
}
