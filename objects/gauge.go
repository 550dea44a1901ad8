package objects

import "sync/atomic"

// gauge warns that a limit of a session is nearly used up, while there is still time
// to find out who holds so much: once, and again when less than half was used
// meanwhile.
type gauge struct {
	of     string // the limit
	warned atomic.Bool
}

// note takes note of how much is used. From nine tenths of the limit on it warns,
// and reports true.
func (g *gauge) note(s *session, used, limit int) (near bool) {
	if used < limit-limit/10 {
		if used < limit/2 && g.warned.Load() {
			g.warned.Store(false)
		}
		return false
	}
	if g.warned.CompareAndSwap(false, true) {
		s.log.Warn("references of one session near their limit; beyond it they are refused",
			"limit", g.of, "used", used, "most", limit)
	}
	return true
}
