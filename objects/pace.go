package objects

import (
	"log/slog"
	"sync"
	"time"
)

// pace makes a peer pay in time for the work that it causes: it may run up a debt, and
// is refused more while that is too high. Time pays it off.
type pace struct {
	mu   sync.Mutex
	paid time.Duration // when the debt is paid off, by the node's clock
}

// debt returns what is owed.
func (p *pace) debt(now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.paid-now, 0)
}

// charge adds to the debt.
func (p *pace) charge(now, price time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paid = max(p.paid, now) + price
}

// To resume a session is work for this node, of which the peer may have little: it may
// hold many references and have granted many, all of which are stated. So a session
// pays Config.ResumeInterval for each connection that it is resumed on, the same again
// for every resumeStated references that are stated on it, and may owe as much as
// resumeBurst connections cost.
const (
	resumeBurst  = 100
	resumeStated = 50_000
)

// mayResume returns how long it is until the session may be resumed, by either side; 0
// or less: it may now.
func (s *session) mayResume() time.Duration {
	return s.resuming.debt(s.node.clock()) - resumeBurst*max(s.node.cfg.ResumeInterval, 0)
}

// payResume charges the session for being resumed, or for references that are stated.
func (s *session) payResume(connections, stated int) {
	interval := max(s.node.cfg.ResumeInterval, 0)
	s.resuming.charge(s.node.clock(), interval*time.Duration(connections)+interval*time.Duration(stated)/resumeStated)
}

const tooOften = "this session is resumed too often; wait"

// complaints writes to the log what peers did, a line a second in the long run: a peer
// must not fill it.
type complaints struct {
	pace pace
	mu   sync.Mutex
	left int // lines that were left out since the last
}

// complaintBurst is what the lines may be ahead of their time.
const complaintBurst = 20 * time.Second

// complain writes a line, or leaves it out.
func (n *Node) complain(to *slog.Logger, text string, args ...any) {
	c, now := &n.complaints, n.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pace.debt(now) >= complaintBurst {
		c.left++
		return
	}
	c.pace.charge(now, time.Second)
	if c.left > 0 {
		args = append(args, "left_out", c.left)
		c.left = 0
	}
	to.Warn(text, args...)
}
