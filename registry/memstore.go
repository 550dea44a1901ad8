package registry

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// NewMemoryStore returns a [Store] that keeps everything in memory: it is
// durable for as long as the process lives.
func NewMemoryStore() Store {
	return &memoryStore{records: map[string]Record{}, spent: map[uuid.UUID]bool{}}
}

type memoryStore struct {
	mu      sync.Mutex
	records map[string]Record
	spent   map[uuid.UUID]bool
	order   []uuid.UUID // of spent, oldest first
	closed  bool
}

var errStoreClosed = errors.New("store is closed")

// Create implements Store.
func (s *memoryStore) Create(r Record) error {
	return s.change(func() error {
		if _, taken := s.records[r.Name]; taken {
			return ErrBound
		}
		return s.put(r)
	})
}

// Replace implements Store.
func (s *memoryStore) Replace(r Record) error {
	return s.change(func() error {
		old, taken := s.records[r.Name]
		if err := s.put(r); err != nil {
			return err
		}
		if taken && old.ID != r.ID {
			s.spend(old.ID)
		}
		return nil
	})
}

// Delete implements Store.
func (s *memoryStore) Delete(name string, id uuid.UUID) error {
	return s.change(func() error {
		if err := s.remove(name, id); err != nil {
			return err
		}
		s.spend(id)
		return nil
	})
}

// Expire implements Store.
func (s *memoryStore) Expire(name string, id uuid.UUID) error {
	return s.change(func() error { return s.remove(name, id) })
}

// List implements Store.
func (s *memoryStore) List(prefix string) ([]Record, error) {
	var found []Record
	err := s.change(func() error {
		for name, r := range s.records {
			if strings.HasPrefix(name, prefix) {
				found = append(found, r)
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b Record) int { return strings.Compare(a.Name, b.Name) })
	return found, err
}

// Close implements Store.
func (s *memoryStore) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *memoryStore) change(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errStoreClosed
	}
	return f()
}

// put, remove and spend are called with s.mu held.
func (s *memoryStore) put(r Record) error {
	if s.spent[r.ID] {
		return ErrSpent
	}
	s.records[r.Name] = r
	return nil
}

func (s *memoryStore) remove(name string, id uuid.UUID) error {
	if r, ok := s.records[name]; !ok || r.ID != id {
		return ErrNotFound
	}
	delete(s.records, name)
	return nil
}

func (s *memoryStore) spend(id uuid.UUID) {
	s.spent[id] = true
	s.order = append(s.order, id)
	if len(s.order) > SpentKept {
		delete(s.spent, s.order[0])
		s.order = s.order[1:]
	}
}
