// Package boltstore keeps a registry's records in one bbolt file.
//
// A change is synced to the disk before its verb returns. The file belongs to
// one process at a time; a second one is refused with ErrLocked. What is not a
// sound file of this package is refused with ErrForeign or ErrDamaged and left
// as it is: nothing is ever repaired, truncated or overwritten.
package boltstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/netobj/netobj/registry"
)

// Buckets of the file.
var (
	formatBucket = []byte("netobj registry") // formatKey: the format's version
	namesBucket  = []byte("names")           // name: record in JSON
	spentBucket  = []byte("spent")           // sequence number, big endian: id
	spentIDs     = []byte("spent ids")       // id: nothing

	formatKey = []byte("format")
	format    = []byte("1")
)

// Store is a [registry.Store] in a file; see [Open].
type Store struct {
	db *bbolt.DB
}

var _ registry.Store = (*Store)(nil)

// Create implements registry.Store.
func (s *Store) Create(r registry.Record) error {
	return s.update(func(tx *bbolt.Tx) error {
		if tx.Bucket(namesBucket).Get([]byte(r.Name)) != nil {
			return registry.ErrBound
		}
		return put(tx, r)
	})
}

// Replace implements registry.Store.
func (s *Store) Replace(r registry.Record) error {
	return s.update(func(tx *bbolt.Tx) error {
		old, err := get(tx, r.Name)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return err
		}
		replaced := err == nil && old.ID != r.ID
		if err := put(tx, r); err != nil || !replaced {
			return err
		}
		return spend(tx, old.ID) // last: it may forget the oldest, which put has to know
	})
}

// Delete implements registry.Store.
func (s *Store) Delete(name string, id uuid.UUID) error {
	return s.update(func(tx *bbolt.Tx) error {
		if err := remove(tx, name, id); err != nil {
			return err
		}
		return spend(tx, id)
	})
}

// Expire implements registry.Store.
func (s *Store) Expire(name string, id uuid.UUID) error {
	return s.update(func(tx *bbolt.Tx) error { return remove(tx, name, id) })
}

// List implements registry.Store.
func (s *Store) List(prefix string) ([]registry.Record, error) {
	var found []registry.Record
	err := s.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(namesBucket).Cursor()
		from := []byte(prefix)
		for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, from); k, v = c.Next() {
			r, err := parse(k, v)
			if err != nil {
				return err
			}
			found = append(found, r)
		}
		return nil
	})
	return found, storeError(err)
}

// Close implements registry.Store. It waits for verbs in progress.
func (s *Store) Close() error { return storeError(s.db.Close()) }

func (s *Store) update(f func(*bbolt.Tx) error) error { return storeError(s.db.Update(f)) }

func put(tx *bbolt.Tx, r registry.Record) error {
	if tx.Bucket(spentIDs).Get(r.ID[:]) != nil {
		return registry.ErrSpent
	}
	value, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return tx.Bucket(namesBucket).Put([]byte(r.Name), value)
}

func get(tx *bbolt.Tx, name string) (registry.Record, error) {
	value := tx.Bucket(namesBucket).Get([]byte(name))
	if value == nil {
		return registry.Record{}, registry.ErrNotFound
	}
	return parse([]byte(name), value)
}

func remove(tx *bbolt.Tx, name string, id uuid.UUID) error {
	r, err := get(tx, name)
	if err != nil {
		return err
	}
	if r.ID != id {
		return registry.ErrNotFound
	}
	return tx.Bucket(namesBucket).Delete([]byte(name))
}

// spend remembers id and forgets the oldest one beyond registry.SpentKept.
func spend(tx *bbolt.Tx, id uuid.UUID) error {
	order, ids := tx.Bucket(spentBucket), tx.Bucket(spentIDs)
	n, err := order.NextSequence()
	if err != nil {
		return err
	}
	if err := errors.Join(order.Put(sequence(n), id[:]), ids.Put(id[:], []byte{})); err != nil {
		return err
	}
	if n <= registry.SpentKept {
		return nil
	}
	k, v := order.Cursor().First()
	return errors.Join(ids.Delete(v), order.Delete(k))
}

func parse(name, value []byte) (registry.Record, error) {
	var r registry.Record
	if err := json.Unmarshal(value, &r); err != nil {
		return r, fmt.Errorf("%w: record of %q: %w", ErrDamaged, name, err)
	}
	if r.Name != string(name) {
		return r, fmt.Errorf("%w: record of %q is named %q", ErrDamaged, name, r.Name)
	}
	return r, nil
}
