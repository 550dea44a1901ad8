package objects

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/transport"
)

// Node is this process's end of every connection: it exports objects, holds
// references to those of others, and keeps one session with each peer. Most
// programs have one. All methods may be called concurrently.
type Node struct {
	id            uuid.UUID // names the node: by its TLS key, if it has one
	key           []byte    // hash of that key; nil: none
	incarnation   uuid.UUID // names this life of it; references die with it
	cfg           *Config
	log           *slog.Logger
	budget        *marshal.Budget
	exports       *exports
	leases        leases
	introductions introductions
	born          time.Time
	roots         roots
	pins          pins
	fallen        fallen
	collecting    throttle   // of the garbage collections that peers ask for
	inspecting    sync.Mutex // held while a peer is told what the node holds
	complaints    complaints // of what peers did
	slow          sync.Map   // *proxy.Method of those that the log has named, see inline.go

	ctx    context.Context // ends when the node stops working: parent of dials and sessions
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup // accept loops, handshakes, dials, sessions, deliveries of Unreferenced

	mu        sync.Mutex // guards what follows
	closing   bool
	closed    chan struct{} // closed when Shutdown has finished
	listeners []transport.Listener
	halfOpen  int                    // inbound handshakes in progress
	lastID    lifetime.SessionID     // the latest one given
	sessions  map[uuid.UUID]*session // with a connection, by the peer's incarnation
	lost      map[uuid.UUID]*session // down, waiting for their next connection
	ending    map[*session]struct{}  // ended, whose methods may still run
	accepting map[uuid.UUID]*claim   // inbound handshakes that wait for the dialler's word
	dialled   map[uuid.UUID]*claim   // outbound handshakes on which this node has said go
	dials     map[string]*dialling   // in progress, by URL
	byURL     map[string]*session    // the latest session dialled under each URL, up or ended
}

// NewNode returns a node that listens nowhere. It can dial, and the peers that
// it dialled can call it back. Nil cfg means the defaults.
func NewNode(cfg *Config) *Node {
	c := cfg.defaults()
	key := keyOf(c.TLS)
	n := &Node{
		id:          nodeID(key),
		key:         key,
		incarnation: uuid.New(),
		cfg:         c,
		budget:      marshal.NewBudget("NodeBudget", c.Limits.NodeBudget, nil),
		born:        time.Now(),
		closed:      make(chan struct{}),
		sessions:    map[uuid.UUID]*session{},
		lost:        map[uuid.UUID]*session{},
		ending:      map[*session]struct{}{},
		accepting:   map[uuid.UUID]*claim{},
		dialled:     map[uuid.UUID]*claim{},
		dials:       map[string]*dialling{},
		byURL:       map[string]*session{},
	}
	n.exports = newExports(c.Limits.Exports, n.clock, n.disown)
	n.exports.profiling = c.ProfileExports
	n.log = c.Logger.With("node", n.incarnation)
	n.ctx, n.cancel = context.WithCancelCause(context.Background())
	n.leases.init(n)
	n.introductions.init(n)
	n.roots.init()
	n.enterProcess()
	return n
}

// Listen returns a node that accepts connections at url: tcp://host:port,
// unix:///path, tls://host:port or pipe://name. Port 0 picks a free port, see
// [Node.Addrs]. ctx bounds the listening alone, not the node's life.
func Listen(ctx context.Context, url string, cfg *Config) (*Node, error) {
	n := NewNode(cfg)
	if err := n.Listen(ctx, url); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// clock returns how old the node is: cheaper to read than the time of day.
func (n *Node) clock() time.Duration { return time.Since(n.born) }

// ID returns the node's name. With a certificate in Config.TLS it is made of the
// hash of that one's key, so that it outlives the process; else it is random.
func (n *Node) ID() uuid.UUID { return n.id }

// Incarnation returns the name of this life of the node, which the references
// to its objects carry.
func (n *Node) Incarnation() uuid.UUID { return n.incarnation }

// Context returns a context that ends when the node begins to close its
// connections; background work that belongs to the node ends with it.
func (n *Node) Context() context.Context { return n.ctx }

// Logger returns where the node writes what a person should know, see
// [Config.Logger]. What belongs to the node may write there too.
func (n *Node) Logger() *slog.Logger { return n.log }

// Addrs returns the addresses that the node listens at, as URLs with the ports
// that were picked.
func (n *Node) Addrs() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	urls := make([]string, len(n.listeners))
	for i, l := range n.listeners {
		urls[i] = l.URL()
	}
	return urls
}

