package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
)

// held is a name that a client bound and keeps bound.
type held struct {
	ref   *proxy.Ref // keeps the object alive in this process
	terms Terms      // as they are repeated: without Replace
	in    Registry   // where it is bound; the name is stale when that has ended. Guarded by Client.mu
}

// Bind binds name to obj, as interface T, for as long as this node lives or
// until [Unbind]. It fails with [ErrBound] if the name is bound, be it by this
// client or while its owner is away; see [Rebind]. T may be *proxy.Ref.
func Bind[T any](ctx context.Context, c *Client, name string, obj T) error {
	return bind(ctx, c, name, obj, false)
}

// Rebind is [Bind], but takes the name if it is bound already. Its former owner
// is not asked, and will not get it back by itself.
func Rebind[T any](ctx context.Context, c *Client, name string, obj T) error {
	return bind(ctx, c, name, obj, true)
}

func bind[T any](ctx context.Context, c *Client, name string, obj T, replace bool) error {
	ref, err := objects.RefOf(obj)
	if err != nil {
		return fmt.Errorf("bind %q: %w", name, err)
	}
	if ref == nil {
		return fmt.Errorf("bind %q: the object is nil", name)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("bind %q: %w", name, err)
	}
	terms := Terms{ID: id, Replace: replace}
	if i := proxy.InterfaceNamed(ref.Interface()); i != nil {
		terms.Signature = signatureOf(i)
	}
	return c.bind(ctx, name, ref, terms)
}

func (c *Client) bind(ctx context.Context, name string, ref *proxy.Ref, terms Terms) error {
	if err := ValidateName(name); err != nil {
		return err
	}
	var used Registry
	err := c.call(ctx, true, func(r Registry) error {
		used = r
		_, err := r.Bind(ctx, name, ref, terms)
		return err
	})
	if err != nil {
		return err
	}
	terms.Replace = false
	return c.hold(name, &held{ref, terms, used})
}

// hold keeps a name bound from now on. If the registry that it was bound in has
// ended meanwhile, it is bound anew.
func (c *Client) hold(name string, h *held) error {
	c.mu.Lock()
	if c.ctx.Err() != nil {
		c.mu.Unlock()
		return errClosed
	}
	c.held[name] = h
	c.mu.Unlock()
	if endOf(h.in).Err() != nil {
		c.lost()
	}
	return nil
}

// Unbind removes name, whoever bound it. It fails with [ErrNotFound] if it is
// not bound. Even when it fails, this client does not bind the name anew.
func Unbind(ctx context.Context, c *Client, name string) error {
	if err := ValidateName(name); err != nil {
		return err
	}
	if err := c.withdraw(ctx, name); err != nil {
		return err
	}
	return c.call(ctx, false, func(r Registry) error { return r.Unbind(ctx, name) })
}

// Lookup returns the object bound to name as a T: the proxy of a remote object,
// the value itself if it is of this process. It fails with [ErrNotFound],
// [ErrNameUnreachable], or a [*WrongInterfaceError] if the object is not a T.
func Lookup[T any](ctx context.Context, c *Client, name string) (T, error) {
	var none T
	ref, entry, err := c.lookup(ctx, name)
	if err != nil {
		return none, err
	}
	obj, err := objects.As[T](ctx, ref)
	if errors.Is(err, objects.ErrNoSuchInterface) {
		return none, wrongInterface[T](entry)
	}
	if err != nil {
		return none, fmt.Errorf("lookup %q: %w", name, err)
	}
	return obj, nil
}

// LookupRef is [Lookup] for an object of any interface.
func (c *Client) LookupRef(ctx context.Context, name string) (*proxy.Ref, error) {
	ref, _, err := c.lookup(ctx, name)
	return ref, err
}

func (c *Client) lookup(ctx context.Context, name string) (ref *proxy.Ref, entry Entry, err error) {
	if err := ValidateName(name); err != nil {
		return nil, Entry{}, err
	}
	ask := func() error {
		return c.call(ctx, true, func(r Registry) (err error) {
			ref, entry, err = r.Lookup(ctx, name)
			return err
		})
	}
	for err = ask(); errors.Is(err, objects.ErrReleased) && ctx.Err() == nil; {
		err = ask() // the name was bound anew or unbound while the answer was being made
	}
	if err == nil {
		objects.Direct(ctx, ref) // from here on the registry may end
	}
	return ref, entry, err
}

func wrongInterface[T any](entry Entry) error {
	e := &WrongInterfaceError{Name: entry.Name, Bound: entry.Interface, BoundSignature: entry.Signature}
	if i, err := proxy.InterfaceOf[T](); err == nil {
		e.Wanted, e.WantedSignature = i.Name, signatureOf(i)
	}
	return e
}
