package transport

import "sync"

// turn is a lock that those who wait for it get in the order in which they came. A
// mutex may be taken again by the one who has just released it, which starves the
// others for a millisecond and more. The zero value is free.
type turn struct {
	mu    sync.Mutex // guards what follows
	taken bool
	line  []chan struct{} // each closed when its turn has come
}

// take waits for the turn.
func (t *turn) take() {
	t.mu.Lock()
	if !t.taken {
		t.taken = true
		t.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	t.line = append(t.line, mine)
	t.mu.Unlock()
	<-mine
}

// try takes the turn if it is free.
func (t *turn) try() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken {
		return false
	}
	t.taken = true
	return true
}

// give hands the turn to the next in line.
func (t *turn) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.line) == 0 {
		t.taken = false
		return
	}
	close(t.line[0])
	t.line = t.line[1:]
}
