package objects

import (
	"context"
	"time"

	"github.com/netobj/netobj/internal/lifetime"
	"github.com/netobj/netobj/internal/wire"
)

// acks decides when the peer is told which of its answers have come, so that it need
// not keep them (rule C1). Most are told with a later call, many at once. An answer
// with references is told with the next call, or after Config.ReleaseDelay in a message
// of its own: the peer keeps its objects alive for so long. calls.mu guards it.
type acks struct {
	urgent bool          // an answer with references is among those to be told
	armed  bool          // the collector will ask
	since  time.Duration // when it was armed, by the node's clock
	old    int           // answers that had come by then and have not been told
}

// ackBatch is how many answers are told at once with a call. One that has more than
// ackRoom bytes of arguments has a message of its own go before it, so that they need not
// be copied into one piece.
const (
	ackBatch = 32
	ackRoom  = 4 << 10
)

// due reports whether the next call is to tell of answers.
func (a *acks) due(t *lifetime.Calls[flight]) bool {
	n := t.Due()
	return n >= ackBatch || a.urgent && n > 0
}

// take returns the answers to be told on connection c, in ids.
func (a *acks) take(t *lifetime.Calls[flight], c lifetime.Conn, ids []lifetime.CallID) []lifetime.CallID {
	ids = t.Done(c, wire.MaxEntries/4, ids[:0])
	a.old = max(a.old-len(ids), 0)
	a.urgent = a.urgent && t.Due() > 0
	return ids
}

// putBack is for answers that were taken and not told.
func (a *acks) putBack(t *lifetime.Calls[flight], c lifetime.Conn, ids []lifetime.CallID) {
	t.Undone(c, ids)
	a.old += len(ids)
	a.urgent = t.Due() > 0
}

// tellApart tells of answers before a call with so many bytes of arguments, if the call
// itself is not to.
func (c *call) tellApart(ctx context.Context, on *connection, arguments int) error {
	if len(c.acks) == 0 || arguments <= ackRoom {
		return nil
	}
	var m wire.Ack
	for _, id := range c.acks {
		m.IDs = append(m.IDs, uint64(id))
	}
	err := on.Queue(ctx, m.Append(nil), nil)
	if err == nil {
		c.acks = c.acks[:0]
	}
	return err
}

// owe notes that an answer with references has come.
func (t *calls) owe() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acks.urgent = t.table.Due() > 0
	if t.acks.urgent && !t.acks.armed {
		t.arm()
	}
}

// arm has the collector ask in a while; t.mu is held.
func (t *calls) arm() {
	a := &t.acks
	a.armed, a.since, a.old = true, t.s.node.clock(), t.table.Due()
	t.s.imports.collector.schedule(false)
}

// acknowledge tells the answers that are due on a connection, if some of them have been
// so for long, or if references are about to be given back: one that came with an
// answer must not wait for the answer's sake.
func (t *calls) acknowledge(on *connection, releases bool) {
	var m wire.Ack
	for _, id := range t.overdue(on.number, releases) {
		m.IDs = append(m.IDs, uint64(id))
	}
	if len(m.IDs) > 0 {
		on.send(&m)
	}
}

func (t *calls) overdue(c lifetime.Conn, releases bool) (ids []lifetime.CallID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &t.acks
	waited := a.armed && t.s.node.clock()-a.since >= t.s.node.cfg.ReleaseDelay
	if waited && a.old > 0 || releases && a.urgent {
		ids = a.take(t.table, c, nil)
	}
	if waited {
		a.armed = false
	}
	if a.urgent && waited {
		t.arm()
	}
	return ids
}
