package objects

import (
	"maps"
	"slices"
)

// Stats counts what a node holds at one moment. After [Node.Close] every count
// is zero, but for methods that Close left behind and their objects.
type Stats struct {
	Sessions int   // with peers, up
	Leases   int   // of peers whose connection broke, and who may still come back
	Exports  int   // objects of this node that somebody holds, calls or publishes; forwarders included
	Imports  int   // objects of others that this process holds
	Claims   int   // objects that others have introduced and that are being claimed
	Outgoing int   // calls that wait for an answer
	Incoming int   // calls of peers that have not been answered
	Bytes    int64 // that undelivered messages take of Limits.NodeBudget
}

// Stats returns the node's counts.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	sessions, ending := n.liveSessions(), slices.Collect(maps.Keys(n.ending))
	up := len(sessions)
	sessions = slices.AppendSeq(sessions, maps.Values(n.lost))
	n.mu.Unlock()
	stats := Stats{
		Sessions: up,
		Leases:   n.leases.len(),
		Exports:  n.exports.len(),
		Claims:   n.introductions.len(),
		Bytes:    n.budget.Used(),
	}
	for _, s := range sessions {
		stats.Imports += s.imports.len()
		stats.Outgoing += s.calls.len()
		stats.Incoming += s.serving.len()
	}
	for _, s := range ending {
		stats.Incoming += s.serving.len()
	}
	return stats
}

func (l *leases) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down.Len()
}

func (m *imports) len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Len()
}

func (t *calls) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.table.Len()
}

func (v *serving) len() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.inside + len(v.direct.running)
}
