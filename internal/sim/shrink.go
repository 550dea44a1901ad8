package sim

import "slices"

// Shrink leaves out steps of a script that fails, as long as it fails without them.
func Shrink(s *Script, fails func(*Script) bool) *Script {
	for size := len(s.Steps) / 2; size > 0; {
		shorter := s.without(size, fails)
		if len(shorter.Steps) == len(s.Steps) || size > len(shorter.Steps) {
			size /= 2
		}
		s = shorter
	}
	return s
}

// without leaves out groups of as many steps, from the last one on, since what comes
// late needs what came before.
func (s *Script) without(size int, fails func(*Script) bool) *Script {
	for end := len(s.Steps); end > 0; end -= size {
		shorter := *s
		shorter.Steps = slices.Concat(s.Steps[:max(end-size, 0)], s.Steps[end:])
		if fails(&shorter) {
			s = &shorter
		}
	}
	return s
}
