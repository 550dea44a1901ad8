package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/netobj/netobj/objects"
)

// DefaultAddress is where programs look for the registry if nothing else says
// where it is.
const DefaultAddress = "tcp://127.0.0.1:7000"

// AddressVariable is the environment variable that holds the registry's URL.
const AddressVariable = "OBJREGISTRY"

// Client is a program's way to a registry. It belongs to a node and ends with
// it; nobody has to close it. When the connection breaks it dials again as soon
// as it is needed, and while it has names bound, at once: with growing pauses
// until the registry is back, where it then binds them anew.
//
// Its methods, and the functions [Bind], [Rebind], [Unbind] and [Lookup], may
// be called concurrently. Their errors are those of this package, which the
// registry answered, and those of package objects, of the call.
type Client struct {
	node *objects.Node
	url  string

	ctx    context.Context // ends with the node, or by Close
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup // the look-ups of rebindings

	offering chan struct{} // holds a token while a name is being bound anew

	mu       sync.Mutex // guards what follows; never held during a call
	remote   Registry   // the latest; it may have ended
	unhook   func() bool
	held     map[string]*held // what this client bound, by name
	renewing chan struct{}    // closed when renew has ended; nil while it does not run
}

// Dial returns a client of the registry at url, for objects and references of
// node. An empty url means the value of OBJREGISTRY, or if that is empty too,
// [DefaultAddress]. Dial fails if the registry cannot be reached now; ctx
// bounds the dialling alone.
func Dial(ctx context.Context, node *objects.Node, url string) (*Client, error) {
	if url == "" {
		url = os.Getenv(AddressVariable)
	}
	if url == "" {
		url = DefaultAddress
	}
	c := &Client{node: node, url: url, offering: make(chan struct{}, 1), held: map[string]*held{}}
	c.ctx, c.cancel = context.WithCancelCause(node.Context())
	if _, err := c.connect(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// errClosed is the error of calls that a client makes after its end.
var errClosed = &objects.Error{Code: objects.CodeClosed, Op: "registry client", Outcome: objects.NotSent, Cause: errors.New("the client was closed, or its node")}

// URL returns the address that the client dials.
func (c *Client) URL() string { return c.url }

// Close ends the client's care for the names that it bound: they stay bound for
// as long as its node keeps the connection, and are not bound anew after that.
// It waits for work in the background. Calls made later fail with
// [objects.ErrClosed]. Nobody has to call it.
func (c *Client) Close() error {
	c.cancel(errClosed)
	c.mu.Lock()
	if c.unhook != nil {
		c.unhook()
	}
	renewing := c.renewing
	c.held = nil
	c.mu.Unlock()
	if renewing != nil {
		<-renewing
	}
	c.tasks.Wait()
	return nil
}

// spawn runs f in a goroutine that Close waits for, unless the client has ended.
func (c *Client) spawn(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() == nil {
		c.tasks.Go(f)
	}
}

// connect returns the registry, dialling it if the one in use has ended.
func (c *Client) connect(ctx context.Context) (Registry, error) {
	if c.ctx.Err() != nil {
		return nil, errClosed
	}
	c.mu.Lock()
	remote := c.remote
	c.mu.Unlock()
	if remote != nil && endOf(remote).Err() == nil {
		return remote, nil
	}
	remote, err := objects.Open[Registry](ctx, c.node, c.url, RootName)
	if err != nil {
		return nil, err
	}
	c.adopt(remote)
	return remote, nil
}

// adopt makes remote the registry in use, and has its end noticed.
func (c *Client) adopt(remote Registry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil || c.remote == remote {
		return
	}
	if c.unhook != nil {
		c.unhook()
	}
	c.remote = remote
	c.unhook = context.AfterFunc(endOf(remote), c.lost)
}

// endOf returns a context that ends when a registry or subscription can be used
// no longer, be it a proxy or an object of this process.
func endOf(remote any) context.Context {
	if own, ok := remote.(interface{ life() context.Context }); ok {
		return own.life()
	}
	return objects.Alive(remote)
}

// call makes one call to the registry. If the connection turns out to be lost
// it dials once and calls again: only where the first call was not sent, unless
// the call may be repeated.
func (c *Client) call(ctx context.Context, repeatable bool, f func(Registry) error) error {
	remote, err := c.connect(ctx)
	if err != nil {
		return err
	}
	err = f(remote)
	if disconnected(err) && (repeatable || objects.OutcomeOf(err) == objects.NotSent) {
		if again, dialErr := c.connect(ctx); dialErr == nil {
			err = f(again)
		}
	}
	return c.explain(err)
}

// explain says of a registry's answer whose it is. Errors of calls say so
// themselves.
func (c *Client) explain(err error) error {
	if _, ofCall := err.(*objects.Error); err == nil || ofCall {
		return err
	}
	return fmt.Errorf("registry %s: %w", c.url, err)
}

// disconnected reports whether err says that the session with the registry has
// ended.
func disconnected(err error) bool {
	return objects.OutcomeOf(err) != objects.FailedThere && (errors.Is(err, objects.ErrUnreachable) || errors.Is(err, objects.ErrGone))
}

// List returns the entries of all names that begin with prefix, sorted by name;
// an empty prefix means all. Long listings are made of several answers, between
// which names may come and go.
func (c *Client) List(ctx context.Context, prefix string) ([]Entry, error) {
	if err := validatePrefix(prefix); err != nil {
		return nil, err
	}
	var all []Entry
	for after := ""; ; after = all[len(all)-1].Name {
		var page []Entry
		var more bool
		err := c.call(ctx, true, func(r Registry) (err error) {
			page, more, err = r.List(ctx, prefix, after)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if !more || len(page) == 0 {
			return all, nil
		}
	}
}
