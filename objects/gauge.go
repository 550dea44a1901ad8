package objects

import "sync/atomic"

// gauge warns, once in a session, that a limit is nearly used up: while there is
// still time to find out who holds so much.
type gauge struct {
	of     string // the limit
	warned atomic.Bool
}

// note takes note of how much is used; it warns from nine tenths of the limit on.
func (g *gauge) note(s *session, used, limit int) {
	if used >= limit-limit/10 && g.warned.CompareAndSwap(false, true) {
		s.log.Warn("references of one session near their limit; beyond it they are refused",
			"limit", g.of, "used", used, "most", limit)
	}
}
