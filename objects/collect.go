package objects

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"

	"github.com/netobj/netobj/internal/wire"
)

// An owner learns that a reference is no longer used when its holder's garbage
// collector runs, which an idle program lets wait for two minutes. An owner that is
// short of memory, or of what one session may hold, asks its holders to collect. It
// is a request: they obey within a budget.

// throttle lets something pass once in a while.
type throttle struct{ last atomic.Int64 }

// pass reports whether it is time: never, if interval is negative.
func (t *throttle) pass(now, interval time.Duration) bool {
	last := t.last.Load()
	if interval < 0 || last > 0 && now-time.Duration(last) < interval {
		return false
	}
	return t.last.CompareAndSwap(last, max(int64(now), 1))
}

// AskToCollect asks the peers that hold objects of n to run their garbage collectors
// and to give back what they no longer use. Each is asked once in
// Config.CollectInterval at most, and each obeys at its own.
func AskToCollect(n *Node) {
	n.mu.Lock()
	sessions := n.liveSessions()
	n.mu.Unlock()
	for _, s := range sessions {
		s.askToCollect()
	}
}

func (s *session) askToCollect() {
	held := s.node.exports.held(s.id)
	if held > 0 && s.asking.pass(s.node.clock(), s.node.cfg.CollectInterval) {
		s.conn.Load().sendLater(&wire.Pressure{Bytes: heap(), Objects: uint64(held)})
	}
}

// relieve asks the peer to collect if this node is short of something. It is called
// with each heartbeat.
func (s *session) relieve() {
	cfg := s.node.cfg
	if cfg.PressureExports > 0 && s.node.exports.len() > cfg.PressureExports ||
		cfg.PressureMemory > 0 && heap() > uint64(cfg.PressureMemory) {
		s.askToCollect()
	}
}

// heap returns the bytes that the objects of this process take, dead ones included
// that have not been swept.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// receivePressure runs the garbage collector for a peer that asks for it, if there
// is something of it to be found; what is found is given back as ever.
func (s *session) receivePressure(msg []byte) error {
	var m wire.Pressure
	if err := wire.ParsePressure(msg, &m); err != nil {
		return err
	}
	if s.imports.len() == 0 || !s.node.collecting.pass(s.node.clock(), s.node.cfg.CollectInterval) {
		return nil
	}
	s.log.Debug("garbage collection at the peer's request", "bytes", m.Bytes, "objects", m.Objects)
	s.node.spawn(runtime.GC)
	return nil
}
