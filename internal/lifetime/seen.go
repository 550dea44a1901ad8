package lifetime

// seen knows which of the peer's calls have come, by their numbers, which count up:
// those of the last seenWindow exactly, and all older ones as seen. After a break the
// peer learns from it which calls it may send again, and no method is run twice.
type seen struct {
	last CallID   // the highest number
	bits []uint64 // of the window, a ring; nil before the first call
}

// seenWindow is how many numbers are known one by one: twice as many as a peer may
// have open with default limits. A call that is older counts as seen, which is the
// safe side: it is not sent again.
const seenWindow = 1 << 15

// old reports whether call id is too old to be known by itself.
func (s *seen) old(id CallID) bool { return id <= s.last && s.last-id >= seenWindow }

// has reports whether call id has come.
func (s *seen) has(id CallID) bool {
	switch {
	case id > s.last || s.bits == nil:
		return false
	case s.old(id):
		return true
	}
	word, bit := s.place(id)
	return *word&bit != 0
}

// add notes that call id has come. It reports false if it has come before; of one that
// is too old it cannot tell.
func (s *seen) add(id CallID) bool {
	if s.bits == nil {
		s.bits = make([]uint64, seenWindow/64)
	}
	switch {
	case id > s.last && id-s.last >= seenWindow:
		clear(s.bits)
		s.last = id
	case id > s.last:
		for s.last < id {
			s.last++
			s.remove(s.last)
		}
	case s.old(id):
		return true
	}
	word, bit := s.place(id)
	fresh := *word&bit == 0
	*word |= bit
	return fresh
}

// remove takes back that call id has come.
func (s *seen) remove(id CallID) {
	if !s.old(id) {
		word, bit := s.place(id)
		*word &^= bit
	}
}

func (s *seen) place(id CallID) (word *uint64, bit uint64) {
	i := id % seenWindow
	return &s.bits[i/64], 1 << (i % 64)
}
