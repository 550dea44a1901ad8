package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The head of a bbolt file: two meta pages, written in turns. A page begins
// with a header of pageHeader bytes; a meta page goes on with the fields below.
const (
	pageHeader = 16
	metaSize   = 64 // with the checksum at its end
	metaMagic  = 0xED0CDAED

	offPageSize = 8
	offPages    = 40 // number of pages that the file has at least
	offTx       = 48
	offSum      = 56
)

type meta struct {
	pageSize int64
	pages    uint64
	tx       uint64
	sound    bool // the checksum is right
}

// inspect reads the file's head without opening it as a database: bbolt makes
// an empty file its own, and maps a truncated one without a look at its length.
func inspect(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: not a regular file", ErrForeign)
	}
	newest, err := newestMeta(f)
	if err != nil {
		return err
	}
	// The length is taken after the meta page: a file in use only grows.
	if info, err = f.Stat(); err != nil {
		return err
	}
	if need := int64(newest.pages) * newest.pageSize; info.Size() < need {
		return fmt.Errorf("%w: it has %d bytes of at least %d; it was cut", ErrDamaged, info.Size(), need)
	}
	return nil
}

// newestMeta finds the two meta pages; the second one's place depends on the
// page size, which the first may be too broken to tell.
func newestMeta(f io.ReaderAt) (meta, error) {
	var newest meta
	seen := false
	for at := int64(0); at <= 64<<10; at = max(1024, 2*at) {
		m, ok, err := readMeta(f, at)
		if err != nil {
			return meta{}, err
		}
		seen = seen || ok
		if ok && m.sound && (!newest.sound || m.tx > newest.tx) {
			newest = m
		}
	}
	if !seen {
		return meta{}, ErrForeign
	}
	if !newest.sound {
		return meta{}, fmt.Errorf("%w: neither of its two heads is whole", ErrDamaged)
	}
	return newest, nil
}

// readMeta reads the meta page at an offset; ok is false if none begins there.
func readMeta(f io.ReaderAt, at int64) (m meta, ok bool, err error) {
	var page [pageHeader + metaSize]byte
	if _, err := f.ReadAt(page[:], at); errors.Is(err, io.EOF) {
		return m, false, nil
	} else if err != nil {
		return m, false, err
	}
	b := page[pageHeader:]
	if binary.NativeEndian.Uint32(b) != metaMagic {
		return m, false, nil
	}
	m.pageSize = int64(binary.NativeEndian.Uint32(b[offPageSize:]))
	m.pages = binary.NativeEndian.Uint64(b[offPages:])
	m.tx = binary.NativeEndian.Uint64(b[offTx:])
	sum := fnv.New64a()
	sum.Write(b[:offSum])
	m.sound = sum.Sum64() == binary.NativeEndian.Uint64(b[offSum:])
	return m, true, nil
}
