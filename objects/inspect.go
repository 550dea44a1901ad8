package objects

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/netobj/netobj/proxy"
)

// StatePage is a part of a [NodeState], as it travels. Sessions and leases come
// with the first.
type StatePage struct {
	State NodeState
	More  bool // objects follow: exports, then imports
}

// pageRows is how many exports, holders and imports a page has; one more export
// comes with all its holders.
const pageRows = 2000

// maxInspected bounds what is kept of another node's snapshot, in objects.
const maxInspected = 1 << 21

// Inspect returns a [Snapshot] of the node at url, connecting if need be. It comes
// in parts: objects that come and go meanwhile may be missing, or be there twice.
// Errors: [ErrForbidden] if the node does not show it, see [Config]; those of
// [Ping].
func Inspect(ctx context.Context, n *Node, url string) (NodeState, error) {
	s, err := n.connect(ctx, url)
	switch {
	case errors.Is(err, errSelf):
		return Snapshot(n), nil
	case err != nil:
		return NodeState{}, dialError(url, err)
	}
	return s.inspect(ctx, nil)
}

// InspectOwner is [Inspect] for the node that owns object ref. Where ref came
// through another node, that one asks for us, and must itself let us inspect it.
func InspectOwner(ctx context.Context, n *Node, ref *proxy.Ref) (NodeState, error) {
	if r := referenceOf(ref); r != nil {
		return r.await(ctx).s.inspect(ctx, ref)
	}
	return Snapshot(n), nil
}

// inspect puts the pages of the peer's answer together.
func (s *session) inspect(ctx context.Context, owner *proxy.Ref) (NodeState, error) {
	var all NodeState
	for {
		known := len(all.Exports) + len(all.Imports)
		page, err := s.remote.Snapshot(ctx, owner, known)
		if err == nil && known > maxInspected {
			err = fault(CodeLimit, fmt.Errorf("the node holds more than %d objects", maxInspected), "")
		}
		if err != nil {
			return NodeState{}, s.inspectError(err)
		}
		if known == 0 {
			all = page.State
		} else {
			all.Exports = append(all.Exports, page.State.Exports...)
			all.Imports = append(all.Imports, page.State.Imports...)
		}
		if !page.More || len(page.State.Exports)+len(page.State.Imports) == 0 {
			return all, nil
		}
	}
}

// inspectError says who refused what.
func (s *session) inspectError(err error) error {
	if e, ok := err.(*Error); ok && e.Op == "" {
		return &Error{Code: e.Code, Op: "inspect", Peer: s.peer.addr, Outcome: FailedThere, Cause: e.Cause, Hint: e.Hint}
	}
	return err
}

// Snapshot implements PeerService. A forwarder asks the owner.
func (p peerObject) Snapshot(ctx context.Context, owner *proxy.Ref, skip int) (StatePage, error) {
	n := p.s.node
	if !n.cfg.Inspect(p.s.peer.public()) {
		return StatePage{}, fault(CodeForbidden, fmt.Errorf("node %v does not show %s what it holds", n.incarnation, p.s.peer.addr),
			"ask from its own machine, or set its Config.Inspect")
	}
	if r := referenceOf(owner); r != nil {
		return r.await(ctx).s.remote.Snapshot(ctx, owner, skip)
	}
	n.inspecting.Lock() // one at a time: nobody keeps the node busy with this
	defer n.inspecting.Unlock()
	return page(Snapshot(n), skip), nil
}

// page cuts the page that begins after skip objects out of all.
func page(all NodeState, skip int) StatePage {
	if skip > 0 {
		all.Sessions, all.Leases = nil, nil
	}
	skip = max(skip, 0)
	exports := all.Exports[min(skip, len(all.Exports)):]
	imports := all.Imports[min(max(skip-len(all.Exports), 0), len(all.Imports)):]
	rows, n := 0, 0
	for n < len(exports) && rows < pageRows {
		rows += 1 + len(exports[n].Holders)
		n++
	}
	m := min(len(imports), max(pageRows-rows, 0))
	more := n < len(exports) || m < len(imports)
	all.Exports, all.Imports = exports[:n], imports[:m]
	return StatePage{all, more}
}

// onThisMachine is the default of Config.Inspect.
func onThisMachine(p Peer) bool {
	if p.Transport.InMemory || p.Transport.Scheme == "unix" {
		return true
	}
	u, err := url.Parse(p.Transport.Remote)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.Unmap().IsLoopback()
}
