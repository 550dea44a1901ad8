package objects

import (
	"sync"
	"sync/atomic"
)

// workers are the goroutines that run a session's calls. While calls are ready, a
// worker is on its way to them: it takes the first one and, before it runs the
// method, sends for the next worker, so that no call ever waits for a method that
// blocks. A worker whose method has returned takes the next call itself. Short
// methods thus share few goroutines, whose stacks have grown already; to grow that
// of a goroutine of its own for each call took a sixth of a busy server's time. The
// last worker rests until it is sent for.
//
// serving.mu guards all but the wait group.
type workers struct {
	ready   []*incoming   // calls that have their place, from first on
	first   int           // index of the next
	due     atomic.Int64  // how many; changed with serving.mu held
	coming  bool          // a worker is on its way to ready
	resting bool          // a worker waits for the bell
	ended   bool          // none rests any more
	bell    chan struct{} // sends for the one that rests; capacity 1; closed at the end

	all sync.WaitGroup
}

// add gives a call to the workers; v.mu is held.
func (v *serving) add(in *incoming) {
	w := &v.workers
	if w.first > 0 && len(w.ready) == cap(w.ready) {
		n := copy(w.ready, w.ready[w.first:])
		clear(w.ready[n:])
		w.ready, w.first = w.ready[:n], 0
	}
	w.ready = append(w.ready, in)
	w.due.Add(1)
	v.sendFor()
}

// sendFor sends for a worker, if calls are ready and none is on its way; v.mu is
// held.
func (v *serving) sendFor() {
	w := &v.workers
	switch {
	case w.coming || w.first == len(w.ready):
		return
	case w.resting:
		w.resting = false
		w.bell <- struct{}{}
	default:
		w.all.Go(v.work)
	}
	w.coming = true
}

// work is the life of a worker.
func (v *serving) work() {
	var in *incoming
	defer func() {
		if in != nil { // its method has called runtime.Goexit
			v.done(in)
		}
	}()
	v.arrive()
	for in = v.next(nil); in != nil; in = v.next(in) {
		in.run()
	}
}

// arrive notes that the worker that was sent for is here.
func (v *serving) arrive() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.workers.coming = false
}

// behind reports whether a call is ready that no worker has taken; v.mu is held.
func (w *workers) behind() bool { return w.first < len(w.ready) }

// next finishes the call that the worker has run, if any, and returns another one,
// for which it waits if no other worker does. nil ends the worker.
func (v *serving) next(done *incoming) *incoming {
	v.mu.Lock()
	if done != nil {
		v.finish(done)
	}
	in, more := v.workers.take()
	for in == nil && v.linger() {
		in, more = v.workers.take()
	}
	v.sendFor()
	v.mu.Unlock()
	if in != nil && !more {
		v.s.conn.Load().Flush() // the answers before it; its own may take long
	}
	return in
}

// take returns the call that is next, nil if none is ready, and whether there are
// more.
func (w *workers) take() (in *incoming, more bool) {
	if w.first == len(w.ready) {
		w.ready, w.first = w.ready[:0], 0
		return nil, false
	}
	in = w.ready[w.first]
	w.ready[w.first] = nil
	w.first++
	return in, w.due.Add(-1) > 0
}

// linger waits until the worker is sent for, without v.mu, which is held otherwise;
// false ends it: another one rests already, or the session is over.
func (v *serving) linger() bool {
	w := &v.workers
	if w.resting || w.ended {
		return false
	}
	w.resting = true
	v.mu.Unlock()
	_, sent := <-w.bell
	v.mu.Lock()
	w.coming = false
	return sent
}

// endRest lets the worker that rests go; none will rest again.
func (v *serving) endRest() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.workers.ended = true
	v.workers.resting = false
	close(v.workers.bell)
}

// join waits for the workers of an ended session, and for direct calls.
func (v *serving) join() {
	v.workers.all.Wait()
	v.direct.all.Wait()
}
