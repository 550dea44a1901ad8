package registry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/netobj/netobj/objects"
)

// RootName is the name under which a node publishes its registry, see
// [objects.Publish].
const RootName = "registry"

// Limits of what one principal can make a server keep. A principal is the
// owner of a TLS key, or else a node.
const (
	MaxNames   = 10_000
	MaxBytes   = 32 << 20 // of names with their interfaces and signatures
	MaxWatches = 1_024
)

// ServerOptions are the settings of a [Server].
type ServerOptions struct {
	// Store keeps the names. It stays the caller's, to be closed after the
	// server. Nil: a memory store, which forgets everything with the server.
	Store Store
	// Grace is how long a name stays bound while its owner is away. Zero means
	// 60 s.
	Grace time.Duration
}

// Server is a registry in a node. It implements [Registry]; its methods may be
// called directly and concurrently. It ends with its node, or by Close.
type Server struct {
	node  *objects.Node
	store Store
	grace time.Duration

	ctx    context.Context // ends with the server
	cancel context.CancelFunc
	tasks  sync.WaitGroup // deliveries to watchers

	// changing is held by whoever changes what the store holds, from the check
	// until the tables below tell of it. It is taken before mu.
	changing sync.Mutex

	mu      sync.RWMutex // guards what follows; never held during a store's verb or a call
	names   index
	usage   map[string]usage // by principal
	watches map[string]int   // subscriptions by principal
	feed    feed
}

var _ Registry = (*Server)(nil)

// Serve makes node serve a registry. Names that the store holds already are
// unreachable until their owners bind them again, and go after the grace. Nil
// options mean the defaults. It fails if node serves a registry already, or if
// the store cannot be read.
func Serve(node *objects.Node, o *ServerOptions) (*Server, error) {
	s := newServer(node, o)
	if err := s.load(); err != nil {
		s.cancel()
		return nil, fmt.Errorf("serve registry: %w", err)
	}
	if err := objects.Publish[Registry](node, RootName, s); err != nil {
		s.cancel()
		return nil, fmt.Errorf("serve registry: %w", err)
	}
	return s, nil
}

func newServer(node *objects.Node, o *ServerOptions) *Server {
	if o == nil {
		o = &ServerOptions{}
	}
	s := &Server{
		node:    node,
		store:   o.Store,
		grace:   o.Grace,
		usage:   map[string]usage{},
		watches: map[string]int{},
	}
	if s.store == nil {
		s.store = NewMemoryStore()
	}
	if s.grace == 0 {
		s.grace = 60 * time.Second
	}
	s.feed.init()
	s.ctx, s.cancel = context.WithCancel(node.Context())
	context.AfterFunc(s.ctx, s.clear)
	return s
}

// load fills the tables from the store.
func (s *Server) load() error {
	records, err := s.store.List("")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		b := &binding{record: r}
		s.put(b)
		s.startGrace(b)
	}
	return nil
}

func (s *Server) life() context.Context { return s.ctx }

// Close withdraws the registry from its node, gives back the objects that it
// holds, and waits until nothing of it runs. Its clients notice, and look for a
// new one at the same address. Names stay in the store. Closing twice does
// nothing.
func (s *Server) Close() error {
	if s.ctx.Err() == nil {
		objects.Unpublish(s.node, RootName)
		objects.Disown(s.node, s, errors.New("the registry has ended"))
	}
	s.stop()
	s.clear()
	s.tasks.Wait()
	return nil
}

// stop ends the server when no change and no new watch is in progress; no other
// begins.
func (s *Server) stop() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel()
}

// clear lets go of everything when the server has ended. The store keeps the
// names.
func (s *Server) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.names.sorted {
		b.release()
	}
	s.names, s.usage = index{}, map[string]usage{}
}

// errEnded is the error of calls to a server that has ended.
func errEnded(op string) error {
	return &objects.Error{Code: objects.CodeClosed, Op: "registry." + op, Outcome: objects.NotSent, Cause: errors.New("the registry has ended")}
}
