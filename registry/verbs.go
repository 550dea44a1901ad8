package registry

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// maxSignature bounds the text that Terms may carry, in bytes.
const maxSignature = 64 << 10

// Bind implements Registry.
func (s *Server) Bind(ctx context.Context, name string, object *proxy.Ref, terms Terms) (entry Entry, err error) {
	defer func() {
		if err != nil && object != nil {
			objects.Forget(object) // else the binding does, when it ends
		}
	}()
	r, err := s.newRecord(ctx, name, object, terms)
	if err != nil {
		return Entry{}, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.ctx.Err() != nil {
		return Entry{}, errEnded("Bind")
	}
	if err := s.record(&r, terms.Replace); err != nil {
		return Entry{}, fmt.Errorf("bind %q: %w", name, err)
	}
	return s.bound(&binding{record: r, ref: object}), nil
}

// record puts r into the store, if the table lets it; s.changing is held.
func (s *Server) record(r *Record, replace bool) error {
	old := s.get(r.Name)
	switch {
	case old == nil:
	case old.record.ID == r.ID && old.record.Principal == r.Principal:
		r.BoundAt = old.record.BoundAt
		if *r == old.record {
			return nil // nothing to write: the owner came back after the registry's restart
		}
	case !replace || old.record.ID == r.ID:
		return fmt.Errorf("%w, as %s by node %v; Rebind replaces it", ErrBound, proxy.ShortName(old.record.Interface), old.record.Owner)
	}
	if err := s.roomFor(r, old); err != nil {
		return err
	}
	if old == nil {
		return s.store.Create(*r)
	}
	return s.store.Replace(*r)
}

// roomFor keeps r's principal within its limits when r takes the place of old.
func (s *Server) roomFor(r *Record, old *binding) error {
	s.mu.RLock()
	used := s.usage[r.Principal]
	s.mu.RUnlock()
	if old != nil && old.record.Principal == r.Principal {
		used = used.less(&old.record)
	}
	if used.names >= MaxNames {
		return fmt.Errorf("%w: %d are bound by this caller, which is the limit; unbind some", ErrTooManyNames, MaxNames)
	}
	if used.plus(r).bytes > MaxBytes {
		return fmt.Errorf("%w: the %d of this caller take up all of %d bytes; unbind some", ErrTooManyNames, used.names, MaxBytes)
	}
	return nil
}

// newRecord checks what the caller wants bound.
func (s *Server) newRecord(ctx context.Context, name string, object *proxy.Ref, terms Terms) (Record, error) {
	if err := ValidateName(name); err != nil {
		return Record{}, err
	}
	if object == nil {
		return Record{}, fmt.Errorf("bind %q: the object is nil", name)
	}
	id := terms.ID
	if id == uuid.Nil {
		id = uuid.Must(uuid.NewV7())
	}
	if id.Version() != 7 {
		return Record{}, fmt.Errorf("bind %q: record id %v is not a UUID of version 7", name, id)
	}
	if len(terms.Signature) > maxSignature || !utf8.ValidString(terms.Signature) {
		return Record{}, fmt.Errorf("bind %q: the signature is longer than %d bytes, or not UTF-8", name, maxSignature)
	}
	owner, incarnation, principal := s.caller(ctx)
	return Record{
		Name: name, ID: id, Interface: object.Interface(), Signature: terms.Signature,
		Owner: owner, Incarnation: incarnation, Principal: principal, BoundAt: time.Now().UTC().Round(0),
	}, nil
}

// caller tells who calls: a peer, or this process itself.
func (s *Server) caller(ctx context.Context) (node, incarnation uuid.UUID, principal string) {
	p, ok := objects.PeerFrom(ctx)
	switch {
	case !ok:
		return s.node.ID(), s.node.Incarnation(), "self"
	case p.Transport.HasPeerKey:
		principal = "key:" + hex.EncodeToString(p.Transport.PeerKey[:])
	default:
		principal = "node:" + p.Node.String()
	}
	return p.Node, p.Incarnation, principal
}

// Unbind implements Registry.
func (s *Server) Unbind(_ context.Context, name string) error {
	if err := ValidateName(name); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.ctx.Err() != nil {
		return errEnded("Unbind")
	}
	b := s.get(name)
	if b == nil {
		return fmt.Errorf("unbind %q: %w", name, ErrNotFound)
	}
	if err := s.store.Delete(name, b.record.ID); err != nil {
		return fmt.Errorf("unbind %q: %w", name, err)
	}
	s.unbound(name)
	return nil
}

// Lookup implements Registry.
func (s *Server) Lookup(_ context.Context, name string) (*proxy.Ref, Entry, error) {
	if err := ValidateName(name); err != nil {
		return nil, Entry{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.ctx.Err() != nil {
		return nil, Entry{}, errEnded("Lookup")
	}
	b := s.names.get(name)
	if b == nil {
		return nil, Entry{}, fmt.Errorf("lookup %q: %w; its owner does not run, or has not bound it yet", name, ErrNotFound)
	}
	if b.ref == nil {
		return nil, b.entry(), fmt.Errorf("lookup %q: %w: node %v; try again, it has %v to come back", name, ErrNameUnreachable, b.record.Owner, s.grace)
	}
	return b.ref, b.entry(), nil
}

// A page of a listing ends after so many entries, or bytes.
const (
	pageEntries = 1000
	pageBytes   = 512 << 10
)

// List implements Registry.
func (s *Server) List(_ context.Context, prefix, after string) (entries []Entry, more bool, err error) {
	if err := errors.Join(validatePrefix(prefix), validatePrefix(after)); err != nil {
		return nil, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.ctx.Err() != nil {
		return nil, false, errEnded("List")
	}
	size := 0
	for b := range s.names.from(prefix, after) {
		e := b.entry()
		size += e.size()
		if len(entries) == pageEntries || len(entries) > 0 && size > pageBytes {
			return entries, true, nil
		}
		entries = append(entries, e)
	}
	return entries, false, nil
}

// size is about what e takes in a message, in bytes.
func (e *Entry) size() int { return 128 + len(e.Name) + len(e.Interface) + len(e.Signature) }
