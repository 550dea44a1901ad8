package objects

import "slices"

// quota is a number of places, of calls or bytes, that the peer has for this
// node's calls. Callers wait in line for them, first come first, so that no call
// is made that the peer would have to refuse. Its owner's lock guards it.
type quota struct {
	limit int64
	used  int64
	line  []*turn
}

// turn is a caller that waits in line.
type turn struct {
	n        int64
	admitted chan struct{} // closed when it has its places, or there will be none
}

// enter takes n places; if it has to wait for them, it returns its turn.
func (q *quota) enter(n int64) *turn {
	if len(q.line) == 0 && q.fits(n) {
		q.used += n
		return nil
	}
	t := &turn{n, make(chan struct{})}
	q.line = append(q.line, t)
	return t
}

// fits reports whether there are n places. One caller alone gets what it asks for.
func (q *quota) fits(n int64) bool { return q.used+n <= q.limit || q.used == 0 }

// take takes n places without waiting, whether they are there or not.
func (q *quota) take(n int64) { q.used += n }

// leave gives n places back.
func (q *quota) leave(n int64) {
	q.used -= n
	q.admit()
}

// admit gives places to those whose turn it is.
func (q *quota) admit() {
	for len(q.line) > 0 && q.fits(q.line[0].n) {
		next := q.line[0]
		q.line = q.line[1:]
		q.used += next.n
		close(next.admitted)
	}
}

// quit ends the turn of a caller that gives up.
func (q *quota) quit(t *turn) {
	if i := slices.Index(q.line, t); i >= 0 {
		q.line = slices.Delete(q.line, i, i+1)
		q.admit() // those behind may ask for less
		return
	}
	q.leave(t.n) // it had its places already
}

// end lets everybody go: there is nothing more to wait for.
func (q *quota) end() {
	for _, t := range q.line {
		close(t.admitted)
	}
	q.line = nil
}
