package boltstore

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// altered returns the bytes of a sound file after a change made with bbolt.
func altered(t *testing.T, change func(tx *bbolt.Tx) error) []byte {
	t.Helper()
	path, _ := sample(t)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var update = flag.Bool("update", false, "write testdata/errors.golden anew")

// TestErrorTexts compares what a person reads about files that are not opened
// with testdata/errors.golden. -update writes the file.
func TestErrorTexts(t *testing.T) {
	const golden = "testdata/errors.golden"
	_, sound := sample(t)
	page := os.Getpagesize()
	broken := bytes.Clone(sound)
	broken[pageHeader+offTx] ^= 0xff
	broken[page+pageHeader+offTx] ^= 0xff
	sizes := regexp.MustCompile(`\b[0-9]{3,}\b`) // they depend on the system's page size
	texts := map[string]string{}
	dir := t.TempDir()
	path := filepath.Join(dir, "names")
	open := func(name, path string) {
		s, err := Open(path, &Options{LockTimeout: time.Millisecond})
		if err == nil {
			s.Close()
			t.Errorf("%s: was opened", name)
			return
		}
		texts[name] = sizes.ReplaceAllString(strings.ReplaceAll(err.Error(), dir, "<dir>"), "<size>")
	}
	for name, content := range map[string][]byte{
		"an empty file":         {},
		"a text":                []byte("my diary\n"),
		"cut to its heads":      sound[:2*page],
		"cut to nearly nothing": sound[:100],
		"both heads broken":     broken,
		"another program's":     altered(t, func(tx *bbolt.Tx) error { return tx.DeleteBucket(formatBucket) }),
		"a newer format":        altered(t, func(tx *bbolt.Tx) error { return tx.Bucket(formatBucket).Put(formatKey, []byte("2")) }),
		"a bucket is missing":   altered(t, func(tx *bbolt.Tx) error { return tx.DeleteBucket(spentBucket) }),
		"a record is no record": altered(t, func(tx *bbolt.Tx) error { return tx.Bucket(namesBucket).Put([]byte("b"), []byte("{")) }),
		"a record misplaced":    altered(t, func(tx *bbolt.Tx) error { return tx.Bucket(namesBucket).Put([]byte("b"), []byte(`{"name":"c"}`)) }),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		open(name, path)
		if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, content) {
			t.Errorf("%s: the file was changed", name)
		}
	}
	open("a folder", dir)
	locked, _ := sample(t)
	first, err := Open(locked, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	dir = filepath.Dir(locked)
	open("in use", locked)

	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&b, "%s\n\t%s\n", name, texts[name])
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("error texts are\n%s\nwant\n%s\n%v", b.String(), want, err)
	}
}