// Close ends the node as [Node.Shutdown] does, waiting for running methods for
// at most Config.DrainTimeout.
func (n *Node) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), n.cfg.DrainTimeout)
	defer cancel()
	return n.Shutdown(ctx)
}

// Shutdown stops listening, refuses new calls, waits until the methods that
// peers called have returned or ctx ends, tells the peers goodbye, and closes
// the connections. Calls to others that are still waiting fail with
// [ErrClosed]. It returns when every goroutine of the node has ended; a method
// that goes on although its context has ended is left behind and named in the
// error. A second call waits for the first.
func (n *Node) Shutdown(ctx context.Context) error {
	n.mu.Lock()
	if n.closing {
		n.mu.Unlock()
		<-n.closed
		return nil
	}
	n.closing = true
	listeners, sessions, lost := n.listeners, n.liveSessions(), slices.Collect(maps.Values(n.lost))
	n.mu.Unlock()
	defer close(n.closed)
	n.leaveProcess()

	for _, l := range listeners {
		l.Close()
	}
	for _, s := range lost {
		n.tasks.Go(func() { s.end(fault(CodeClosed, nil, "")) })
	}
	for _, s := range sessions {
		s.serving.drain()
	}
	var drained error
	for _, s := range sessions {
		if err := s.serving.wait(ctx); err != nil {
			drained = fault(CodeContext, err, "waiting for running methods ended; their contexts are cancelled")
		}
	}
	n.cancel(fault(CodeClosed, nil, ""))
	var goodbyes sync.WaitGroup // together: each lasts as long as its peer lets it
	for _, s := range sessions {
		goodbyes.Go(s.goodbye)
	}
	goodbyes.Wait()
	n.leases.stop()
	n.roots.clear(n)
	n.pins.stop(n)
	if err := n.awaitTasks(); err != nil {
		return err
	}
	if drained != nil {
		return &Error{Code: CodeContext, Op: "close", Cause: drained}
	}
	return nil
}

// stragglerGrace is how long Shutdown waits for methods to notice that their
// context has ended, before it names them and leaves.
const stragglerGrace = time.Second

// awaitTasks waits for the node's goroutines and, if some method will not end,
// says which.
func (n *Node) awaitTasks() error {
	done := make(chan struct{})
	go func() { // ends with the last task
		n.tasks.Wait()
		close(done)
	}()
	grace := time.NewTimer(stragglerGrace)
	defer grace.Stop()
	select {
	case <-done:
		return nil
	case <-grace.C:
	}
	held := n.holders()
	if len(held) == 0 {
		<-done
		return nil
	}
	return &Error{Code: CodeContext, Op: "close", Cause: reason("still running: " + strings.Join(held, ", ")),
		Hint: "let these methods return when their context ends"}
}

// holders names the methods that still run, also those whose caller is gone.
func (n *Node) holders() (names []string) {
	n.mu.Lock()
	sessions := slices.AppendSeq(n.liveSessions(), maps.Keys(n.ending))
	sessions = slices.AppendSeq(sessions, maps.Values(n.lost))
	n.mu.Unlock()
	for _, s := range sessions {
		names = append(names, s.serving.holders()...)
	}
	return names
}

// liveSessions returns the sessions that are up; n.mu is held.
func (n *Node) liveSessions() []*session {
	all := make([]*session, 0, len(n.sessions))
	for _, s := range n.sessions {
		all = append(all, s)
	}
	return all
}

// spawn runs f in a goroutine that Shutdown waits for. It reports false, and
// does not run f, once the node is closing.
func (n *Node) spawn(f func()) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closing {
		return false
	}
	n.tasks.Go(f)
	return true
}

// errClosing is the error of whatever is begun on a closing node.
func errClosing(op string) error { return &Error{Code: CodeClosed, Op: op} }

// String names the node in logs.
func (n *Node) String() string { return fmt.Sprintf("node %v (incarnation %v)", n.id, n.incarnation) }
